#pragma once

#include <string>
#include <utility>

#include <phx/core/envelope.hpp>
#include <phx/core/error.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::client {

using core::PayloadKind;

/// JSON text that is sent as it stands.
struct RawJson {
  std::string text;
};

/// A binary payload (needs protocol 2.0.0).
struct Bytes {
  std::string data;
};

/// What a message carries: JSON text, not parsed until somebody looks, or bytes. A value.
class Payload {
 public:
  Payload() = default;         ///< {}
  Payload(const Json& value);  ///< throws std::invalid_argument for a value with no JSON form
  Payload(RawJson json);       ///< throws std::invalid_argument when it is no JSON
  Payload(Bytes bytes) noexcept;
  /// What came from the peer; not checked until json().
  static Payload received(PayloadKind kind, std::string_view text) { return Payload(kind, std::string(text)); }

  PayloadKind kind() const noexcept { return kind_; }
  bool is_binary() const noexcept { return kind_ == PayloadKind::binary; }
  /// JSON text, or the bytes.
  const std::string& text() const noexcept { return text_; }
  /// Include <phx/core/json.hpp> to look inside. Errors: bad_json, also for bytes.
  Result<Json> json() const;

  bool operator==(const Payload&) const = default;

 private:
  Payload(PayloadKind kind, std::string text) noexcept : kind_(kind), text_(std::move(text)) {}

  PayloadKind kind_ = PayloadKind::json;
  std::string text_ = "{}";
};

/// One received message.
struct Message {
  std::string topic;
  std::string event;
  Payload payload;
  std::string ref = "null";       ///< raw JSON token
  std::string join_ref = "null";  ///< raw JSON token; for handlers of a channel its own when the message had none

  Result<Json> json() const;
  bool operator==(const Message&) const = default;
};

/// The server's answer. A refusal is an answer too: look at status.
struct Reply {
  std::string status;
  Payload response;

  bool ok() const noexcept { return status == "ok"; }
  Result<Json> json() const;
  bool operator==(const Reply&) const = default;
};

}  // namespace phx::client
