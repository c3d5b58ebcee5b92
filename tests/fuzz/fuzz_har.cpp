// HAR files: whatever is read becomes a capture that converts into everything.
#include <cstdint>
#include <string_view>

#include <phx/scenario/capture_convert.hpp>

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
  PHX_INVARIANT(capture_to_scenario(*capture).starts_with("phxkit_scenario: 1\n"));
  return 0;
}
