#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <phx/server/log_lines.hpp>

namespace phx::app {

/// The log of phx-server on stderr: time, level, line. Makes the process's default logger. Thread-safe.
/// level: debug, info, warning or error; filter: words of parameters that are not to be seen.
server::LineLogger::Options log_options(const std::string& level, std::vector<std::string> filter);
void open_log(const std::string& level);
void write_log(server::Level level, std::string_view line);

}  // namespace phx::app
