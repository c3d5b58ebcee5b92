#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/cli/exit_code.hpp>

namespace phx::cli {

/// Programs `phx-WORD` beside phx itself or on PATH, in this order: `phx WORD` runs them.
std::vector<std::string> plugin_words();
std::optional<std::filesystem::path> find_plugin(std::string_view word);

/// Becomes that program, with the arguments from args[1] on: signals, output and exit code are its own. Returns only when that cannot be
/// (told on stderr).
ExitCode run_plugin(const std::filesystem::path& program, const std::vector<std::string>& args);

}  // namespace phx::cli
