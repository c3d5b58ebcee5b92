// Binary V2 frames, from a client and from a server.
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/json_text.hpp>
#include <phx/core/serializer.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::core;

namespace {

MessageView message_of(const EnvelopeView& view, MessageView::Kind kind) {
  MessageView message{.kind = kind, .join_ref = view.join_ref, .ref = view.ref, .topic = view.topic, .event = view.event};
  message.status = view.status;
  message.payload = view.payload;
  message.payload_kind = view.payload_kind;
  return message;
}

void check_view(const EnvelopeView& view) {
  PHX_INVARIANT(view.payload_kind == PayloadKind::binary);
  PHX_INVARIANT(!check_json(view.join_ref) && !check_json(view.ref) && !check_json(view.topic_token));
  PHX_INVARIANT(is_utf8(view.topic) && is_utf8(view.event) && is_utf8(view.status));
}

/// decode -> encode gives the same bytes.
void round_trip(std::string_view frame, const EnvelopeView& view, MessageView::Kind kind) {
  std::string out;
  PHX_INVARIANT(too_long_field(message_of(view, kind)).empty());
  PHX_INVARIANT(v2_serializer().encode(message_of(view, kind), out) == Opcode::binary);
  PHX_INVARIANT(out == frame);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Kind = MessageView::Kind;
  const std::string_view frame(reinterpret_cast<const char*>(data), size);
  EnvelopeScratch scratch;
  if (const auto view = v2_serializer().decode_client(Opcode::binary, frame, scratch)) {
    PHX_INVARIANT(frame[0] == 0);
    check_view(*view);
    round_trip(frame, *view, Kind::client_push);
  }
  if (const auto view = v2_serializer().decode_server(Opcode::binary, frame, scratch)) {
    PHX_INVARIANT(frame[0] >= 0 && frame[0] <= 2);
    check_view(*view);
    round_trip(frame, *view, frame[0] == 0 ? Kind::push : frame[0] == 1 ? Kind::reply : Kind::broadcast);
    std::string status;
    PHX_INVARIANT(read_reply(*view, status).has_value() == (frame[0] == 1));
  }
  return 0;
}
