#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <phx/core/json_fwd.hpp>

#include <phx/server/tracker.hpp>
#include <phx/server/tracker_clock.hpp>

namespace phx::server {

/// One presence. actor: of the replica that tracks it, so the same number means somebody else on another one.
struct PresenceEntry {
  ActorId actor = 0;
  std::string topic, key;
  std::shared_ptr<const Json> meta;
};
using PresencePtr = std::shared_ptr<const PresenceEntry>;

/// The ticks after `start` up to `end` of a replica's own clock.
struct TickRange {
  std::uint64_t start = 0, end = 0;
  bool operator==(const TickRange&) const = default;
};

/// What a delta or a whole state says of one replica. A tag (replica, tick) that is covered and has no value is gone: no tombstones.
struct DeltaPart {
  std::uint64_t context = 0;       ///< whole states only: every tick up to here is covered
  std::optional<TickRange> range;  ///< deltas only: all ticks of the range are in the cloud; none for mere removals seen elsewhere
  Cloud cloud;
  std::map<std::uint64_t, PresencePtr> values;

  bool covers(std::uint64_t tick) const noexcept { return tick <= context || cloud.contains(tick); }
};

/// What one replica tells another: what changed lately, or all it knows.
struct TrackerDelta {
  bool whole = false;
  std::map<ReplicaRef, DeltaPart> parts;

  /// Values and ticks in clouds.
  std::uint64_t size() const noexcept;
  /// Nothing covered but what a context covers.
  bool has_news() const noexcept;
};

/// Unites two deltas in any order; false, and nothing done, where a range of one would leave a gap to the other's.
bool merge_deltas(TrackerDelta& into, const TrackerDelta& from);

/// The parts the receiver can use: of the replicas in its clocks, and not its own.
TrackerDelta extract(const TrackerDelta& from, const ReplicaRef& receiver, const Clocks& known);

/// What a list loses and gains; a new meta of one presence is in both.
struct PresenceChanges {
  std::vector<PresencePtr> joins, leaves;
  bool empty() const noexcept { return joins.empty() && leaves.empty(); }
};

/// A replicated set of presences: a delta-state observed-remove set without tombstones. Each replica numbers its changes with its own
/// clock; who has seen a tick and finds no value for it knows that the value was removed. An add wins over a removal that has not seen it.
/// Source: Phoenix.Tracker.State; spec server.md 8.4. Unlike there, a removed tag stays covered while its clock has gaps, and of two
/// tags of one presence the later wins, so that late or repeated messages neither revive nor silently replace anybody.
/// Pure: no clock, no lock. Move only, for the indexes point into it.
class TrackerState {
 public:
  /// peers: false for a node on its own, which then keeps no delta.
  explicit TrackerState(ReplicaRef self, bool peers = true);
  TrackerState(TrackerState&&) noexcept = default;
  TrackerState& operator=(TrackerState&&) noexcept = default;
  ~TrackerState() = default;

  // --- our own presences ---
  /// nullptr: not tracked here.
  PresencePtr find(ActorId actor, std::string_view topic, std::string_view key) const;
  /// Not tracked yet.
  void join(PresencePtr entry);
  /// The new meta takes the place of the old in the list. Returns the old; nullptr, and nothing done, when there is none.
  PresencePtr update(PresencePtr entry);
  PresencePtr leave(ActorId actor, std::string_view topic, std::string_view key);
  /// All of an actor, in the order of tracking.
  std::vector<PresencePtr> leave(ActorId actor);

  // --- lists: without those of replicas that are down; in the order in which they came to be known ---
  std::vector<PresencePtr> list(std::string_view topic) const;
  /// Also those of replicas that are down.
  std::size_t raw_size() const noexcept;

  // --- other replicas ---
  /// Replicas not marked up before are ignored, those that are down change nothing visible.
  PresenceChanges merge(const TrackerDelta& remote);
  /// All that a receiver with these clocks can use.
  TrackerDelta extract(const ReplicaRef& receiver, const Clocks& known) const;
  /// Without replicas that are down.
  Clocks clocks() const;
  bool has_delta() const noexcept { return delta_.has_news(); }
  /// What changed since the last call.
  TrackerDelta take_delta();
  /// A new replica starts at clock 0; one that was down shows its presences again.
  PresenceChanges replica_up(const ReplicaRef& replica);
  /// Hides its presences.
  PresenceChanges replica_down(const ReplicaRef& replica);
  /// Forgets it and its presences; they leave if it was up.
  PresenceChanges remove_replica(const ReplicaRef& replica);

  const ReplicaRef& self() const noexcept { return self_; }

 private:
  struct Row {
    PresencePtr entry;
    std::uint64_t tick, seat;  // seat: place in the topic's list
  };
  struct Replica {
    std::uint64_t context = 0;
    bool up = true;
    Cloud cloud;
    std::map<std::uint64_t, Row> values;                          // by tick
    std::unordered_map<ActorId, std::vector<const Row*>> actors;  // in the order of seats
    bool covers(std::uint64_t tick) const noexcept { return tick <= context || cloud.contains(tick); }
  };
  struct Seat {
    const Row* row;
    const Replica* owner;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using Topics = std::unordered_map<std::string, std::map<std::uint64_t, Seat>, TextHash, std::equal_to<>>;

  static const Row* find_row(const Replica& replica, ActorId actor, std::string_view topic, std::string_view key);
  static std::vector<PresencePtr> all_of(const Replica& replica);
  void insert(Replica& replica, std::uint64_t tick, PresencePtr entry);
  PresencePtr replace(Replica& replica, std::uint64_t old_tick, std::uint64_t tick, PresencePtr entry);
  PresencePtr erase(Replica& replica, std::uint64_t tick);
  PresencePtr leave_row(const Row& row);
  void accept_joins(const ReplicaRef& ref, Replica& replica, const DeltaPart& part, PresenceChanges& changes);
  void observe_removes(const ReplicaRef& ref, Replica& replica, const DeltaPart& part, PresenceChanges& changes);
  void note_removed(const ReplicaRef& ref, std::uint64_t tick);
  std::uint64_t next_tick();
  void start_delta();

  ReplicaRef self_;
  bool peers_;
  std::map<ReplicaRef, Replica> replicas_;  // the known ones; never moved while they are
  Replica* own_;                            // ours in replicas_
  Topics topics_;
  std::uint64_t seats_ = 0;
  TrackerDelta delta_;
};

}  // namespace phx::server
