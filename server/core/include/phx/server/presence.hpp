#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <phx/core/json_fwd.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/tracker.hpp>

namespace phx::server {

class Socket;

/// Who is on a topic. Every change is broadcast to the topic as `presence_diff` on each shard of this node; pushing `presence_state`
/// is the channel's own doing:
///
///   presence.track(socket, user_id, obj("online_at", now));
///   socket.push("presence_state", presence.list(socket));
///
/// One per application, shared by all shards; calls from any thread, those with a Socket inside its callbacks. A channel's entries
/// go when it ends. The order of diffs is that of the changes on every shard; the own diff is written before track() returns.
class Presence {
 public:
  struct Options {
    /// May add fields to each entry `{"metas": [...]}` of the object it is given (also an empty one); keeps keys and metas. Called without a lock, on
    /// the shard that lists or delivers: for list, get_by_key, and twice per diff.
    std::function<Json(std::string_view topic, Json entries)> fetch;
    /// Told after each diff with the topic's entries as they are then (key -> metas, an empty object when the last one left), once per
    /// node and in order, on the first shard.
    std::function<void(std::string_view topic, const Json& diff, const Json& presences)> handle_metas;
  };

  explicit Presence(PubSub& pubsub);
  Presence(PubSub& pubsub, Options options, std::unique_ptr<Tracker> tracker = make_local_tracker());
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  TrackResult track(Socket& socket, std::string_view key, const Json& meta);
  TrackResult update(Socket& socket, std::string_view key, const Json& meta);
  TrackResult update(Socket& socket, std::string_view key, const std::function<Json(const Json& old)>& change);
  void untrack(Socket& socket, std::string_view key);
  /// An object: key -> {"metas": [...]}.
  Json list(const Socket& socket) const;

  // The same for actors that are no channels (a context, a device session): they untrack themselves.
  static ActorId new_actor() noexcept;
  TrackResult track(ActorId actor, std::string_view topic, std::string_view key, const Json& meta);
  TrackResult update(ActorId actor, std::string_view topic, std::string_view key, const std::function<Json(const Json& old)>& change);
  void untrack(ActorId actor, std::string_view topic, std::string_view key);
  void untrack(ActorId actor);
  Json list(std::string_view topic) const;
  /// The fetched entry, or an empty list when there is none (server.md 8.1).
  Json get_by_key(std::string_view topic, std::string_view key) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace phx::server
