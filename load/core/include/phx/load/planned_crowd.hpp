#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <phx/load/crowd.hpp>
#include <phx/load/tally.hpp>
#include <phx/load/wheel.hpp>
#include <phx/scenario/rng.hpp>

namespace phx::load {

/// What all crowds have: the time of their plan, one deadline per user, a queue of those who wait to connect, figures; a beat that tells how
/// late their loop is when nothing else is scheduled.
class PlannedCrowd : public Crowd {
 public:
  PlannedCrowd(const PlannedCrowd&) = delete;
  PlannedCrowd& operator=(const PlannedCrowd&) = delete;

  void on_deadline(Instant now) final;
  std::optional<Instant> next_deadline() const final;
  bool stopped() const noexcept final { return stopped_; }
  const std::vector<Stats>& stages() const noexcept final { return tally_.stages(); }
  Ledger& ledger() noexcept final { return ledger_; }
  Second take_second() final { return tally_.take_second(connected_, joined_); }
  std::uint64_t connected() const noexcept { return connected_; }
  std::uint64_t joined() const noexcept { return joined_; }

 protected:
  PlannedCrowd(SwarmJob job, Wire& wire);

  virtual void on_timer(std::uint32_t user, Instant now) = 0;
  /// The turn of a user who waited in the queue.
  virtual void begin(std::uint32_t user, Instant now) = 0;
  /// What the plan has for nobody in particular: when next, and doing it.
  virtual Instant next_planned() const { return Instant::max(); }
  virtual void on_planned(Instant) {}

  void start_queued(Instant now);
  /// Instant::max(): no deadline.
  void arm_for(std::uint32_t user, Instant next);
  Instant at(Duration offset) const noexcept { return job_.start + offset; }
  Instant end() const noexcept { return at(length_); }

  SwarmJob job_;
  Wire& wire_;
  Duration length_;
  scenario::Rng rng_;
  Tally tally_;
  Ledger ledger_;
  Wheel wheel_;
  std::deque<std::uint32_t> queue_;
  std::size_t opening_ = 0;  // connections in their handshake
  std::uint64_t connected_ = 0, joined_ = 0;
  bool stopped_ = false;

 private:
  void count_beats(Instant now);

  std::vector<std::uint32_t> due_;
  Instant next_beat_;
};

}  // namespace phx::load
