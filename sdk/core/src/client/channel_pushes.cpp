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
  if (!can_push(link)) return buffer(id, request, link, now, out);
  const std::error_code error = transmit(id, request, now + request.timeout.value_or(timeout_), link, out);
  if (error) out.emplace_back(PushFailed{id, id_, error});
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
  if (const std::error_code error = link.send(message, out)) return error;
  link.in_flight.add({.ref = ref, .id = id, .deadline = deadline, .channel = id_});
  link.arm(deadline);
  return {};
}

void ChannelCore::buffer(PushId id, const PushRequest& request, Link& link, Instant now, Effects& out) {
  const Policy& policy = link.policy();
  if (policy.ref_when_buffered) link.refs.next();
  BufferedPush item{.id = id,
                    .timeout = request.timeout.value_or(timeout_),
                    .event = std::string(request.event),
                    .payload = std::string(request.payload),
                    .kind = request.kind};
  if (policy.push_deadline != PushDeadline::from_send) {
    item.deadline = now + item.timeout;
    link.arm(item.deadline);
  }
  buffer_.push(std::move(item), policy.push_buffer, id_, out);
}

void ChannelCore::flush(Link& link, Instant now, Effects& out) {
  const Policy& policy = link.policy();
  for (const BufferedPush& item : buffer_.items()) {
    const Instant deadline = policy.push_deadline == PushDeadline::from_call ? item.deadline : now + item.timeout;
    const PushRequest request{.event = item.event, .payload = item.payload, .kind = item.kind};
    const std::error_code error = transmit(item.id, request, deadline, link, out);
    if (!error) continue;
    if (!policy.isolate_failures) return;  // phoenix.js: the exception leaves the whole buffer to be sent again
    out.emplace_back(PushFailed{item.id, id_, error});
  }
  buffer_.take_all();
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
  for (const BufferedPush& item : buffer_.take_all()) out.emplace_back(PushFailed{item.id, id_, Errc::channel_closed});
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
    out.emplace_back(PushFailed{buffer_.take(i).id, id_, Errc::push_timeout});
  }
  if (join_deadline_ <= now) on_join_timeout(link, now, out);
  if (rejoin_at_ > now) return false;
  rejoin_at_ = never;
  ++rejoin_attempts_;
  return link.open && state_ == ChannelState::errored;
}

}  // namespace phx::core
