// HAR files: whatever is read becomes a capture that converts into everything.
#include <cstdint>
#include <string_view>

#include <phx/scenario/capture_convert.hpp>
#include <phx/scenario/scenario.hpp>

#include "invariant.hpp"

using namespace phx::scenario;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto capture = capture_from_har({reinterpret_cast<const char*>(data), size});
  if (!capture) {
    PHX_INVARIANT(!capture.error().empty());
    return 0;
  }
  PHX_INVARIANT(capture_from_har(capture_to_har(*capture)).has_value());
  PHX_INVARIANT(capture_to_mock(*capture).starts_with("phxkit_mock: 1\n"));
  const Scenario scenario = parse_scenario(capture_to_scenario(*capture), "fuzz.yaml");  // throws: the converter wrote what nobody reads
  PHX_INVARIANT(!scenario.actors.empty() && !scenario.actors[0].steps.empty());
  return 0;
}
