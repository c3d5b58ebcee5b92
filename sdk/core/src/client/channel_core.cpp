#include <phx/core/client/channel_core.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <phx/core/error.hpp>

#include "client/reply_reason.hpp"

namespace phx::core {

ChannelCore::ChannelCore(ChannelId id, ChannelOptions options, Duration socket_timeout)
    : topic_(std::move(options.topic)),
      params_(std::move(options.params)),
      timeout_(options.timeout.value_or(socket_timeout)),
      id_(id),
      dynamic_params_(options.dynamic_params) {}

void ChannelCore::change(ChannelState to, Effects& out) {
  const ChannelState from = std::exchange(state_, to);
  if (from != to) out.emplace_back(ChannelStateChanged{id_, from, to});
}

// --- join ---

void ChannelCore::require_joinable(const Policy& policy) const {
  if (!joined_once_) return;
  if (policy.join_again_after_closed && state_ == ChannelState::closed) return;
  throw std::logic_error("tried to join multiple times: '" + topic_ + "'. 'join' can only be called once per channel until it has closed");
}

void ChannelCore::join(std::optional<Duration> timeout, Link& link, Instant now, Effects& out) {
  require_joinable(link.policy());
  joined_once_ = true;
  attached_ = true;
  if (timeout) timeout_ = *timeout;
  start_join(link, now, out);
}

void ChannelCore::rejoin(Link& link, Instant now, Effects& out) { start_join(link, now, out); }

void ChannelCore::start_join(Link& link, Instant now, Effects& out) {
  change(ChannelState::joining, out);
  forget_join();
  join_pending_ = true;
  params_ready_ = false;
  join_deadline_ = now + timeout_;
  link.arm(join_deadline_);
  send_join(link, out);
}

void ChannelCore::send_join(Link& link, Effects& out) {
  if (!link.open && !link.policy().queue_lifecycle_frames) return;  // D-1: on_socket_open sends it
  if (dynamic_params_ && !params_ready_) {
    out.emplace_back(NeedJoinParams{id_, ++params_request_});
    return;
  }
  join_ref_ = link.refs.next();
  const RefToken ref(join_ref_);
  link.send_lifecycle({.join_ref = ref.view(), .ref = ref.view(), .topic = topic_, .event = "phx_join", .payload = params_}, out);
}

void ChannelCore::join_params(std::uint32_t request, std::string_view params, Link& link, Effects& out) {
  if (!join_pending_ || join_ref_.present() || request != params_request_) return;  // answers an older question
  params_ = params;
  params_ready_ = true;
  send_join(link, out);
}

void ChannelCore::forget_join() noexcept {
  join_ref_ = Ref{};
  join_pending_ = false;
  join_deadline_ = never;
}

bool ChannelCore::on_socket_open(Link& link, Effects& out) {
  reset_rejoin_timer();
  if (state_ == ChannelState::errored) return true;
  if (join_pending_ && !join_ref_.present()) send_join(link, out);
  return false;
}

void ChannelCore::on_join_reply(const ReplyView& reply, Link& link, Instant now, Effects& out) {
  join_pending_ = false;
  join_deadline_ = never;
  if (reply.status == "ok") {
    reset_rejoin_timer();
    change(ChannelState::joined, out);
    flush(link, now, out);
  } else {
    change(ChannelState::errored, out);
    schedule_rejoin(link, now);
  }
  out.emplace_back(JoinReplied{id_, reply.status, reply.response, reply.kind});
}

void ChannelCore::on_join_timeout(Link& link, Instant now, Effects& out) {
  if (join_ref_.present()) send_leave(link.refs.next(), link, out);
  forget_join();
  change(ChannelState::errored, out);
  schedule_rejoin(link, now);
  out.emplace_back(JoinFailed{id_, Errc::join_timeout});
}

void ChannelCore::schedule_rejoin(Link& link, Instant now) {
  if (!link.open) return;  // the next open rejoins
  rejoin_delay_ = link.policy().rejoin.delay(rejoin_attempts_ + 1, rejoin_delay_, link.env.jitter);
  rejoin_at_ = now + rejoin_delay_;
  link.arm(rejoin_at_);
}

void ChannelCore::reset_rejoin_timer() noexcept {
  rejoin_at_ = never;
  rejoin_attempts_ = 0;
  rejoin_delay_ = Duration::zero();
}

// --- messages ---

bool ChannelCore::accepts(const EnvelopeView& in) const noexcept {
  if (in.topic != topic_) return false;
  return !in.has_join_ref() || (join_ref_.present() && parse_ref(in.join_ref) == join_ref_);
}

void ChannelCore::on_message(const EnvelopeView& in, Link& link, Instant now, Effects& out) {
  if (in.event.starts_with("phx_")) {
    if (in.event == "phx_reply") return on_reply(in, link, now, out);
    if (in.event == "phx_error") return on_error(in.payload_kind, in.payload, link, now, out);
    if (in.event == "phx_close") {
      if (state_ != ChannelState::closed) close(CloseCause::server, link, out);
      return;
    }
  }
  out.emplace_back(ChannelMessage{id_, in.payload_kind, in.event, in.payload, in.ref, in.join_ref});
}

void ChannelCore::on_reply(const EnvelopeView& in, Link& link, Instant now, Effects& out) {
  out.emplace_back(ChannelMessage{id_, in.payload_kind, in.event, in.payload, in.ref, in.join_ref});
  const Ref ref = parse_ref(in.ref);
  const bool to_join = join_pending_ && join_ref_.present() && ref == join_ref_;
  const InFlight* push = to_join ? nullptr : link.in_flight.find(ref);
  if (!to_join && (push == nullptr || push->channel != id_ || push->leave)) return;  // late, or not ours: C6

  const Result<ReplyView> reply = read_reply(in, link.env.status_scratch);
  if (!reply) return;  // no status: nobody can be told; the push times out
  if (to_join) return on_join_reply(*reply, link, now, out);

  const PushId answered_push = link.in_flight.take(ref)->id;
  answered(answered_push);
  out.emplace_back(PushReplied{answered_push, id_, reply->kind, reply->status, reply->response});
  if (link.policy().rejoin_on_unmatched_topic && state_ == ChannelState::joined && says_unmatched_topic(*reply))
    on_error(reply->kind, reply->response, link, now, out);
}

void ChannelCore::on_transport_error(std::string_view payload, Link& link, Instant now, Effects& out) {
  if (state_ == ChannelState::errored) return;  // S6
  on_error(PayloadKind::json, payload, link, now, out);
}

void ChannelCore::on_error(PayloadKind kind, std::string_view payload, Link& link, Instant now, Effects& out) {
  switch (state_) {
    case ChannelState::joining: forget_join(); break;
    case ChannelState::joined:
    case ChannelState::errored: break;  // the server says it again: so is the user told (CH-42)
    case ChannelState::closed:
    case ChannelState::leaving: return;
  }
  change(ChannelState::errored, out);
  schedule_rejoin(link, now);
  out.emplace_back(ChannelErrored{id_, kind, payload});
}

void ChannelCore::close(CloseCause cause, Link& link, Effects& out) {
  reset_rejoin_timer();
  join_pending_ = false;
  join_deadline_ = never;
  change(ChannelState::closed, out);
  attached_ = false;
  out.emplace_back(ChannelClosed{id_, cause});
  if (link.policy().fail_pushes_when_closed) fail_pushes(link, out);
}

// --- leave ---

bool ChannelCore::send_leave(Ref ref, Link& link, Effects& out) {
  const RefToken token(ref);
  const RefToken join_token(join_ref_);
  return link.send_lifecycle({.join_ref = join_token.view(), .ref = token.view(), .topic = topic_, .event = "phx_leave", .payload = "{}"},
                             out);
}

void ChannelCore::leave(PushId id, std::optional<Duration> timeout, CloseCause cause, Link& link, Instant now, Effects& out) {
  bool sent = false;
  Ref ref;
  const bool again = link.policy().leave_completes_locally;  // phoenix.js: whatever the state, also a closed channel tells of it once more
  if (again || state_ != ChannelState::closed) {
    change(ChannelState::leaving, out);
    ref = link.refs.next();
    sent = send_leave(ref, link, out);
  }
  if (again || attached_) close(cause, link, out);
  if (id == PushId::none) return;
  if (sent && !link.policy().leave_completes_locally) {
    const Instant deadline = now + timeout.value_or(timeout_);
    link.in_flight.add({.ref = ref, .id = id, .deadline = deadline, .channel = id_, .leave = true});
    link.arm(deadline);
  } else {
    out.emplace_back(PushReplied{id, id_, PayloadKind::json, "ok", "{}"});  // L1, or the server knows nothing to leave
  }
}

}  // namespace phx::core
