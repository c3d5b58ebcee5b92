#include <phx/core/client/reconnect_core.hpp>

namespace phx::core {
namespace {

constexpr std::uint16_t close_policy_violation = 1008;
constexpr std::uint16_t close_service_restart = 1012;
constexpr std::uint16_t close_try_again_later = 1013;

bool refuses_credentials(const CloseEvent& event) noexcept {
  return event.http_status == 401 || event.http_status == 403 || event.code == close_policy_violation;
}

}  // namespace

ReconnectCore::Plan ReconnectCore::on_lost(const CloseEvent& event, const Policy& policy, Jitter& jitter, Instant now) {
  const Plan plan = classify(event, policy, jitter);
  if (plan.terminal) {
    reset();
    terminal_ = true;
  } else {
    at_ = now + plan.delay;
  }
  return plan;
}

ReconnectCore::Plan ReconnectCore::on_heartbeat_timeout(const Policy& policy, Jitter& jitter, Instant now) {
  const Plan plan = retry(policy, jitter, ReconnectWhy::heartbeat_timeout);
  at_ = now + plan.delay;
  return plan;
}

void ReconnectCore::fire() noexcept {
  at_ = never;
  ++attempts_;
}

ReconnectCore::Plan ReconnectCore::retry(const Policy& policy, Jitter& jitter, ReconnectWhy why) {
  previous_ = policy.reconnect.delay(attempts_ + 1, previous_, jitter);
  return {.delay = previous_, .why = why};
}

ReconnectCore::Plan ReconnectCore::classify(const CloseEvent& event, const Policy& policy, Jitter& jitter) {
  const RefusalPolicy& refusals = policy.refusals;
  if (!refusals.classify) return retry(policy, jitter, ReconnectWhy::connection_lost);
  if (refuses_credentials(event)) {
    if (refusals_ == 0) {
      refusals_ = 1;
      refresh_ = true;
      return retry(policy, jitter, ReconnectWhy::refused);
    }
    if (refusals.unauthorized_final) return {.terminal = true, .why = ReconnectWhy::refused};
    return {.delay = policy.reconnect.cap(), .why = ReconnectWhy::refused};
  }
  if ((event.http_status == 429 || event.http_status == 503) && event.retry_after)
    return {.delay = *event.retry_after, .why = ReconnectWhy::retry_after};
  if (event.code == close_service_restart)
    return {.delay = jitter.between(refusals.restart_min, refusals.restart_max), .why = ReconnectWhy::server_restart};
  if (event.code == close_try_again_later)
    return {.delay = jitter.between(refusals.overload_min, refusals.overload_max), .why = ReconnectWhy::server_overload};
  return retry(policy, jitter, ReconnectWhy::connection_lost);
}

}  // namespace phx::core
