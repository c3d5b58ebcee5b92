#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace phx::core {

/// The opcode of a whole WebSocket message, and how it is told to serializers and raw transports.
enum class Opcode : std::uint8_t { text = 1, binary = 2 };

enum class PayloadKind : std::uint8_t { json, binary };

inline constexpr std::string_view null_token = "null";

/// One received message, borrowed: from the frame, and where a string had escapes from the reader's scratch.
/// Valid until the next read with the same reader. Never stored.
///
/// Refs are raw JSON tokens so that any type is echoed unchanged and `"7"` is not `7`; tokens of strings are canonical
/// (two equal strings have equal tokens, however they were escaped), so comparing refs is comparing text.
struct EnvelopeView {
  std::string_view join_ref = null_token;  ///< raw token; `null` when absent
  std::string_view ref = null_token;       ///< raw token
  std::string_view topic_token;            ///< raw token; a string, or whatever the client sent (golden text_topic_number)
  std::string_view topic;                  ///< decoded; empty when the token is no string
  std::string_view event;                  ///< decoded; empty when the token is no string
  std::string_view payload;                ///< raw JSON text, or bytes
  std::string_view status;                 ///< only a binary V2 reply, read by a client; payload is then the response
  PayloadKind payload_kind = PayloadKind::json;
  bool topic_is_string = true;
  bool event_is_string = true;

  bool has_join_ref() const noexcept { return join_ref != null_token; }
  bool has_ref() const noexcept { return ref != null_token; }
};

/// What a `phx_reply` payload says. Borrowed from the payload.
struct ReplyView {
  std::string_view status;    ///< decoded text
  std::string_view response;  ///< raw JSON text, or bytes of a binary reply
  PayloadKind kind = PayloadKind::json;
};

/// One message to write. Borrowed for the call.
struct MessageView {
  enum class Kind : std::uint8_t {
    client_push,  ///< client to server: all five fields
    push,         ///< server to one client: join_ref, no ref
    reply,        ///< event is phx_reply; `status`, payload is the response
    broadcast,    ///< no refs
  };
  Kind kind = Kind::client_push;
  std::string_view join_ref = null_token;  ///< raw token
  std::string_view ref = null_token;       ///< raw token
  std::string_view topic = {};             ///< decoded text, UTF-8
  std::string_view topic_token = {};       ///< when not empty, written instead of `topic` in text frames
  std::string_view event = {};             ///< decoded text (unused by reply)
  std::string_view status = {};            ///< reply only
  std::string_view payload = "{}";         ///< raw JSON text, trusted; or bytes
  PayloadKind payload_kind = PayloadKind::json;
};

}  // namespace phx::core
