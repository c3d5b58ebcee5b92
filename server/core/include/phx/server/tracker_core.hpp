#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/time.hpp>

#include <phx/server/delta_generations.hpp>
#include <phx/server/tracker_message.hpp>
#include <phx/server/tracker_replicas.hpp>

namespace phx::server {

struct TrackerOptions {
  bool peers = true;  ///< false: a node on its own, without ticks and deltas
  Duration broadcast_period = std::chrono::milliseconds(1500);
  unsigned max_silent_periods = 10;   ///< a heartbeat without news after so many periods
  unsigned clock_sample_periods = 2;  ///< how often to ask those who know more
  Duration down_period = std::chrono::seconds(30);
  Duration permdown_period = std::chrono::minutes(20);
  std::vector<std::size_t> max_delta_sizes = {100, 1000, 10000};
};

/// What to send. to: name of a replica; empty: everybody.
struct TrackerSend {
  std::string to;
  TrackerMessage message;
};

/// What the owner must do after an input; owned and reused by it.
struct TrackerEffects {
  std::vector<TrackerSend> sends;
  std::vector<TopicDiff> diffs;  ///< of what list() shows, one per topic and input
};

/// Keeps the presences of one replica and those of its peers in step.
///
///   tick each broadcast_period: heartbeat if there is news or silence was long; transfer requests; look who is overdue
///   heartbeat in:               sender up, merge its delta, remember its clocks
///   transfer request in:        acknowledgement with a delta generation or the whole state
///
/// Reads no clock, never blocks, calls no user code. One owner at a time. Any message may be lost, late or repeated.
/// Source: Phoenix.Tracker.Shard; spec server.md 8.5.
class TrackerCore {
 public:
  /// first_tick: a random part (0 to 25 %) of the broadcast period, so that nodes started together do not speak together.
  /// Throws std::invalid_argument unless down_period >= 2 * broadcast_period > 0, permdown_period > down_period, clock_sample_periods > 0.
  TrackerCore(ReplicaRef self, TrackerOptions options, Instant first_tick);

  /// False: already tracked.
  bool track(PresenceEntry entry, TrackerEffects& out);
  /// False: no such presence.
  bool update(PresenceEntry entry, TrackerEffects& out);
  void untrack(ActorId actor, std::string_view topic, std::string_view key, TrackerEffects& out);
  void untrack(ActorId actor, TrackerEffects& out);

  void on_message(const TrackerMessage& message, Instant now, TrackerEffects& out);
  std::optional<Instant> next_deadline() const noexcept { return next_tick_; }
  void on_deadline(Instant now, TrackerEffects& out);
  /// Tells the others that this replica will not come back. Ends the ticks.
  void permdown(TrackerEffects& out);

  const TrackerState& state() const noexcept { return state_; }
  const TrackerReplicas& replicas() const noexcept { return replicas_; }
  const DeltaGenerations& generations() const noexcept { return generations_; }

 private:
  void on(const TrackerHeartbeat& message, Instant now, TrackerEffects& out);
  void on(const TransferRequest& message, Instant now, TrackerEffects& out);
  void on(const TransferAck& message, Instant now, TrackerEffects& out);
  void on(const GracefulPermdown& message, Instant now, TrackerEffects& out);
  bool sighted(const ReplicaRef& from, Instant now, TrackerEffects& out);
  void merge(const TrackerDelta& remote, TrackerEffects& out);
  void remove(const ReplicaRef& replica, TrackerEffects& out);
  void send_heartbeat(TrackerEffects& out);
  void request_transfers(TrackerEffects& out);
  void detect_downs(Instant now, TrackerEffects& out);

  TrackerOptions options_;
  TrackerState state_;
  TrackerReplicas replicas_;
  DeltaGenerations generations_;
  std::map<ReplicaRef, Clocks> sampled_;  // what peers said since the last requests
  std::optional<Instant> next_tick_;
  unsigned silent_periods_, sample_countdown_;
  std::uint64_t last_request_ = 0;
};

}  // namespace phx::server
