#pragma once

#include <string>

namespace phx::demo {

/// Where the programs of the story are, and where its report goes (empty: nowhere).
struct Programs {
  std::string server, load, report;
};

/// Tells and checks the story. Throws std::runtime_error at the first thing that does not happen.
void tell(const Programs& programs);

}  // namespace phx::demo
