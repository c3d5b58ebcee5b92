#include <phx/server/delta_generations.hpp>

#include <algorithm>
#include <utility>

namespace phx::server {

namespace {

/// Whether a generation has every tick that the receiver lacks and we have. `ours` lists only what both know.
bool bridges(const TrackerDelta& generation, const ReplicaRef& receiver, const Clocks& ours, const Clocks& known) {
  return std::ranges::all_of(ours, [&](const auto& clock) {
    const auto& [replica, here] = clock;
    const auto there = known.find(replica);
    if (replica == receiver || there == known.end() || there->second >= here) return true;
    const auto part = generation.parts.find(replica);
    return part != generation.parts.end() && part->second.range && part->second.range->start <= there->second &&
           part->second.range->end >= here;
  });
}

}  // namespace

void DeltaGenerations::push(const TrackerDelta& delta) {
  if (delta.whole) return generations_.clear();
  if (generations_.empty()) {
    generations_.assign(max_sizes_.size(), delta);
    return;
  }
  const TrackerDelta* smaller = &delta;
  for (std::size_t i = 0; i != generations_.size(); ++i) {
    auto& generation = generations_[i];
    if (merge_deltas(generation, delta) && generation.size() > max_sizes_[i]) generation = *smaller;
    smaller = &generation;
  }
}

void DeltaGenerations::remove_replica(const ReplicaRef& replica) {
  for (auto& generation : generations_) generation.parts.erase(replica);
}

TrackerDelta DeltaGenerations::extract(const TrackerState& state, const ReplicaRef& receiver, const Clocks& known) const {
  const auto ours = state.clocks();
  const auto found = std::ranges::find_if(
      generations_, [&](const TrackerDelta& generation) { return generation.has_news() && bridges(generation, receiver, ours, known); });
  return found == generations_.end() ? state.extract(receiver, known) : server::extract(*found, receiver, known);
}

}  // namespace phx::server
