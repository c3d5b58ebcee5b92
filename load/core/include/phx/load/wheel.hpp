#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <phx/core/time.hpp>

namespace phx::load {

/// One deadline per user slot; 16 bytes each, no timer objects. Two levels: 8192 slots of 131 us (1.07 s), then 512 slots of 1.07 s; what
/// is further away waits in the last one and is looked at again. Deadlines are kept exactly: next() is the true earliest one within
/// the first level, and expire() never calls early.
class Wheel {
 public:
  explicit Wheel(Instant origin);

  void resize(std::size_t slots) { nodes_.resize(slots); }
  /// Replaces an earlier deadline of this slot.
  void arm(std::uint32_t slot, Instant due);
  void disarm(std::uint32_t slot) noexcept;
  bool armed(std::uint32_t slot) const noexcept { return nodes_[slot].list != none; }

  /// Nothing is due before this. nullopt: nothing is armed.
  std::optional<Instant> next() const;
  /// Appends every slot that is due to `out`, in the order of their deadlines by slot; they are disarmed then.
  void expire(Instant now, std::vector<std::uint32_t>& out);

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr int tick_shift = 17;
  static constexpr std::uint64_t near_slots = 8192, far_slots = 512;
  struct Node {
    std::uint32_t previous = none, next = none;
    std::int64_t due = 0;  // ns since origin
    std::uint32_t list = none;
  };

  void link(std::uint32_t slot, std::uint32_t list) noexcept;
  void place(std::uint32_t slot) noexcept;
  void cascade();
  void take_list(std::uint32_t list, std::int64_t now, std::vector<std::uint32_t>& out);
  std::uint64_t first_near(std::uint64_t limit) const noexcept;

  Instant origin_;
  std::uint64_t tick_ = 0;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> heads_;  // near, then far
  std::array<std::uint64_t, near_slots / 64> busy_{};
  std::size_t armed_ = 0, near_ = 0;
};

}  // namespace phx::load
