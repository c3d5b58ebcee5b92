#pragma once

#include <string>
#include <string_view>

#include <phx/core/envelope.hpp>
#include <phx/core/error.hpp>
#include <phx/core/json_text.hpp>

namespace phx::core {

/// Storage for what a decoded message cannot borrow from its frame: unescaped names, canonical refs. Reused; one owner.
class EnvelopeScratch {
 public:
  std::string join_ref, ref, topic, event, status;
};

/// How messages become frames. Stateless, shared, lives for ever. Names and layouts: spec server.md 4, golden v1, v2_*.
class Serializer {
 public:
  virtual ~Serializer() = default;

  virtual std::string_view vsn() const noexcept = 0;           ///< "1.0.0" or "2.0.0", as a client sends it
  virtual std::string_view phoenix_name() const noexcept = 0;  ///< "Phoenix.Socket.V2.JSONSerializer"

  /// A frame from a client. The payload is checked with `limits` (Phoenix closes the sender on bad JSON, 1011).
  /// Errors: bad_envelope, bad_json, binary_unsupported. Cost: no allocation unless a name has escapes.
  /// V2 binary: refs become string tokens, an empty one `""`. Names must be UTF-8: Phoenix fails when it has to write such
  /// a name into a text frame, here the frame is refused (bad_envelope).
  /// V1: JSON is read whatever the opcode (golden v1_binary_frame_json); other bytes are binary_unsupported.
  virtual Result<EnvelopeView> decode_client(Opcode op, std::string_view frame, EnvelopeScratch& scratch,
                                             const JsonLimits& limits = {}) const = 0;

  /// A frame from a server. Its payload is checked too: that costs no more than finding where it ends.
  /// V2 binary: an empty ref is null. Errors: bad_envelope, bad_json, binary_unsupported.
  virtual Result<EnvelopeView> decode_server(Opcode op, std::string_view frame, EnvelopeScratch& scratch) const = 0;

  /// Appends the message body (no WebSocket header) and says which opcode carries it.
  /// Errors: field_too_long (too_long_field says which), binary_unsupported; `out` is then unchanged.
  virtual Result<Opcode> encode(const MessageView& message, std::string& out) const = 0;
};

const Serializer& v1_serializer() noexcept;
const Serializer& v2_serializer() noexcept;

/// The field of a binary V2 message that is over 255 bytes ("join_ref", "ref", "topic", "event", "status"); empty: none.
std::string_view too_long_field(const MessageView& message);

/// Takes apart a `phx_reply` (JSON payload, or the binary form where status is in the envelope).
/// Errors: bad_envelope when the payload is not valid or has no string `status`. A missing response is `null`.
/// `scratch` holds an unescaped status.
Result<ReplyView> read_reply(const EnvelopeView& reply, std::string& scratch);

}  // namespace phx::core
