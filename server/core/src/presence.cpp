#include <phx/server/presence.hpp>

#include <atomic>
#include <deque>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <phx/core/json.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/shard.hpp>
#include <phx/server/socket.hpp>

#include "channel_actor.hpp"
#include "topic_table.hpp"

namespace phx::server {

namespace {

using Diff = std::shared_ptr<const TopicDiff>;

Json grouped(const std::vector<TrackedMeta>& entries) {
  Json out = Json::object();
  for (const auto& entry : entries) out[entry.key]["metas"].push_back(*entry.meta);
  return out;
}

void drop_left(Json& metas, const Json& left) {
  for (auto it = metas.begin(); it != metas.end();) {
    if (it->at("phx_ref") == left.at("phx_ref"))
      it = metas.erase(it);
    else
      ++it;
  }
}

/// Joins before leaves; keys without metas go (server.md 8.3).
void apply(Json& view, const TopicDiff& diff) {
  for (const auto& joined : diff.joins) view[joined.key].push_back(*joined.meta);
  for (const auto& left : diff.leaves) {
    const auto metas = view.find(left.key);
    if (metas == view.end()) continue;
    drop_left(*metas, *left.meta);
    if (metas->empty()) view.erase(metas);
  }
}

}  // namespace

/// Diffs go to every shard's feed in the order of the changes (the tracker's lock is held then). A shard reads its feed on its next turn,
/// or at once when it made the change itself: so its own diff is written before track() returns, and none overtakes another.
/// Hooks run while reading, without a lock.
struct Presence::Impl : std::enable_shared_from_this<Presence::Impl> {
  struct Feed {
    std::deque<Diff> diffs;  // guarded by mutex
    bool reading = false;    // the shard's own
  };

  PubSub& pubsub;
  Options options;
  std::unique_ptr<Tracker> tracker;
  std::mutex mutex;
  std::unordered_map<Shard*, Feed> feeds;
  std::unordered_map<std::string, Json> views;  // topic -> key -> metas, for handle_metas; the first shard's

  Impl(PubSub& p, Options o, std::unique_ptr<Tracker> t) : pubsub(p), options(std::move(o)), tracker(std::move(t)) {}

  void add(const Diff& diff) {
    const std::lock_guard lock(mutex);
    for (Shard* shard : pubsub.shards()) {
      auto& feed = feeds[shard];
      feed.diffs.push_back(diff);
      if (feed.diffs.size() > 1 || shard->is_current()) continue;  // somebody is on the way
      shard->post([self = weak_from_this(), shard] {
        if (const auto impl = self.lock()) impl->read(*shard);
      });
    }
  }

  void read_own() {
    for (Shard* shard : pubsub.shards())
      if (shard->is_current()) read(*shard);
  }

  Diff next(Feed& feed) {
    const std::lock_guard lock(mutex);
    if (feed.diffs.empty()) return nullptr;
    Diff diff = std::move(feed.diffs.front());
    feed.diffs.pop_front();
    return diff;
  }

  void read(Shard& shard) {
    Feed* feed = nullptr;
    {
      const std::lock_guard lock(mutex);
      feed = &feeds[&shard];
    }
    if (std::exchange(feed->reading, true)) return;  // a hook changed something: the loop outside goes on with it
    while (const Diff diff = next(*feed)) {
      try {
        deliver(shard, *diff);
      } catch (const std::exception& e) {  // a hook, or a member that cannot be given it; the next diffs still come
        pubsub.observer().log({Level::error, "presence_diff not delivered", diff->topic, e.what()});
      }
    }
    feed->reading = false;
  }

  void deliver(Shard& shard, const TopicDiff& diff) {
    auto& table = pubsub.table(shard);
    const bool told = options.handle_metas && &shard == pubsub.shards().front();
    if (!told && !table.has(diff.topic)) return;
    const Json payload = obj("joins", fetched(diff.topic, diff.joins), "leaves", fetched(diff.topic, diff.leaves));
    table.dispatch(nullptr, diff.topic, "presence_diff", payload);
    if (told) tell_metas(diff, payload);
  }

  void tell_metas(const TopicDiff& diff, const Json& payload) {
    Json& view = views.try_emplace(diff.topic, Json::object()).first->second;
    apply(view, diff);
    const Json presences = view;
    if (view.empty()) views.erase(diff.topic);
    options.handle_metas(diff.topic, payload, presences);
  }

  Json fetched(std::string_view topic, const std::vector<TrackedMeta>& entries) const {
    Json out = grouped(entries);
    return options.fetch ? options.fetch(topic, std::move(out)) : out;
  }
};

Presence::Presence(PubSub& pubsub) : Presence(pubsub, Options()) {}

Presence::Presence(PubSub& pubsub, Options options, std::unique_ptr<Tracker> tracker)
    : impl_(std::make_shared<Impl>(pubsub, std::move(options), std::move(tracker))) {
  impl_->tracker->on_diff([impl = impl_.get()](const Diff& diff) { impl->add(diff); });
}

Presence::~Presence() = default;

ActorId Presence::new_actor() noexcept {
  static std::atomic<ActorId> last{0};
  return ++last;
}

TrackResult Presence::track(Socket& socket, std::string_view key, const Json& meta) {
  detail::ChannelActor& actor = *socket.actor_;
  if (actor.ended()) return {TrackError::nopresence, {}};
  const ActorId id = actor.actor_id();
  actor.monitor(impl_.get(), [impl = std::weak_ptr(impl_), id] {
    if (const auto self = impl.lock()) {
      self->tracker->untrack(id);
      self->read_own();
    }
  });
  return track(id, socket.topic(), key, meta);
}

TrackResult Presence::update(Socket& socket, std::string_view key, const Json& meta) {
  return update(socket, key, [&](const Json&) { return meta; });
}

TrackResult Presence::update(Socket& socket, std::string_view key, const std::function<Json(const Json&)>& change) {
  return update(socket.actor_->actor_id(), socket.topic(), key, change);
}

void Presence::untrack(Socket& socket, std::string_view key) { untrack(socket.actor_->actor_id(), socket.topic(), key); }
Json Presence::list(const Socket& socket) const { return list(socket.topic()); }

TrackResult Presence::track(ActorId actor, std::string_view topic, std::string_view key, const Json& meta) {
  auto result = impl_->tracker->track(actor, topic, key, meta);
  impl_->read_own();
  return result;
}

TrackResult Presence::update(ActorId actor, std::string_view topic, std::string_view key, const std::function<Json(const Json&)>& change) {
  const auto old = impl_->tracker->find(actor, topic, key);  // an actor changes its own entries only: nobody comes in between
  if (!old) return {TrackError::nopresence, {}};
  auto result = impl_->tracker->update(actor, topic, key, change(*old));
  impl_->read_own();
  return result;
}

void Presence::untrack(ActorId actor, std::string_view topic, std::string_view key) {
  impl_->tracker->untrack(actor, topic, key);
  impl_->read_own();
}

void Presence::untrack(ActorId actor) {
  impl_->tracker->untrack(actor);
  impl_->read_own();
}

Json Presence::list(std::string_view topic) const { return impl_->fetched(topic, impl_->tracker->list(topic)); }

Json Presence::get_by_key(std::string_view topic, std::string_view key) const {
  const Json found = impl_->fetched(topic, impl_->tracker->get_by_key(topic, key));
  const auto entry = found.find(key);
  return entry == found.end() ? Json::array() : *entry;
}

}  // namespace phx::server
