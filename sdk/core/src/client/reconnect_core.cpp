#include <phx/core/client/reconnect_core.hpp>

#include <phx/core/ws/close_code.hpp>

#include <algorithm>

namespace phx::core {
namespace {

const LossRule* rule_for(const CloseEvent& event, const RefusalPolicy& refusals) noexcept {
  const auto matches = [&](const LossRule& rule) {
    return (rule.http_status != 0 && rule.http_status == event.http_status) ||
           (rule.code != 0 && rule.code == event.code && event.http_status == 0);
  };
  const auto found = std::ranges::find_if(refusals.rules, matches);
  return found == refusals.rules.end() ? nullptr : &*found;
}

bool refuses_credentials(const CloseEvent& event) noexcept {
  return event.http_status == 401 || event.http_status == 403 || event.code == ws::close_code::policy_violation;
}

}  // namespace

ReconnectCore::Plan ReconnectCore::on_lost(const CloseEvent& event, const Policy& policy, Jitter& jitter, Instant now) {
  return within_limits(classify(event, policy, jitter), policy, now);
}

ReconnectCore::Plan ReconnectCore::on_heartbeat_timeout(const Policy& policy, Jitter& jitter, Instant now) {
  return within_limits(retry(policy, jitter, ReconnectWhy::heartbeat_timeout), policy, now);
}

ReconnectCore::Plan ReconnectCore::within_limits(Plan plan, const Policy& policy, Instant now) {
  const ReconnectLimits& limits = policy.reconnect_limits;
  lost_since_ = std::min(lost_since_, now);
  const bool spent = limits.attempts != 0 && attempts_ >= limits.attempts;
  const bool late = limits.time != Duration::zero() && now + plan.delay > lost_since_ + limits.time;
  if (!plan.terminal && (spent || late)) plan.terminal = Errc::gave_up;
  if (plan.terminal) {
    reset();
    terminal_ = true;
  } else {
    at_ = now + plan.delay;
  }
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

ReconnectCore::Plan ReconnectCore::refused(const Policy& policy, Jitter& jitter) {
  if (refusals_ == 0) {
    refusals_ = 1;
    return retry(policy, jitter, ReconnectWhy::refused);
  }
  if (policy.refusals.unauthorized_final) return {.terminal = Errc::unauthorized, .why = ReconnectWhy::refused};
  return {.delay = policy.reconnect.cap(), .why = ReconnectWhy::refused};
}

ReconnectCore::Plan ReconnectCore::classify(const CloseEvent& event, const Policy& policy, Jitter& jitter) {
  const RefusalPolicy& refusals = policy.refusals;
  if (!refusals.classify) return retry(policy, jitter, ReconnectWhy::connection_lost);
  if (const LossRule* rule = rule_for(event, refusals)) {
    switch (rule->then) {
      case AfterLoss::retry: return retry(policy, jitter, ReconnectWhy::connection_lost);
      case AfterLoss::refresh: return refused(policy, jitter);
      case AfterLoss::give_up: return {.terminal = Errc::gave_up, .why = ReconnectWhy::refused};
    }
  }
  if (refuses_credentials(event)) return refused(policy, jitter);
  if ((event.http_status == 429 || event.http_status == 503) && event.retry_after)
    return {.delay = std::min(*event.retry_after, refusals.retry_after_max), .why = ReconnectWhy::retry_after};
  if (event.code == ws::close_code::service_restart)
    return {.delay = jitter.between(refusals.restart_min, refusals.restart_max), .why = ReconnectWhy::server_restart};
  if (event.code == ws::close_code::try_again_later)
    return {.delay = jitter.between(refusals.overload_min, refusals.overload_max), .why = ReconnectWhy::server_overload};
  return retry(policy, jitter, ReconnectWhy::connection_lost);
}

}  // namespace phx::core
