// What waits for a channel: in which order it is handled, and what becomes of too much.
#include <algorithm>
#include <string>
#include <utility>

#include <phx/server/shard.hpp>

#include "channel_actor.hpp"
#include "channels_session.hpp"

namespace phx::server::detail {

namespace {

/// Messages of one mailbox in a row, before the others of the shard get their turn.
constexpr int mailbox_share = 64;

}  // namespace

void ChannelActor::enqueue(Call* call) {
  if (state_ == State::ended || state_ == State::closing) return table_.calls().give_back(call);
  if (mailbox_tail_)
    mailbox_tail_->next = call;
  else
    mailbox_head_ = call;
  mailbox_tail_ = call;
  count_waiting(*call);
  schedule();
}

std::size_t ChannelActor::weight(const Call& call) noexcept { return call.payload.raw().size() + call.event.size() + call.ref.size(); }

/// A client that sends faster than its channel works is not read any more; a channel that others flood ends.
void ChannelActor::count_waiting(const Call& call) {
  auto& stats = shard().stats();
  ++stats.mailbox_now;
  stats.mailbox_longest = std::max<std::uint64_t>(stats.mailbox_longest, ++waiting_);
  const auto& limits = session_->mailbox;
  if (waiting_ > limits.messages && !std::exchange(overflows_, true)) shard().defer([self = ActorRef(this)] { self->overflow(); });
  if (call.kind != Call::Kind::event) return;
  ++client_messages_;
  client_bytes_ += weight(call);
  const bool full = client_messages_ > limits.client_messages || client_bytes_ > limits.client_bytes;
  if (full && session_->session && !std::exchange(paused_, true)) session_->session->pause_reading();
}

void ChannelActor::count_taken(const Call& call) {
  --waiting_;
  --shard().stats().mailbox_now;
  if (call.kind != Call::Kind::event) return;
  --client_messages_;
  client_bytes_ -= weight(call);
  const auto& limits = session_->mailbox;
  const bool has_room = client_messages_ <= limits.client_messages / 2 && client_bytes_ <= limits.client_bytes / 2;
  if (has_room && std::exchange(paused_, false) && session_->session) session_->session->resume_reading();
}

void ChannelActor::overflow() {
  if (state_ != State::joined) return;
  log(Level::error, "channel killed", "more than " + std::to_string(session_->mailbox.messages) + " messages wait");
  ++shard().stats().channel_crashes;
  exit_killed();  // without terminate: a callback may be suspended
}

void ChannelActor::schedule() {
  if (scheduled_ || call_ || !mailbox_head_ || state_ != State::joined) return;
  scheduled_ = true;
  shard().defer([self = ActorRef(this)] { self->drain(); });
}

void ChannelActor::drain() {
  scheduled_ = false;
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete): as in ActorRef
  for (int n = 0; n < mailbox_share && mailbox_head_ && !call_ && state_ == State::joined; ++n) {
    Call* call = mailbox_head_;
    mailbox_head_ = std::exchange(call->next, nullptr);
    if (!mailbox_head_) mailbox_tail_ = nullptr;
    count_taken(*call);
    start(call);
  }
  schedule();
}

void ChannelActor::on_event(const core::EnvelopeView& message) {
  Call* call = table_.calls().take(Call::Kind::event, message);
  if (idle())
    start(call);
  else
    enqueue(call);
}

void ChannelActor::on_leave(const core::EnvelopeView& message) {
  if (channel_->is_custom()) return on_event(message);
  enqueue(table_.calls().take(Call::Kind::leave, message));
}

void ChannelActor::on_broadcast(const BroadcastPtr& message) {
  Call* call = table_.calls().take(Call::Kind::broadcast);
  call->broadcast = message;
  enqueue(call);
}

void ChannelActor::tell(Info message) {
  Call* call = table_.calls().take(Call::Kind::info);
  call->info.emplace(std::move(message));
  enqueue(call);
}

void ChannelActor::on_transport_closed(const StopReason& reason) {
  registration_.leave();  // its outbox is gone at the end of this turn, while a suspended callback may go on
  Call* call = table_.calls().take(Call::Kind::closed);
  call->reason = reason;
  if (idle())
    start(call);
  else
    enqueue(call);
}

}  // namespace phx::server::detail
