#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include <phx/core/time.hpp>

namespace phx::testing {

/// Time that moves only when a test says so, and drives everything that has deadlines on its way: each due piece runs at exactly
/// its instant, the earliest first, those of one instant in the order they were attached. One thread.
class VirtualClock {
 public:
  using NextDeadline = std::function<std::optional<Instant>()>;
  using OnDeadline = std::function<void(Instant)>;

  /// Ends the driving of one piece. The clock must outlive it.
  class Attachment {
   public:
    Attachment() = default;
    Attachment(Attachment&& other) noexcept;
    Attachment& operator=(Attachment&& other) noexcept;
    ~Attachment();

   private:
    friend class VirtualClock;
    Attachment(VirtualClock& clock, std::uint64_t id) noexcept : clock_(&clock), id_(id) {}
    VirtualClock* clock_ = nullptr;
    std::uint64_t id_ = 0;
  };

  explicit VirtualClock(Instant start = Instant{}) noexcept : now_(start) {}
  VirtualClock(const VirtualClock&) = delete;
  VirtualClock& operator=(const VirtualClock&) = delete;

  Instant now() const noexcept { return now_; }

  /// Drives a piece until the attachment ends. The functions may attach and detach other pieces.
  [[nodiscard]] Attachment attach(NextDeadline next, OnDeadline run);

  /// A machine in the house style whose on_deadline takes the time alone.
  template <class Machine>
    requires requires(Machine& m, Instant t) {
      { m.next_deadline() } -> std::convertible_to<std::optional<Instant>>;
      m.on_deadline(t);
    }
  [[nodiscard]] Attachment attach(Machine& machine) {
    return attach([&machine] { return machine.next_deadline(); }, [&machine](Instant t) { machine.on_deadline(t); });
  }

  /// Runs what is due now, also what that makes due now. Throws std::logic_error when that does not end.
  void settle();

  /// Settles, then moves to now + by, stopping at every deadline on the way.
  void advance(Duration by);

  /// Settles, then moves to the next deadline and runs it; false when there is none up to `limit`: then time stands still.
  bool advance_to_next_deadline(Instant limit = Instant::max());

 private:
  struct Piece {
    NextDeadline next;
    OnDeadline run;
  };

  std::optional<Instant> next_deadline() const;
  bool run_one_due();

  Instant now_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Piece> pieces_;
};

}  // namespace phx::testing
