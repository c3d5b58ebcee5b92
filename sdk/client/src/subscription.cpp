#include <phx/client/subscription.hpp>

#include "callback_queue.hpp"

namespace phx::client {

Subscription::Subscription(std::shared_ptr<detail::CallbackQueue> queue, std::shared_ptr<detail::Slot> slot) noexcept
    : queue_(std::move(queue)), slot_(std::move(slot)) {}

Subscription::~Subscription() { reset(); }

Subscription::Subscription(Subscription&& other) noexcept = default;

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    reset();
    queue_ = std::move(other.queue_);
    slot_ = std::move(other.slot_);
  }
  return *this;
}

void Subscription::reset() {
  if (slot_) queue_->retire(*slot_);
  detach();
}

void Subscription::detach() noexcept {
  slot_.reset();
  queue_.reset();
}

}  // namespace phx::client
