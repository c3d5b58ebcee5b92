#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace phx::cli {

/// SIGTERM, SIGINT and what else the program listens to, blocked in every thread so that only wait() sees them. Make it before anything
/// that starts threads.
class EndSignals {
 public:
  EndSignals(std::initializer_list<int> further = {});
  /// Returns the one that has come.
  int wait() const;
  /// The same, but for so long; none came: nullopt.
  std::optional<int> wait_for(std::chrono::milliseconds limit) const;

 private:
  sigset_t set_;
};

/// The one line of stdout by which a server program says that it is ready: {"listening":{"host","port"}}, and where its metrics are, if it
/// has a port for them: {"listening":{"host","port","metrics_port"}}.
void say_listening(std::string_view host, std::uint16_t port, std::optional<std::uint16_t> metrics_port = {});

}  // namespace phx::cli
