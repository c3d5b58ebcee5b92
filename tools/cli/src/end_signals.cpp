#include <phx/cli/end_signals.hpp>

#include <phx/cli/output.hpp>
#include <phx/core/json.hpp>

namespace phx::cli {

EndSignals::EndSignals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGTERM);
  sigaddset(&set_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

void EndSignals::wait() const {
  int which = 0;
  sigwait(&set_, &which);
}

void say_listening(std::string_view host, std::uint16_t port) {
  Output({.json = true}).data(obj("listening", obj("host", host, "port", port)));
}

}  // namespace phx::cli
