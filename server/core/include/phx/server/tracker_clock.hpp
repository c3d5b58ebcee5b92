#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace phx::server {

/// One start of one tracker. vsn: greater with every start of the same name.
struct ReplicaRef {
  std::string name;
  std::uint64_t vsn = 0;
  auto operator<=>(const ReplicaRef&) const = default;
};

/// How far each replica's own clock is known without a gap; a missing replica counts as 0.
using Clocks = std::map<ReplicaRef, std::uint64_t>;

/// a knows at least as many replicas, and none of b's clocks is ahead of a's.
bool dominates(const Clocks& a, const Clocks& b) noexcept;

/// The greater clock of each replica of either.
Clocks upper_bound(Clocks a, const Clocks& b);

/// The clocks of those replicas that `known` has too.
Clocks restricted(const Clocks& clocks, const Clocks& known);

/// What one replica says it knows.
struct ReplicaClocks {
  ReplicaRef replica;
  Clocks clocks;
};

/// Adds to a set in which nobody dominates another: drops those the new one dominates, or the new one if the set together dominates it.
/// A replica that knows nothing is not added.
void add_clocks(std::vector<ReplicaClocks>& set, ReplicaClocks added);

/// A set of ticks of one replica's clock, kept as runs: gaps cost memory, ticks do not.
class Cloud {
 public:
  struct Run {
    std::uint64_t first, last;  // both in it
    bool operator==(const Run&) const = default;
  };

  void add(std::uint64_t tick) { add(Run{tick, tick}); }
  void add(Run run);
  void unite(const Cloud& other);
  bool contains(std::uint64_t tick) const noexcept;
  bool empty() const noexcept { return runs_.empty(); }
  /// Number of ticks.
  std::uint64_t size() const noexcept;
  /// Ascending, with a gap between any two.
  std::span<const Run> runs() const noexcept { return runs_; }
  /// Compaction: drops what `context` covers or reaches without a gap; returns how far that is.
  std::uint64_t absorb(std::uint64_t context);

  bool operator==(const Cloud&) const = default;

 private:
  std::vector<Run> runs_;
};

}  // namespace phx::server
