#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <phx/core/key_generator.hpp>

/// The few calls into OpenSSL. All throw std::runtime_error when OpenSSL itself fails (out of memory, provider missing).
namespace phx::core::crypto {

std::string hmac(Digest digest, std::string_view key, std::string_view text);

/// In time that depends on the lengths only.
bool equal(std::string_view a, std::string_view b) noexcept;

/// chacha20_poly1305: key 32, nonce 12. aes_gcm: key 16, 24 or 32, nonce 12. The tag has 16 bytes.
enum class Aead { chacha20_poly1305, aes_gcm };
inline constexpr std::size_t aead_nonce_bytes = 12;
inline constexpr std::size_t aead_tag_bytes = 16;

struct Sealed {
  std::string tag;
  std::string ciphertext;
};
Sealed seal(Aead kind, std::string_view key, std::string_view nonce, std::string_view aad, std::string_view message);
/// nullopt: tag, nonce or aad do not belong to this ciphertext and key, or have impossible lengths.
std::optional<std::string> open(Aead kind, std::string_view key, std::string_view nonce, std::string_view aad, const Sealed& sealed);

/// draft-irtf-cfrg-xchacha 2.2. key: 32 bytes; nonce: 16 bytes.
std::string hchacha20(std::string_view key, std::string_view nonce);

}  // namespace phx::core::crypto
