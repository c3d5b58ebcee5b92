#include <phx/load/tally.hpp>

#include <algorithm>
#include <utility>

namespace phx::load {

void Tally::enter(std::size_t stage) {
  stage_ = stage;
  if (stages_.size() <= stage) stages_.resize(stage + 1);
}

Second Tally::take_second(std::uint64_t connected, std::uint64_t joined) {
  Second out = std::exchange(second_, Second{});
  out.connected = connected;
  out.joined = joined;
  return out;
}

void Tally::measure(Metric m, Duration d) {
  stages_[stage_].record(m, d);
  const auto cell = [&](Second::Latency which) {
    ++second_.cells[which][Second::cell_of(static_cast<std::uint64_t>(std::max<std::int64_t>(0, d.count())))];
  };
  if (m == Metric::reply)
    cell(Second::reply);
  else if (m == Metric::delivery)
    cell(Second::delivery);
  else if (m == Metric::join)
    cell(Second::join);
}

void Tally::count(Counter c, std::uint64_t n) {
  stages_[stage_].count(c, n);
  second_.counters[static_cast<std::size_t>(c)] += n;
}

void Tally::error(ErrorClass c, std::uint64_t n) {
  stages_[stage_].count(c, n);
  second_.errors += n;
}

void Tally::lag(Instant planned, Instant now) {
  const Duration late = std::max(Duration::zero(), now - planned);
  measure(Metric::lag, late);
  second_.lag_max_us = std::max(second_.lag_max_us, static_cast<std::uint64_t>(late.count() / 1000));
}

}  // namespace phx::load
