#pragma once

#include <string>
#include <vector>

namespace phx::demo {

/// Ten seconds of load by phx-load, in a process of its own: fifty users in one room, one of them speaks. The key lines of its
/// report, which as a whole goes to report_file unless that is empty. Throws std::runtime_error unless every gate passed.
std::vector<std::string> swarm(const std::string& load_program, const std::string& url, const std::string& report_file);

}  // namespace phx::demo
