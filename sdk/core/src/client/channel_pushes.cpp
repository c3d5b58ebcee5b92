// The push half of ChannelCore: spec client-semantics 3.7.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <phx/core/client/channel_core.hpp>
#include <phx/core/error.hpp>

namespace phx::core {

void ChannelCore::push(PushId id, const PushRequest& request, Link& link, Instant now, Effects& out) {
  if (!joined_once_) {
    throw std::logic_error("tried to push '" + std::string(request.event) + "' to '" + topic_ +
                           "' before joining. Use join() before pushing events");
  }
  if (state_ == ChannelState::closed && link.policy().fail_pushes_when_closed) {
    out.emplace_back(PushFailed{id, id_, Errc::channel_closed});
    return;
  }
  if (request.delivery == Delivery::latest || request.delivery == Delivery::at_least_once) supersede(request, link, out);
  const bool sendable = can_push(link);
  if (!sendable && request.delivery == Delivery::if_joined) {
    out.emplace_back(PushFailed{id, id_, std::make_error_code(std::errc::not_connected)});
    return;
  }
  if (!sendable || request.delivery == Delivery::at_least_once) return buffer(id, request, link, now, out);
  const std::error_code error = transmit(id, request, now + request.timeout.value_or(timeout_), link, out);
  if (error) out.emplace_back(PushFailed{id, id_, error});
}

/// An older push with this key goes: nobody needs its answer any more.
void ChannelCore::supersede(const PushRequest& request, Link& link, Effects& out) {
  const auto& items = buffer_.items();
  const auto found =
      std::ranges::find_if(items, [&](const BufferedPush& item) { return item.delivery == request.delivery && item.key == request.key; });
  if (found == items.end()) return;
  const PushId old = buffer_.take(static_cast<std::size_t>(found - items.begin())).id;
  link.in_flight.take(old);
  out.emplace_back(PushFailed{old, id_, Errc::cancelled});
}

std::error_code ChannelCore::transmit(PushId id, const PushRequest& request, Instant deadline, Link& link, Effects& out) {
  const Ref ref = link.refs.next();
  const RefToken token(ref);
  const RefToken join_token(join_ref_);
  const MessageView message{.join_ref = join_token.view(),
                            .ref = token.view(),
                            .topic = topic_,
                            .event = request.event,
                            .payload = request.payload,
                            .payload_kind = request.kind};
  if (!link.open) {
    link.send_or_queue(PushId::none, message, out);  // only phoenix.js: see flush
  } else if (const std::error_code error = link.send(message, out)) {
    return error;
  }
  link.in_flight.add({.ref = ref, .id = id, .deadline = deadline, .channel = id_});
  link.arm(deadline);
  return {};
}

void ChannelCore::buffer(PushId id, const PushRequest& request, Link& link, Instant now, Effects& out) {
  const Policy& policy = link.policy();
  const bool again = request.delivery == Delivery::at_least_once;
  const bool sendable = can_push(link);
  if (policy.ref_when_buffered && !sendable) link.refs.next();
  BufferedPush item{.id = id,
                    .timeout = request.timeout.value_or(timeout_),
                    .event = std::string(request.event),
                    .payload = std::string(request.payload),
                    .kind = request.kind,
                    .delivery = request.delivery,
                    .suspends = request.suspends,
                    .key = std::string(request.key)};
  if (again) {
    item.deadline = request.until;
    link.arm(item.deadline);
  } else if (policy.push_deadline != PushDeadline::from_send) {
    item.deadline = now + item.timeout;
    link.arm(item.deadline);
  }
  keep(std::move(item), link, out);
  if (!sendable || buffer_.items().empty() || buffer_.items().back().id != id) return;
  const std::error_code error = send_buffered(buffer_.items().back(), link, now, out);
  if (!error) return;
  buffer_.take(buffer_.items().size() - 1);
  out.emplace_back(PushFailed{id, id_, error});
}

/// What has to go to make room (drop_oldest) may have been sent already: its answer is no longer awaited.
void ChannelCore::keep(BufferedPush item, Link& link, Effects& out) {
  const std::size_t before = out.size();
  buffer_.push(std::move(item), link.policy().push_buffer, id_, out);
  for (std::size_t i = before; i < out.size(); ++i) link.in_flight.take(std::get<PushFailed>(out[i]).push);
}

std::error_code ChannelCore::send_buffered(BufferedPush& item, Link& link, Instant now, Effects& out) {
  const bool again = item.delivery == Delivery::at_least_once;
  const bool own_deadline = again || link.policy().push_deadline == PushDeadline::from_call;
  const Instant deadline = own_deadline ? item.deadline : now + item.timeout;
  if (item.sent) link.in_flight.take(item.id);  // the copy that the lost connection took with it
  const PushRequest request{.event = item.event, .payload = item.payload, .kind = item.kind};
  const std::error_code error = transmit(item.id, request, deadline, link, out);
  item.sent = again && !error;
  return error;
}

/// Everything in order: what was sent and not answered came first.
void ChannelCore::flush(Link& link, Instant now, Effects& out) {
  if (!link.open && !link.policy().queue_lifecycle_frames) return;  // joined while the connection closes: the next join flushes (D-1)
  for (BufferedPush& item : buffer_.items()) {
    const std::error_code error = send_buffered(item, link, now, out);
    if (!error) continue;
    if (!link.policy().isolate_failures) return;  // phoenix.js: the exception leaves the whole buffer to be sent again
    out.emplace_back(PushFailed{item.id, id_, error});
  }
  buffer_.retain([](const BufferedPush& item) { return item.sent; });
}

/// Nothing more to send again.
void ChannelCore::answered(PushId id) {
  if (!buffer_.items().empty()) cancel(id);
}

bool ChannelCore::cancel(PushId id) {
  const auto& items = buffer_.items();
  const auto found = std::find_if(items.begin(), items.end(), [id](const BufferedPush& item) { return item.id == id; });
  if (found == items.end()) return false;
  buffer_.take(static_cast<std::size_t>(found - items.begin()));
  return true;
}

void ChannelCore::fail_pushes(Link& link, Effects& out) {
  while (const auto push = link.in_flight.take_of(id_)) out.emplace_back(PushFailed{push->id, id_, Errc::channel_closed});
  for (const BufferedPush& item : buffer_.take_all())
    if (!item.sent) out.emplace_back(PushFailed{item.id, id_, Errc::channel_closed});  // those sent were in flight
}

Instant ChannelCore::deadline() const noexcept {
  Instant at = std::min(join_deadline_, rejoin_at_);
  for (const BufferedPush& item : buffer_.items()) at = std::min(at, item.deadline);
  return at;
}

bool ChannelCore::on_deadline(Link& link, Instant now, Effects& out) {
  for (std::size_t i = 0; i < buffer_.items().size();) {
    if (buffer_.items()[i].deadline > now) {
      ++i;
      continue;
    }
    const BufferedPush due = buffer_.take(i);
    if (!due.sent) out.emplace_back(PushFailed{due.id, id_, Errc::push_timeout});  // of those in flight the socket has told
  }
  if (join_deadline_ <= now) on_join_timeout(link, now, out);
  if (rejoin_at_ > now) return false;
  rejoin_at_ = never;
  ++rejoin_attempts_;
  return link.open && state_ == ChannelState::errored;
}

}  // namespace phx::core
