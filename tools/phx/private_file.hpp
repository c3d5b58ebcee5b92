#pragma once

#include <filesystem>
#include <string_view>

namespace phx::cli {

/// $XDG_CONFIG_HOME or ~/.config, $XDG_STATE_HOME or ~/.local/state, and so on, with `phxkit` behind it. Empty: neither variable says where.
std::filesystem::path xdg_folder(const char* variable, std::string_view below_home);

/// Makes the file with mode 0600, and its folders; what was there is replaced as a whole or not at all. Throws Failure(error) that names
/// the path and why.
void write_private_file(const std::filesystem::path& path, std::string_view text);

}  // namespace phx::cli
