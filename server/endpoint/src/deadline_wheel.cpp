#include "deadline_wheel.hpp"

#include <algorithm>

namespace phx::server {

DeadlineWheel::DeadlineWheel(Instant origin, Duration tick, std::size_t slots) : origin_(origin), tick_(tick), slots_(slots) {
  for (Node& head : slots_) head.previous = head.next = &head;
}

void DeadlineWheel::arm(Node& node, Instant due) {
  // Beyond the horizon: comes up at the horizon and is armed again.
  const auto wanted = std::clamp(tick_of(due), now_tick_ + 1, now_tick_ + slots_.size() - 1);
  if (node.next) {
    if (node.tick <= wanted) return;
    unlink(node);
  }
  node.tick = wanted;
  link(slots_[wanted % slots_.size()], node);
  ++armed_;
  next_tick_ = std::min(next_tick_, wanted);
}

void DeadlineWheel::disarm(Node& node) noexcept {
  if (node.next) unlink(node);
}

std::optional<Instant> DeadlineWheel::next() const {
  if (armed_ == 0) return std::nullopt;
  return origin_ + tick_ * next_tick_;
}

void DeadlineWheel::take_due(Instant now, Node& due) {
  due.previous = due.next = &due;
  const auto passed = now < origin_ ? 0 : static_cast<std::uint64_t>((now - origin_) / tick_);
  if (passed <= now_tick_) return;
  const auto count = std::min<std::uint64_t>(passed - now_tick_, slots_.size());
  for (std::uint64_t i = 1; armed_ > 0 && i <= count; ++i) {
    Node& head = slots_[(now_tick_ + i) % slots_.size()];
    if (head.next == &head) continue;
    // The whole list moves over, in order.
    head.previous->next = &due;
    head.next->previous = due.previous;
    due.previous->next = head.next;
    due.previous = head.previous;
    head.previous = head.next = &head;
  }
  now_tick_ = passed;
  next_tick_ = earliest();
}

void DeadlineWheel::link(Node& list, Node& node) noexcept {
  node.previous = list.previous;
  node.next = &list;
  list.previous->next = &node;
  list.previous = &node;
}

void DeadlineWheel::unlink(Node& node) noexcept {
  node.previous->next = node.next;
  node.next->previous = node.previous;
  node.previous = node.next = nullptr;
  --armed_;
}

std::uint64_t DeadlineWheel::earliest() const noexcept {
  for (std::uint64_t tick = now_tick_ + 1; tick < now_tick_ + slots_.size(); ++tick) {
    const Node& head = slots_[tick % slots_.size()];
    if (head.next != &head) return tick;
  }
  return none;
}

std::uint64_t DeadlineWheel::tick_of(Instant at) const noexcept {
  if (at <= origin_) return 0;
  return static_cast<std::uint64_t>((at - origin_ + tick_ - Duration(1)) / tick_);
}

}  // namespace phx::server
