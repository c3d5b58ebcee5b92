#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <phx/core/time.hpp>

namespace phx::server {

/// One deadline per connection, kept lazily: a deadline that moves away (every received frame does that to the idle time) costs
/// nothing, its owner is asked again when the old one comes. Two pointers and a number per connection, no allocation.
/// Deadlines fire late by up to one tick, never early.
class DeadlineWheel {
 public:
  struct Node {
    Node* previous = nullptr;
    Node* next = nullptr;
    std::uint64_t tick = 0;
  };

  explicit DeadlineWheel(Instant origin, Duration tick = std::chrono::milliseconds(50), std::size_t slots = 2048);
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

  /// Makes sure that node comes up at `due` or before; never later than it would have already.
  void arm(Node& node, Instant due);
  void disarm(Node& node) noexcept;
  /// No node comes up before this. nullopt: none is armed.
  std::optional<Instant> next() const;
  /// Calls expired(node) for every node that is due; it is disarmed then and may be armed again.
  template <class F>
  void expire(Instant now, F&& expired) {
    Node due;
    take_due(now, due);
    while (due.next != &due) {
      Node& node = *due.next;
      unlink(node);
      expired(node);
    }
  }

 private:
  static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  static void link(Node& list, Node& node) noexcept;
  void unlink(Node& node) noexcept;
  void take_due(Instant now, Node& due);
  std::uint64_t earliest() const noexcept;
  std::uint64_t tick_of(Instant at) const noexcept;

  Instant origin_;
  Duration tick_;
  std::vector<Node> slots_;  // heads of circular lists
  std::uint64_t now_tick_ = 0;
  std::uint64_t next_tick_ = none;
  std::size_t armed_ = 0;
};

}  // namespace phx::server
