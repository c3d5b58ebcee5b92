#include <phx/core/client/policy.hpp>

namespace phx::core::compat {

Policy phoenix_js() {
  Policy p;
  p.queue_lifecycle_frames = true;
  p.push_deadline = PushDeadline::from_call_and_resend;
  p.ref_when_buffered = true;
  p.leave_completes_locally = true;
  p.heartbeat.queue_while_not_open = true;
  p.isolate_failures = false;
  p.dead_transport_blocks_connect = true;
  p.drop_stale_transport_events = false;
  p.fail_pushes_when_closed = false;
  p.dispatch_snapshot = false;
  p.stable_after = Duration::zero();
  p.reconnect = backoff::phoenix_js();
  p.rejoin = backoff::phoenix_js_rejoin();
  p.refusals.classify = false;
  p.push_buffer = QueueLimits{};
  p.send_buffer = QueueLimits{};
  p.presence = PresenceLimits::none();
  p.url = UrlPolicy{.parse_endpoint = false, .null_param = NullParam::empty_pair, .omit_empty_lists = false};
  p.fallback = FallbackPolicy{.memory = {}, .primary_retry = {}, .short_lived_opens = 0};
  p.join_again_after_closed = false;
  p.rejoin_on_unmatched_topic = false;
  p.presence_update_event = false;
  p.connect_replaces_reconnect = false;
  p.teardown_looks = true;
  return p;
}

}  // namespace phx::core::compat
