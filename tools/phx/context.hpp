#pragma once

#include <string>
#include <vector>

namespace phx::cli {

/// Puts the URL and flags of a context into a command line, before the user's own flags so that those win: of the one that
/// `--context NAME` (or PHX_CONTEXT) names; of the current one (`phx context use`) when a command that connects is given no URL. The
/// first argument of `args` is the command. Any other command line stays as it is. Throws Failure(usage) for a context that is not there.
void expand_context(std::vector<std::string>& args);

}  // namespace phx::cli
