#pragma once

#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include <phx/client.hpp>
#include <phx/core/json.hpp>

#include "stub_server.hpp"

namespace phx::test {

/// The value of a future that must come soon; a test that would hang fails instead.
template <class T>
T get(std::future<T> future) {
  if (future.wait_for(std::chrono::seconds(20)) != std::future_status::ready) throw std::runtime_error("nothing came within 20 s");
  return future.get();
}

/// What callbacks saw, from any thread, in order.
template <class T>
class Seen {
 public:
  void add(T value) {
    const std::scoped_lock lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  /// All values once there are `count`; fails after 20 s.
  std::vector<T> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return values_.size() >= count; }))
      throw std::runtime_error("only " + std::to_string(values_.size()) + " of " + std::to_string(count) + " events came within 20 s");
    return values_;
  }
  std::vector<T> now() {
    const std::scoped_lock lock(mutex_);
    return values_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;
};

/// Reconnects and rejoins at once: the delays are the machines' business.
inline SocketOptions eager() {
  SocketOptions options;
  options.policy.reconnect = core::backoff::fixed(std::chrono::milliseconds(1));
  options.policy.rejoin = core::backoff::fixed(std::chrono::milliseconds(1));
  return options;
}

}  // namespace phx::test
