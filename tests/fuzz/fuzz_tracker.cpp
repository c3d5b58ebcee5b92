// Messages between tracker replicas: what is accepted is written again the same, and merges without harm.
#include <cstdint>
#include <string_view>

#include <phx/server/tracker_core.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = decode_tracker_message(bytes, {.max_bytes = 1 << 16, .max_terms = 10'000});
  if (!message) return 0;
  const auto written = encode_tracker_message(*message);
  const auto again = decode_tracker_message(written);
  PHX_INVARIANT(again && encode_tracker_message(*again) == written);

  TrackerCore core({"self", 1}, {}, {});
  TrackerEffects out;
  core.on_message(TrackerHeartbeat{{"a", 1}, {{{"a", 1}, 5}}, nullptr}, {}, out);
  core.on_message(*message, {}, out);
  const auto rows = core.state().raw_size();
  core.on_message(*message, {}, out);
  PHX_INVARIANT(core.state().raw_size() == rows);  // twice is once
  core.on_deadline({}, out);
  for (const auto& send : out.sends) PHX_INVARIANT(decode_tracker_message(encode_tracker_message(send.message)).has_value());
  return 0;
}
