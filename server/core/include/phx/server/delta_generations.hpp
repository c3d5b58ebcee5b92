#pragma once

#include <cstddef>
#include <vector>

#include <phx/server/tracker_state.hpp>

namespace phx::server {

/// The latest deltas of everybody, merged, in sizes that grow: who has missed little is sent little.
/// Source: Phoenix.Tracker.DeltaGeneration; spec server.md 8.4.
class DeltaGenerations {
 public:
  /// max_sizes: ascending, of values and cloud ticks.
  explicit DeltaGenerations(std::vector<std::size_t> max_sizes = {100, 1000, 10000}) : max_sizes_(std::move(max_sizes)) {}

  /// Adds a delta to each generation; one that grows too large starts again with what the next smaller one holds. A delta with a gap
  /// changes nothing. A whole state clears them: what they hold no longer adds up to what we know.
  void push(const TrackerDelta& delta);
  void remove_replica(const ReplicaRef& replica);
  /// What brings a replica with these clocks up to what `state` knows: the first generation that reaches from there to here, or all.
  TrackerDelta extract(const TrackerState& state, const ReplicaRef& receiver, const Clocks& known) const;

  const std::vector<TrackerDelta>& generations() const noexcept { return generations_; }

 private:
  std::vector<std::size_t> max_sizes_;
  std::vector<TrackerDelta> generations_;
};

}  // namespace phx::server
