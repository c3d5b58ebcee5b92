#include "capture_frames.hpp"

#include <utility>

#include <phx/core/base64.hpp>

namespace phx::scenario {

Json escaped(Json value) {
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 3)) text.insert(at, "\\");
  } else if (value.is_structured()) {
    for (auto& item : value) item = escaped(std::move(item));
  }
  return value;
}

std::string plain_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string text_of(const Json& value) { return plain_text(escaped(value)); }

Json payload_of(const CaptureEvent& frame, const core::Serializer& serializer) {
  const auto payload = frame_payload(frame, serializer);
  if (!payload) return Json::object();
  if (payload->kind == core::PayloadKind::binary) return obj("$binary", core::base64_encode(payload->text));
  return parse_json(payload->text).value_or(Json::object());
}

std::vector<CaptureEvent> channel_frames(const Capture& capture, const CaptureConnections& connections) {
  std::vector<CaptureEvent> out;
  for (CaptureEvent e : capture.events) {
    if (e.kind != CaptureKind::frame) continue;
    describe_frame(e, connections.serializer(e.c));
    if (e.topic && *e.topic != "phoenix" && e.event) out.push_back(std::move(e));
  }
  return out;
}

const CaptureEvent* answer_to(const std::vector<CaptureEvent>& frames, std::size_t i) {
  for (std::size_t j = i + 1; j < frames.size(); ++j) {
    const CaptureEvent& e = frames[j];
    if (e.c != frames[i].c || e.topic != frames[i].topic || e.ref != frames[i].ref) continue;
    if (e.direction == Direction::to_server) return nullptr;  // the ref is used again
    if (e.event == "phx_reply") return &e;
  }
  return nullptr;
}

bool is_plain(const CaptureEvent& e) { return e.direction == Direction::to_client && !e.event->starts_with("phx_"); }

}  // namespace phx::scenario
