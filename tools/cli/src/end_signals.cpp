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

std::optional<int> EndSignals::wait_for(std::chrono::milliseconds limit) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  const timespec time{static_cast<time_t>(seconds.count()), static_cast<long>(std::chrono::nanoseconds(limit - seconds).count())};
  const int which = sigtimedwait(&set_, nullptr, &time);
  return which < 0 ? std::nullopt : std::optional(which);
}

void say_listening(std::string_view host, std::uint16_t port, std::optional<std::uint16_t> metrics_port) {
  Json where = obj("host", host, "port", port);
  if (metrics_port) where["metrics_port"] = *metrics_port;
  Output({.json = true}).data(obj("listening", where));
}

}  // namespace phx::cli
