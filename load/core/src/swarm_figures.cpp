// What a swarm has counted.
#include "swarm_parts.hpp"

#include <algorithm>
#include <utility>

namespace phx::load {

UserCounts Swarm::users() const {
  UserCounts out = gone_;
  for (const User& u : users_)
    if (u.tried || job_.plan.arrivals == 0) out.add(counts_of(u));
  return out;
}

Second Swarm::take_second() {
  Second out = std::move(second_);
  second_ = Second{};
  out.connected = connected_;
  out.joined = joined_;
  return out;
}

void Swarm::measure(Metric m, Duration d) {
  stats().record(m, d);
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

void Swarm::count(Counter c, std::uint64_t n) {
  stats().count(c, n);
  second_.counters[static_cast<std::size_t>(c)] += n;
}

void Swarm::error(ErrorClass c, std::uint64_t n) {
  stats().count(c, n);
  second_.errors += n;
}

void Swarm::lag(Instant planned, Instant now) {
  const Duration late = std::max(Duration::zero(), now - planned);
  measure(Metric::lag, late);
  second_.lag_max_us = std::max(second_.lag_max_us, static_cast<std::uint64_t>(late.count() / 1000));
}

}  // namespace phx::load
