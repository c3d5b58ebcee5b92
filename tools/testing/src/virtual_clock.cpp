#include <phx/testing/virtual_clock.hpp>

#include <stdexcept>
#include <utility>

namespace phx::testing {

VirtualClock::Attachment::Attachment(Attachment&& other) noexcept : clock_(std::exchange(other.clock_, nullptr)), id_(other.id_) {}

VirtualClock::Attachment& VirtualClock::Attachment::operator=(Attachment&& other) noexcept {
  std::swap(clock_, other.clock_);
  std::swap(id_, other.id_);
  return *this;
}

VirtualClock::Attachment::~Attachment() {
  if (clock_ != nullptr) clock_->pieces_.erase(id_);
}

VirtualClock::Attachment VirtualClock::attach(NextDeadline next, OnDeadline run) {
  pieces_.emplace(++last_id_, Piece{std::move(next), std::move(run)});
  return {*this, last_id_};
}

void VirtualClock::settle() {
  constexpr int enough = 10'000'000;  // one-byte delivery of a large message takes as many steps as it has bytes
  for (int i = 0; run_one_due(); ++i) {
    if (i == enough) throw std::logic_error("VirtualClock: something stays due at the same instant for ever");
  }
}

void VirtualClock::advance(Duration by) {
  const Instant target = now_ + by;
  settle();
  for (auto next = next_deadline(); next && *next <= target; next = next_deadline()) {
    now_ = *next;
    settle();
  }
  now_ = target;
}

bool VirtualClock::advance_to_next_deadline(Instant limit) {
  settle();
  const auto next = next_deadline();
  if (!next || *next > limit) return false;
  now_ = *next;
  settle();
  return true;
}

std::optional<Instant> VirtualClock::next_deadline() const {
  std::optional<Instant> earliest;
  for (const auto& [id, piece] : pieces_) {
    const auto next = piece.next();
    if (next && (!earliest || *next < *earliest)) earliest = next;
  }
  return earliest;
}

bool VirtualClock::run_one_due() {
  std::optional<Instant> earliest;
  OnDeadline run;  // a copy: the piece may detach itself while it runs
  for (const auto& [id, piece] : pieces_) {
    const auto next = piece.next();
    if (!next || *next > now_ || (earliest && *next >= *earliest)) continue;
    earliest = next;
    run = piece.run;
  }
  if (run) run(now_);
  return earliest.has_value();
}

}  // namespace phx::testing
