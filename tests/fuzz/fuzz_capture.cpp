// Captures: whole and in two pieces alike; what was read can be written and read again. Masking keeps JSON JSON.
#include <cstdint>
#include <string_view>

#include <phx/core/json_text.hpp>
#include <phx/scenario/capture.hpp>
#include <phx/scenario/mask.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::scenario;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto capture = read_capture(text, {.line = 4096, .events = 64});
  CaptureReader pieces({.line = 4096, .events = 64});
  const auto first = pieces.feed(text.substr(0, size / 2));
  const auto second = pieces.feed(text.substr(size / 2));
  const auto again = pieces.finish();
  PHX_INVARIANT(capture.has_value() == again.has_value());
  PHX_INVARIANT(first.has_value() || !second.has_value());
  if (capture) {
    PHX_INVARIANT(capture->events == again->events);
    std::string out = capture_line(capture->header) + "\n";
    for (const auto& event : capture->events) out += capture_line(event) + "\n";
    const auto read = read_capture(out);
    PHX_INVARIANT(read && read->events.size() == capture->events.size());
    for (auto event : capture->events) {
      if (event.kind != CaptureKind::frame) continue;
      describe_frame(event, serializer_for("2.0.0"));
      PHX_INVARIANT(frame_payload(event, serializer_for("2.0.0")).has_value() || !event.topic || event.topic->empty());
    }
  }
  const bool json = !core::check_json(text);
  PHX_INVARIANT(!json || !core::check_json(mask_text(text)));
  PHX_INVARIANT(mask_url(text).size() + 64 >= masked_text.size());
  return 0;
}
