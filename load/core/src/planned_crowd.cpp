#include <phx/load/planned_crowd.hpp>

#include <algorithm>
#include <utility>

namespace phx::load {
namespace {

constexpr Duration beat = std::chrono::milliseconds(10);

}  // namespace

PlannedCrowd::PlannedCrowd(SwarmJob job, Wire& wire)
    : job_(std::move(job)),
      wire_(wire),
      length_(job_.plan.length()),
      rng_(job_.plan.seed * 1'000'003 + job_.part),
      wheel_(job_.start),
      next_beat_(job_.start + beat) {}

void PlannedCrowd::on_deadline(Instant now) {
  tally_.enter(job_.plan.stage_at(now - job_.start));
  if (!stopped_) count_beats(now);
  on_planned(now);
  due_.clear();
  wheel_.expire(now, due_);
  for (const std::uint32_t user : due_) on_timer(user, now);
  start_queued(now);
  if (now >= end()) stop(now);  // behind what was planned until now
}

std::optional<Instant> PlannedCrowd::next_deadline() const {
  Instant next = std::min(wheel_.next().value_or(Instant::max()), next_planned());
  if (!stopped_) next = std::min({next, end(), next_beat_});
  return next == Instant::max() ? std::nullopt : std::optional(next);
}

/// Users that wait for replies only have no schedule; the beat has one, and those it misses count as well.
void PlannedCrowd::count_beats(Instant now) {
  for (; next_beat_ <= now && next_beat_ < end(); next_beat_ += beat) tally_.lag(next_beat_, now);
}

void PlannedCrowd::start_queued(Instant now) {
  while (!queue_.empty() && opening_ < job_.opening_at_once) {
    const std::uint32_t user = queue_.front();
    queue_.pop_front();
    begin(user, now);
  }
}

void PlannedCrowd::arm_for(std::uint32_t user, Instant next) {
  if (next == Instant::max())
    wheel_.disarm(user);
  else
    wheel_.arm(user, next);
}

}  // namespace phx::load
