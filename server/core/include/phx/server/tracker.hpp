#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json_fwd.hpp>

namespace phx::server {

/// One actor on this node; never used twice.
using ActorId = std::uint64_t;

/// One entry of a topic: somebody is there under a key, and what is known of him; the meta has phx_ref.
struct TrackedMeta {
  std::string key;
  std::shared_ptr<const Json> meta;
};

/// What one change did to one topic: an update has the key in both lists.
struct TopicDiff {
  std::string topic;
  std::vector<TrackedMeta> joins, leaves;
};

enum class TrackError { none, already_tracked, nopresence };

/// phx_ref of the new meta, or why not.
struct TrackResult {
  TrackError error = TrackError::none;
  std::string phx_ref;
  explicit operator bool() const noexcept { return error == TrackError::none; }
};

/// Who is where. Thread-safe. A replicated tracker implements the same calls (server.md 8.4).
class Tracker {
 public:
  /// Told of every diff, in the order of the changes, with the tracker's lock held: note it and return.
  using Sink = std::function<void(const std::shared_ptr<const TopicDiff>&)>;

  virtual ~Tracker() = default;
  virtual void on_diff(Sink sink) = 0;
  virtual TrackResult track(ActorId actor, std::string_view topic, std::string_view key, const Json& meta) = 0;
  /// Replaces the whole meta; the new one gets phx_ref_prev.
  virtual TrackResult update(ActorId actor, std::string_view topic, std::string_view key, const Json& meta) = 0;
  /// The meta of one entry, phx_ref included; null when there is none.
  virtual std::shared_ptr<const Json> find(ActorId actor, std::string_view topic, std::string_view key) const = 0;
  virtual void untrack(ActorId actor, std::string_view topic, std::string_view key) = 0;
  /// All of an actor: one diff per topic.
  virtual void untrack(ActorId actor) = 0;
  /// In the order of tracking.
  virtual std::vector<TrackedMeta> list(std::string_view topic) const = 0;
  virtual std::vector<TrackedMeta> get_by_key(std::string_view topic, std::string_view key) const = 0;
};

/// The tracker of a single node: a ReplicatedTracker without peers. Wall clock: nanoseconds for the first part of a phx_ref.
std::unique_ptr<Tracker> make_local_tracker(std::string node = "local", std::function<std::uint64_t()> wall_clock_ns = {});

}  // namespace phx::server
