#include <phx/core/client/link.hpp>

#include <string>
#include <utility>

namespace phx::core {

std::error_code Link::send(const MessageView& message, Effects& out) {
  constexpr std::size_t framing = 32;  // quotes, commas, brackets; escapes are rare
  std::string bytes;
  bytes.reserve(message.join_ref.size() + message.ref.size() + message.topic.size() + message.event.size() + message.payload.size() +
                framing);
  const Result<Opcode> opcode = env.config.serializer->encode(message, bytes);
  if (!opcode) return opcode.error();
  out.emplace_back(SendFrame{generation, *opcode, std::move(bytes)});
  return {};
}

bool Link::send_lifecycle(const MessageView& message, Effects& out) {
  if (!open && !policy().queue_lifecycle_frames) return false;
  send_or_queue(PushId::none, message, out);
  return true;
}

void Link::send_or_queue(PushId id, const MessageView& message, Effects& out) {
  if (open) {
    const std::error_code error = send(message, out);
    if (error && id != PushId::none) out.emplace_back(PushFailed{id, ChannelId::none, error});
    return;
  }
  BufferedFrame frame{.id = id,
                      .join_ref = std::string(message.join_ref),
                      .ref = std::string(message.ref),
                      .topic = std::string(message.topic),
                      .event = std::string(message.event),
                      .payload = std::string(message.payload),
                      .kind = message.payload_kind};
  send_buffer.push(std::move(frame), policy().send_buffer, ChannelId::none, out);
}

void Link::flush(Effects& out) {
  for (const BufferedFrame& frame : send_buffer.items()) {
    const std::error_code error = send(frame.view(), out);
    if (!error) continue;
    if (!policy().isolate_failures) return;  // phoenix.js: the exception leaves the whole buffer to be sent again
    if (frame.id != PushId::none) out.emplace_back(PushFailed{frame.id, ChannelId::none, error});
  }
  send_buffer.take_all();
}

}  // namespace phx::core
