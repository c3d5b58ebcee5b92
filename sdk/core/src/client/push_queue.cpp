#include <phx/core/client/push_queue.hpp>

#include <algorithm>
#include <utility>

#include <phx/core/error.hpp>

namespace phx::core {

const InFlight* InFlightPushes::find(Ref ref) const noexcept {
  for (std::size_t i = head_; i < pushes_.size(); ++i)
    if (pushes_[i].ref == ref) return &pushes_[i];
  return nullptr;
}

std::optional<InFlight> InFlightPushes::take(Ref ref) noexcept {
  for (std::size_t i = head_; i < pushes_.size(); ++i)
    if (pushes_[i].ref == ref) return take_at(i);
  return std::nullopt;
}

std::optional<InFlight> InFlightPushes::take(PushId id) noexcept {
  for (std::size_t i = head_; i < pushes_.size(); ++i)
    if (pushes_[i].id == id) return take_at(i);
  return std::nullopt;
}

std::optional<InFlight> InFlightPushes::take_due(Instant now) noexcept {
  for (std::size_t i = head_; i < pushes_.size(); ++i)
    if (pushes_[i].deadline <= now) return take_at(i);
  return std::nullopt;
}

std::optional<InFlight> InFlightPushes::take_of(ChannelId channel) noexcept {
  for (std::size_t i = head_; i < pushes_.size(); ++i)
    if (pushes_[i].channel == channel && !pushes_[i].leave) return take_at(i);
  return std::nullopt;
}

Instant InFlightPushes::earliest() const noexcept {
  Instant at = never;
  for (std::size_t i = head_; i < pushes_.size(); ++i) at = std::min(at, pushes_[i].deadline);
  return at;
}

std::optional<InFlight> InFlightPushes::take_at(std::size_t index) noexcept {
  const InFlight taken = pushes_[index];
  if (index == head_) {
    ++head_;  // the usual case moves nothing
  } else {
    pushes_.erase(pushes_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  if (head_ == pushes_.size()) {
    pushes_.clear();
    head_ = 0;
  } else if (head_ >= 64 && head_ * 2 >= pushes_.size()) {
    pushes_.erase(pushes_.begin(), pushes_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  return taken;
}

MessageView BufferedFrame::view() const noexcept {
  return {.kind = MessageView::Kind::client_push,
          .join_ref = join_ref,
          .ref = ref,
          .topic = topic,
          .event = event,
          .payload = payload,
          .payload_kind = kind};
}

template <class Item>
bool BoundedQueue<Item>::room_for(std::size_t bytes, const QueueLimits& limits) const noexcept {
  return items_.size() < limits.max_count && bytes <= limits.max_bytes && bytes_ <= limits.max_bytes - bytes;
}

template <class Item>
void BoundedQueue<Item>::push(Item item, const QueueLimits& limits, ChannelId channel, Effects& out) {
  const auto refuse = [&](PushId id) {
    if (id != PushId::none) out.emplace_back(PushFailed{id, channel, Errc::queue_full});
  };
  if (limits.on_full == OnFull::drop_oldest) {
    while (!items_.empty() && !room_for(item.bytes(), limits)) refuse(take(0).id);
  }
  const bool waits = limits.on_full == OnFull::wait && item.suspends;
  if (!waits && !room_for(item.bytes(), limits)) return refuse(item.id);
  bytes_ += item.bytes();
  items_.push_back(std::move(item));
}

template <class Item>
Item BoundedQueue<Item>::take(std::size_t index) {
  Item item = std::move(items_[index]);
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(index));
  bytes_ -= item.bytes();
  return item;
}

template <class Item>
std::vector<Item> BoundedQueue<Item>::take_all() noexcept {
  bytes_ = 0;
  return std::exchange(items_, {});
}

template class BoundedQueue<BufferedPush>;
template class BoundedQueue<BufferedFrame>;

}  // namespace phx::core
