#pragma once

#include <string>

namespace phx::demo {

/// Tells and checks the story. Throws std::runtime_error at the first thing that does not happen.
void tell(const std::string& server_program);

}  // namespace phx::demo
