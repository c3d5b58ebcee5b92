#include <phx/cli/end_signals.hpp>

#include <phx/cli/output.hpp>
#include <phx/core/json.hpp>

namespace phx::cli {

EndSignals::EndSignals(std::initializer_list<int> further) {
  sigemptyset(&set_);
  sigaddset(&set_, SIGTERM);
  sigaddset(&set_, SIGINT);
  for (const int signal : further) sigaddset(&set_, signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

int EndSignals::wait() const {
  int which = 0;
  sigwait(&set_, &which);
  return which;
}

void say_listening(std::string_view host, std::uint16_t port) {
  Output({.json = true}).data(obj("listening", obj("host", host, "port", port)));
}

}  // namespace phx::cli
