#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/client/subscription.hpp>

#include "callback_queue.hpp"

namespace phx::client::detail {

template <class... Args>
struct HandlerSlot final : Slot {
  HandlerSlot(const Slot* owner, std::string e, std::function<void(Args...)> h) : Slot(owner), event(std::move(e)), handler(std::move(h)) {}
  void release() noexcept override { handler = nullptr; }

  const std::string event;
  std::function<void(Args...)> handler;
};

/// Who wants to hear of something, in registration order. Spec client-semantics C5, C8; but unlike there a handler that is removed
/// during a dispatch does not run any more, because its owner may be gone.
template <class... Args>
class Handlers {
 public:
  using Function = std::function<void(Args...)>;

  Subscription add(const std::shared_ptr<CallbackQueue>& queue, const Slot* owner, std::string event, Function handler) {
    auto slot = std::make_shared<HandlerSlot<Args...>>(owner, std::move(event), std::move(handler));
    const std::scoped_lock lock(queue->mutex);
    auto slots = std::make_shared<Slots>();
    if (slots_) std::ranges::copy_if(*slots_, std::back_inserter(*slots), [](const auto& s) { return s->active; });
    slots->push_back(slot);
    slots_ = std::move(slots);
    used_.store(true, std::memory_order_release);
    return Subscription(queue, std::move(slot));
  }

  /// From inside a task of the queue.
  void call(CallbackQueue& queue, std::string_view event, Args... args) {
    if (!used()) return;
    std::shared_ptr<const Slots> slots;
    {
      const std::scoped_lock lock(queue.mutex);
      slots = slots_;
    }
    for (const auto& slot : *slots)
      if (slot->event == event) queue.call(*slot, [&] { slot->handler(args...); });
  }

  /// False as long as nobody ever registered: then nothing needs to be copied for them.
  bool used() const noexcept { return used_.load(std::memory_order_acquire); }

 private:
  using Slots = std::vector<std::shared_ptr<HandlerSlot<Args...>>>;

  std::shared_ptr<const Slots> slots_;  // guarded by the queue's mutex; replaced by each add(), so that a dispatch needs no copy
  std::atomic<bool> used_ = false;
};

}  // namespace phx::client::detail
