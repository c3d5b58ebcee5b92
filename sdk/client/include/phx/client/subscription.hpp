#pragma once

#include <memory>
#include <utility>

namespace phx::client {

namespace detail {
class CallbackQueue;
struct Slot;
}  // namespace detail

/// Keeps a handler registered. When reset() or the destructor returns, the handler is not running and never runs again;
/// only from inside a callback of the same socket it does not wait. Movable, empty after a move. Any thread.
class [[nodiscard]] Subscription {
 public:
  Subscription() noexcept = default;
  Subscription(std::shared_ptr<detail::CallbackQueue> queue, std::shared_ptr<detail::Slot> slot) noexcept;
  ~Subscription();
  Subscription(Subscription&& other) noexcept;
  Subscription& operator=(Subscription&& other) noexcept;

  void reset();
  /// Leaves the handler in place for the life of the socket or channel.
  void detach() noexcept;

 private:
  std::shared_ptr<detail::CallbackQueue> queue_;  // with the socket, its channels and other subscriptions
  std::shared_ptr<detail::Slot> slot_;            // with the handler table
};

}  // namespace phx::client
