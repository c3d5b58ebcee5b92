// A scenario file: whatever the bytes are, a scenario or a FileError with a place in that file.
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/json.hpp>
#include <phx/scenario/scenario.hpp>

#include "invariant.hpp"

using namespace phx::scenario;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ScenarioSources sources{.read = [](const std::string& path) -> std::string {
                                  if (path == "part.yaml") return "- wait: 1s\n";
                                  throw FileError({std::make_shared<const std::string>(path), 0, 0}, "no such file");
                                },
                                .env = [](const std::string&) { return std::optional<std::string>("value"); }};
  try {
    const Scenario scenario = parse_scenario(text, "fuzz.yaml", sources);
    PHX_INVARIANT(!scenario.actors.empty());
  } catch (const FileError& e) { PHX_INVARIANT(!e.message().empty() && e.place().file != nullptr); }
  return 0;
}
