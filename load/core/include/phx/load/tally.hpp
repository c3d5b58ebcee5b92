#pragma once

#include <vector>

#include <phx/load/statistics.hpp>

namespace phx::load {

/// Counts everything twice: for the stage of the plan, and for the second that goes on. One thread.
class Tally {
 public:
  Tally() : stages_(1) {}

  void enter(std::size_t stage);
  void measure(Metric m, Duration d);
  void count(Counter c, std::uint64_t n = 1);
  void error(ErrorClass c, std::uint64_t n = 1);
  /// How much later than planned something was done.
  void lag(Instant planned, Instant now);

  const std::vector<Stats>& stages() const noexcept { return stages_; }
  /// The increments since the last call, with the levels of now.
  Second take_second(std::uint64_t connected, std::uint64_t joined);

 private:
  std::vector<Stats> stages_;
  std::size_t stage_ = 0;
  Second second_;
};

}  // namespace phx::load
