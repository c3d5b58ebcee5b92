#include <phx/load/wheel.hpp>

#include <algorithm>
#include <bit>
#include <limits>

namespace phx::load {

Wheel::Wheel(Instant origin) : origin_(origin), heads_(near_slots + far_slots, none) {}

void Wheel::arm(std::uint32_t slot, Instant due) {
  disarm(slot);
  nodes_[slot].due = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(due - origin_).count());
  place(slot);
  ++armed_;
}

void Wheel::disarm(std::uint32_t slot) noexcept {
  Node& node = nodes_[slot];
  if (node.list == none) return;
  if (node.previous != none)
    nodes_[node.previous].next = node.next;
  else
    heads_[node.list] = node.next;
  if (node.next != none) nodes_[node.next].previous = node.previous;
  if (node.list < near_slots) {
    --near_;
    if (heads_[node.list] == none) busy_[node.list / 64] &= ~(std::uint64_t{1} << (node.list % 64));
  }
  node.previous = node.next = node.list = none;
  --armed_;
}

void Wheel::link(std::uint32_t slot, std::uint32_t list) noexcept {
  Node& node = nodes_[slot];
  node.list = list;
  node.previous = none;
  node.next = heads_[list];
  if (node.next != none) nodes_[node.next].previous = slot;
  heads_[list] = slot;
  if (list < near_slots) {
    ++near_;
    busy_[list / 64] |= std::uint64_t{1} << (list % 64);
  }
}

/// What is overdue goes to the current slot.
void Wheel::place(std::uint32_t slot) noexcept {
  const std::uint64_t tick = std::max(tick_, static_cast<std::uint64_t>(nodes_[slot].due) >> tick_shift);
  if (tick - tick_ < near_slots) return link(slot, static_cast<std::uint32_t>(tick % near_slots));
  const std::uint64_t far = std::min(tick / near_slots, tick_ / near_slots + far_slots - 1);
  link(slot, static_cast<std::uint32_t>(near_slots + far % far_slots));
}

/// The far slot whose time begins with tick_ moves to the near ones.
void Wheel::cascade() {
  const auto list = static_cast<std::uint32_t>(near_slots + (tick_ / near_slots) % far_slots);
  std::uint32_t slot = heads_[list];
  heads_[list] = none;
  while (slot != none) {
    const std::uint32_t next = nodes_[slot].next;
    place(slot);
    slot = next;
  }
}

/// Ticks from tick_ to the first busy near slot; `limit` when there is none before that.
std::uint64_t Wheel::first_near(std::uint64_t limit) const noexcept {
  if (near_ == 0) return limit;
  for (std::uint64_t ahead = 0; ahead < limit;) {
    const std::uint64_t at = (tick_ + ahead) % near_slots;
    const std::uint64_t word = busy_[at / 64] >> (at % 64);
    if (word != 0) return std::min<std::uint64_t>(limit, ahead + static_cast<std::uint64_t>(std::countr_zero(word)));
    ahead += 64 - at % 64;
  }
  return limit;
}

std::optional<Instant> Wheel::next() const {
  if (armed_ == 0) return std::nullopt;
  const std::uint64_t ahead = first_near(near_slots);
  std::uint64_t far = 1;
  while (far < far_slots && heads_[near_slots + (tick_ / near_slots + far) % far_slots] == none) ++far;
  const auto far_ns = static_cast<std::int64_t>((tick_ / near_slots + far) * near_slots << tick_shift);
  std::int64_t first = far < far_slots ? far_ns : std::numeric_limits<std::int64_t>::max();
  if (ahead < near_slots) {
    for (std::uint32_t s = heads_[(tick_ + ahead) % near_slots]; s != none; s = nodes_[s].next) first = std::min(first, nodes_[s].due);
  }
  return origin_ + std::chrono::nanoseconds(first);
}

void Wheel::take_list(std::uint32_t list, std::int64_t now, std::vector<std::uint32_t>& out) {
  for (std::uint32_t slot = heads_[list]; slot != none;) {
    const std::uint32_t next = nodes_[slot].next;
    if (nodes_[slot].due <= now) {
      disarm(slot);
      out.push_back(slot);
    }
    slot = next;
  }
}

void Wheel::expire(Instant now, std::vector<std::uint32_t>& out) {
  const std::int64_t ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now - origin_).count();
  if (ns < 0) return;
  const std::uint64_t until = std::max(tick_, static_cast<std::uint64_t>(ns) >> tick_shift);
  const std::size_t begin = out.size();
  while (true) {
    const std::uint64_t boundary = (tick_ / near_slots + 1) * near_slots;
    const std::uint64_t stop = std::min(until, boundary);
    const std::uint64_t at = tick_ + first_near(stop - tick_ + 1);
    if (at <= stop && at < boundary) take_list(static_cast<std::uint32_t>(at % near_slots), ns, out);
    if (at >= until && tick_ == until) break;
    tick_ = std::max(tick_, std::min(at < until ? at + 1 : until, boundary));
    if (tick_ == boundary) cascade();
  }
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
            [&](std::uint32_t a, std::uint32_t b) { return nodes_[a].due < nodes_[b].due; });
}

}  // namespace phx::load
