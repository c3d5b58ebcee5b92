#include <phx/core/client/heartbeat_core.hpp>

namespace phx::core {

void HeartbeatCore::start(Instant now, Duration interval) noexcept {
  pending_ = Ref{};
  missed_ = 0;
  at_ = now + interval;
}

void HeartbeatCore::stop() noexcept { *this = HeartbeatCore{}; }

void HeartbeatCore::sent(Ref ref, Instant deadline) noexcept {
  pending_ = ref;
  at_ = deadline;
}

bool HeartbeatCore::on_reply(Ref ref, Instant now, Duration interval) noexcept {
  if (!pending() || ref != pending_) return false;
  start(now, interval);
  return true;
}

HeartbeatCore::Due HeartbeatCore::on_deadline(Instant now, std::uint32_t max_missed) noexcept {
  if (now < at_) return Due::nothing;
  if (!pending()) return Due::send;
  pending_ = Ref{};
  if (++missed_ < max_missed) return Due::send;
  stop();
  return Due::dead;
}

}  // namespace phx::core
