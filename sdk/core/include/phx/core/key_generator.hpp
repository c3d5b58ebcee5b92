#pragma once

#include <cstddef>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

namespace phx::core {

enum class Digest { sha1, sha256, sha384, sha512 };

struct KeyOptions {
  int iterations = 1000;    ///< at least 1
  std::size_t length = 32;  ///< bytes, at least 1
  Digest digest = Digest::sha256;
  auto operator<=>(const KeyOptions&) const = default;
};

/// PBKDF2-HMAC (RFC 8018). Throws std::invalid_argument for options out of range. Cost: 0.3 ms with the defaults.
std::string pbkdf2(std::string_view secret, std::string_view salt, const KeyOptions& options = {});

/// Derives the keys of one secret_key_base, each once. Safe from any thread; one per application.
/// Source: Plug.Crypto.KeyGenerator; spec server.md 9.1.
class KeyGenerator {
 public:
  /// Throws std::invalid_argument when secret_key_base is shorter than min_bytes; Phoenix.Token asks for 20.
  explicit KeyGenerator(std::string secret_key_base, std::size_t min_bytes = 20);
  ~KeyGenerator();
  KeyGenerator(const KeyGenerator&) = delete;
  KeyGenerator& operator=(const KeyGenerator&) = delete;

  /// salt: one of the application's fixed salts; only so many are kept.
  std::string derive(std::string_view salt, const KeyOptions& options = {}) const;
  /// The same for salts without number (CSRF states): not kept.
  std::string derive_once(std::string_view salt, const KeyOptions& options = {}) const;

  std::size_t secret_bytes() const noexcept { return secret_key_base_.size(); }

 private:
  std::string secret_key_base_;
  mutable std::shared_mutex mutex_;  // guards cache_
  mutable std::map<std::pair<std::string, KeyOptions>, std::string> cache_;
};

}  // namespace phx::core
