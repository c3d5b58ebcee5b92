#pragma once

#include <string>
#include <vector>

namespace phx::demo {

/// Ten seconds of load by phx-load, in a process of its own: fifty users in one room, one of them speaks. The key lines of its report.
/// Throws std::runtime_error unless every gate passed.
std::vector<std::string> swarm(const std::string& load_program, const std::string& url);

}  // namespace phx::demo
