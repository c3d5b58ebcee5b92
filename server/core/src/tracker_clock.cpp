#include <phx/server/tracker_clock.hpp>

#include <algorithm>
#include <utility>

namespace phx::server {

bool dominates(const Clocks& a, const Clocks& b) noexcept {
  if (a.size() < b.size()) return false;
  return std::ranges::all_of(b, [&](const auto& theirs) {
    const auto ours = a.find(theirs.first);
    return (ours == a.end() ? 0 : ours->second) >= theirs.second;
  });
}

Clocks upper_bound(Clocks a, const Clocks& b) {
  for (const auto& [replica, clock] : b) {
    auto& bound = a[replica];
    bound = std::max(bound, clock);
  }
  return a;
}

Clocks restricted(const Clocks& clocks, const Clocks& known) {
  Clocks both;
  for (const auto& entry : clocks)
    if (known.contains(entry.first)) both.emplace_hint(both.end(), entry);
  return both;
}

void add_clocks(std::vector<ReplicaClocks>& set, ReplicaClocks added) {
  if (added.clocks.empty()) return;
  Clocks all;
  for (const auto& known : set) all = upper_bound(std::move(all), known.clocks);
  // In this order: among equals the newest stays, so that our own clocks, added last, take the place of every peer in step with us.
  if (!dominates(added.clocks, all) && dominates(all, added.clocks)) return;
  std::erase_if(set, [&](const ReplicaClocks& known) { return dominates(added.clocks, known.clocks); });
  set.push_back(std::move(added));
}

void Cloud::add(Run run) {
  if (runs_.empty() || runs_.back().last < run.first - 1) {  // the common case: the clock went on
    runs_.push_back(run);
    return;
  }
  // The runs that touch or overlap the new one become one with it.
  const auto begin = std::ranges::lower_bound(runs_, run.first - 1, {}, &Run::last);
  auto end = begin;
  for (; end != runs_.end() && end->first - 1 <= run.last; ++end) {
    run.first = std::min(run.first, end->first);
    run.last = std::max(run.last, end->last);
  }
  if (begin == end) {
    runs_.insert(begin, run);
    return;
  }
  *begin = run;
  runs_.erase(begin + 1, end);
}

void Cloud::unite(const Cloud& other) {
  for (const Run run : other.runs_) add(run);
}

bool Cloud::contains(std::uint64_t tick) const noexcept {
  const auto run = std::ranges::lower_bound(runs_, tick, {}, &Run::last);
  return run != runs_.end() && run->first <= tick;
}

std::uint64_t Cloud::size() const noexcept {
  std::uint64_t ticks = 0;
  for (const Run run : runs_) ticks += run.last - run.first + 1;
  return ticks;
}

std::uint64_t Cloud::absorb(std::uint64_t context) {
  auto run = runs_.begin();
  for (; run != runs_.end() && run->first - 1 <= context; ++run) context = std::max(context, run->last);
  runs_.erase(runs_.begin(), run);
  return context;
}

}  // namespace phx::server
