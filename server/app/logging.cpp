#include "logging.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace phx::app {

using server::Level;

namespace {

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

Level level_named(std::string_view name) {
  if (name == "debug") return Level::debug;
  if (name == "info") return Level::info;
  return name == "warning" ? Level::warning : Level::error;
}

}  // namespace

server::LineLogger::Options log_options(const std::string& level, std::vector<std::string> filter) {
  server::LineLogger::Options options;
  options.level = level_named(level);
  options.filter.words = std::move(filter);
  return options;
}

void open_log(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("phx-server", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z [%l] %v");
  logger->set_level(level_of(level_named(level)));
  spdlog::set_default_logger(std::move(logger));
}

void write_log(Level level, std::string_view line) { spdlog::log(level_of(level), "{}", line); }

}  // namespace phx::app
