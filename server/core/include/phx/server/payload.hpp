#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <phx/core/envelope.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::server {

using core::PayloadKind;

/// What a message carries: JSON text that nobody has looked into yet, or bytes. An immutable, counted value: a copy is a
/// pointer, costs nothing and may cross threads, so keeping a received payload beyond its handler is copying it.
class Payload {
 public:
  Payload() noexcept = default;  ///< the empty object `{}`
  /// Dumps at once. A Json of the binary type becomes bytes. Throws std::invalid_argument for a value without JSON form.
  Payload(const Json& value);  // NOLINT: replies and pushes are written as Json
  Payload(const Payload& other) noexcept;
  Payload(Payload&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
  Payload& operator=(Payload other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~Payload();

  static Payload binary(std::string_view bytes);
  /// text: one valid JSON value; trusted.
  static Payload raw_json(std::string_view text);

  bool is_binary() const noexcept;
  PayloadKind kind() const noexcept { return is_binary() ? PayloadKind::binary : PayloadKind::json; }
  /// The JSON text, or the bytes. Lives as long as this value or a copy.
  std::string_view raw() const noexcept;
  /// Parsed on first use and kept. Bytes are a Json of the binary type. Thread-safe. Include <phx/core/json.hpp> to look inside.
  const Json& json() const;
  /// What a push or a broadcast may carry: an object, or bytes (server.md 4.3).
  bool is_message() const noexcept;

  struct Buffer;  // internal

 private:
  friend class PayloadPool;
  explicit Payload(Buffer* buffer) noexcept : buffer_(buffer) {}
  Buffer* buffer_ = nullptr;
};

}  // namespace phx::server
