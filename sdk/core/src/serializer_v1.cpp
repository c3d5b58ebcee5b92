#include <phx/core/serializer.hpp>

#include "envelope_scanner.hpp"

namespace phx::core {
namespace {

/// vsn 1.x: JSON objects in text frames.
class V1Serializer final : public Serializer {
 public:
  std::string_view vsn() const noexcept override { return "1.0.0"; }
  std::string_view phoenix_name() const noexcept override { return "Phoenix.Socket.V1.JSONSerializer"; }

  Result<EnvelopeView> decode_client(Opcode op, std::string_view frame, EnvelopeScratch& scratch, const JsonLimits& limits) const override {
    return decode(op, frame, scratch, limits);
  }

  Result<EnvelopeView> decode_server(Opcode op, std::string_view frame, EnvelopeScratch& scratch) const override {
    return decode(op, frame, scratch, {});
  }

  Result<Opcode> encode(const MessageView& message, std::string& out) const override {
    if (message.payload_kind == PayloadKind::binary) return failure(Errc::binary_unsupported);
    const bool reply = message.kind == MessageView::Kind::reply;
    out += R"({"event":)";
    append_json_string(out, reply ? "phx_reply" : message.event);
    if (message.kind == MessageView::Kind::client_push && message.join_ref != null_token)
      out.append(R"(,"join_ref":)").append(message.join_ref);
    out += R"(,"payload":)";
    if (reply) out += R"({"response":)";
    out += message.payload;
    if (reply) {
      out += R"(,"status":)";
      append_json_string(out, message.status);
      out += '}';
    }
    out.append(R"(,"ref":)").append(message.kind == MessageView::Kind::broadcast ? null_token : message.ref).append(R"(,"topic":)");
    if (message.topic_token.empty()) {
      append_json_string(out, message.topic);
    } else {
      out += message.topic_token;
    }
    out += '}';
    return Opcode::text;
  }

 private:
  /// The opcode does not matter to Phoenix: JSON in a binary frame is read (golden v1_binary_frame_json).
  static Result<EnvelopeView> decode(Opcode op, std::string_view frame, EnvelopeScratch& scratch, const JsonLimits& limits) {
    auto view = detail::read_object(frame, scratch, limits);
    if (!view && op == Opcode::binary) return failure(Errc::binary_unsupported);
    return view;
  }
};

}  // namespace

const Serializer& v1_serializer() noexcept {
  static const V1Serializer serializer;
  return serializer;
}

}  // namespace phx::core
