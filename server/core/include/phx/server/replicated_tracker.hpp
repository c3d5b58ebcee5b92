#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/error.hpp>
#include <phx/core/time.hpp>

#include <phx/server/tracker.hpp>
#include <phx/server/tracker_core.hpp>

namespace phx::server {

/// Bytes for the carrier between nodes. to: name of a replica; empty: every other node.
struct TrackerPacket {
  std::size_t shard = 0;
  std::string to;
  std::string bytes;
};

/// The PubSub topic that packets of one shard travel on.
std::string replication_topic(std::string_view tracker, std::size_t shard);

/// The tracker of one node of several. Topics are spread over `pool_size` machines, the same on all nodes.
///
/// Thread-safe: one mutex for all, so that diffs have one order; track() and list() answer at once, inside handlers of any shard, as
/// Phoenix's do. Presence changes are rare beside messages, and no user code runs under the lock. The carrier's thread feeds packets and
/// time, and sends what comes out. A node on its own (protocol.peers false) needs neither.
class ReplicatedTracker final : public Tracker {
 public:
  struct Options {
    std::string node = "local";
    std::uint64_t vsn = 0;      ///< 0: the wall clock; must be greater than that of any former start
    std::size_t pool_size = 1;  ///< the same on all nodes
    TrackerOptions protocol = {};
    TrackerMessageLimits limits = {};
    std::function<std::uint64_t()> wall_clock_ns = {};  ///< also for the first part of a phx_ref; empty: the system's
  };
  /// first_tick: see TrackerCore.
  explicit ReplicatedTracker(Options options, Instant first_tick = {});
  ~ReplicatedTracker() override;

  void on_diff(Sink sink) override;
  TrackResult track(ActorId actor, std::string_view topic, std::string_view key, const Json& meta) override;
  TrackResult update(ActorId actor, std::string_view topic, std::string_view key, const Json& meta) override;
  std::shared_ptr<const Json> find(ActorId actor, std::string_view topic, std::string_view key) const override;
  void untrack(ActorId actor, std::string_view topic, std::string_view key) override;
  void untrack(ActorId actor) override;
  std::vector<TrackedMeta> list(std::string_view topic) const override;
  std::vector<TrackedMeta> get_by_key(std::string_view topic, std::string_view key) const override;

  /// Errors: those of decode_tracker_message, and bad_envelope for a shard that is not there.
  Result<void> on_packet(std::size_t shard, std::string_view bytes, Instant now, std::vector<TrackerPacket>& out);
  std::optional<Instant> next_deadline() const;
  void on_deadline(Instant now, std::vector<TrackerPacket>& out);
  /// Orderly stop: the others let our presences leave at once.
  void permdown(std::vector<TrackerPacket>& out);

  /// Replicas of other names, of one shard.
  std::vector<TrackerReplicas::Replica> replicas(std::size_t shard = 0) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::server
