#pragma once

#include <csignal>
#include <cstdint>
#include <string_view>

namespace phx::cli {

/// SIGTERM and SIGINT, blocked in every thread so that only wait() sees them. Make it before anything that starts threads.
class EndSignals {
 public:
  EndSignals();
  /// Returns when one has come.
  void wait() const;

 private:
  sigset_t set_;
};

/// The one line of stdout by which a server program says that it is ready: {"listening":{"host","port"}}.
void say_listening(std::string_view host, std::uint16_t port);

}  // namespace phx::cli
