#include "logging.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>

namespace phx::app {

using namespace server;

namespace {

auto microseconds(Duration d) { return std::chrono::duration_cast<std::chrono::microseconds>(d).count(); }

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// Topics are the clients' text: control characters must not forge a line.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 200)) out += static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' ? '?' : c;
  return out + '"';
}

}  // namespace

LogObserver::LogObserver(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("phx-server", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z [%l] %v");
  logger->set_level(spdlog::level::from_str(level == "error" ? "err" : level == "warning" ? "warn" : level));
  spdlog::set_default_logger(std::move(logger));
}

void LogObserver::socket_connected(const SocketConnected& e) {
  spdlog::info("{} handler={} transport={} serializer={} us={}", e.ok ? "connected" : "refused connection", e.handler, e.transport,
               e.serializer, microseconds(e.duration));
}

void LogObserver::channel_joined(const ChannelJoined& e) {
  if (!spdlog::should_log(spdlog::level::info)) return;
  spdlog::info("{} topic={} transport={} us={}", e.ok ? "joined" : "refused join", quoted(e.topic), e.transport, microseconds(e.duration));
}

void LogObserver::channel_handled_in(const ChannelHandledIn& e) {
  if (!spdlog::should_log(spdlog::level::debug)) return;
  spdlog::debug("handled event={} topic={} us={}", quoted(e.event), quoted(e.topic), microseconds(e.duration));
}

void LogObserver::socket_drain(const SocketDrain& e) {
  spdlog::info("draining count={} total={} round={}/{}", e.count, e.total, e.index, e.rounds);
}

void LogObserver::log(const LogEvent& e) {
  if (!spdlog::should_log(level_of(e.level))) return;
  spdlog::log(level_of(e.level), "{} topic={} detail={}", e.what, quoted(e.topic), quoted(e.detail));
}

}  // namespace phx::app
