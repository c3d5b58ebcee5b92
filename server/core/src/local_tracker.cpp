#include <phx/server/tracker.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>

namespace phx::server {

namespace {

using Diff = std::shared_ptr<const TopicDiff>;

/// A table of the node behind one mutex rather than a shard that owns each topic: track() and list() then answer at once, inside
/// handlers of any shard, as Phoenix's do. Presence changes are rare beside messages, and no user code runs under the lock.
class LocalTracker final : public Tracker {
 public:
  LocalTracker(const std::string& node, std::function<std::uint64_t()> wall_clock_ns)
      : clock_(std::move(wall_clock_ns)), node_hash_(static_cast<std::uint16_t>(std::hash<std::string>{}(node))) {}

  void on_diff(Sink sink) override {
    const std::lock_guard lock(mutex_);
    sink_ = std::move(sink);
  }

  TrackResult track(ActorId actor, std::string_view topic, std::string_view key, const Json& meta) override {
    const std::lock_guard lock(mutex_);
    auto& places = actors_[actor];
    if (find_place(places, topic, key)) return {TrackError::already_tracked, {}};
    auto ref = next_ref();
    auto with_ref = std::make_shared<Json>(checked(meta));
    (*with_ref)["phx_ref"] = ref;
    const auto place = topics_.try_emplace(std::string(topic)).first;
    place->second.emplace(++sequence_, TrackedMeta{std::string(key), with_ref});
    places.push_back({&place->first, sequence_});
    publish({std::string(topic), {{std::string(key), with_ref}}, {}});
    return {TrackError::none, std::move(ref)};
  }

  TrackResult update(ActorId actor, std::string_view topic, std::string_view key, const Json& meta) override {
    const std::lock_guard lock(mutex_);
    TrackedMeta* entry = find_entry(actor, topic, key);
    if (!entry) return {TrackError::nopresence, {}};
    auto ref = next_ref();
    auto with_ref = std::make_shared<Json>(checked(meta));
    (*with_ref)["phx_ref_prev"] = entry->meta->at("phx_ref");
    (*with_ref)["phx_ref"] = ref;
    const auto old = std::exchange(entry->meta, with_ref);
    publish({std::string(topic), {{std::string(key), with_ref}}, {{std::string(key), old}}});
    return {TrackError::none, std::move(ref)};
  }

  std::shared_ptr<const Json> find(ActorId actor, std::string_view topic, std::string_view key) const override {
    const std::lock_guard lock(mutex_);
    const TrackedMeta* entry = const_cast<LocalTracker*>(this)->find_entry(actor, topic, key);
    return entry ? entry->meta : nullptr;
  }

  void untrack(ActorId actor, std::string_view topic, std::string_view key) override {
    const std::lock_guard lock(mutex_);
    const auto places = actors_.find(actor);
    if (places == actors_.end()) return;
    const Place* found = find_place(places->second, topic, key);
    if (!found) return;
    TopicDiff diff{std::string(topic), {}, {remove(*found)}};
    std::erase_if(places->second, [&](const Place& place) { return &place == found; });
    if (places->second.empty()) actors_.erase(places);
    publish(std::move(diff));
  }

  void untrack(ActorId actor) override {
    const std::lock_guard lock(mutex_);
    auto places = actors_.extract(actor);
    if (!places) return;
    std::map<std::string, TopicDiff> diffs;
    for (const Place& place : places.mapped()) {
      auto& diff = diffs[*place.topic];
      diff.topic = *place.topic;
      diff.leaves.push_back(remove(place));
    }
    for (auto& [topic, diff] : diffs) publish(std::move(diff));
  }

  std::vector<TrackedMeta> list(std::string_view topic) const override {
    const std::lock_guard lock(mutex_);
    std::vector<TrackedMeta> entries;
    if (const auto found = topics_.find(std::string(topic)); found != topics_.end())
      for (const auto& [sequence, entry] : found->second) entries.push_back(entry);
    return entries;
  }

  std::vector<TrackedMeta> get_by_key(std::string_view topic, std::string_view key) const override {
    auto entries = list(topic);
    std::erase_if(entries, [&](const TrackedMeta& entry) { return entry.key != key; });
    return entries;
  }

 private:
  using Entries = std::map<std::uint64_t, TrackedMeta>;  // in the order of tracking
  struct Place {
    const std::string* topic;
    std::uint64_t sequence;
  };  // the topic's name is its key in topics_
  using Places = std::vector<Place>;

  static const Json& checked(const Json& meta) {
    if (!meta.is_object()) throw std::invalid_argument("a presence meta is an object");
    return meta;
  }

  const Place* find_place(const Places& places, std::string_view topic, std::string_view key) const {
    const auto found = std::ranges::find_if(
        places, [&](const Place& place) { return *place.topic == topic && topics_.at(*place.topic).at(place.sequence).key == key; });
    return found == places.end() ? nullptr : &*found;
  }

  TrackedMeta* find_entry(ActorId actor, std::string_view topic, std::string_view key) {
    const auto places = actors_.find(actor);
    if (places == actors_.end()) return nullptr;
    const Place* place = find_place(places->second, topic, key);
    return place ? &topics_.at(*place->topic).at(place->sequence) : nullptr;
  }

  /// The topic goes with its last entry, and with it the name that `place` points to.
  TrackedMeta remove(const Place& place) {
    const auto topic = topics_.find(*place.topic);
    auto entry = topic->second.extract(place.sequence);
    if (topic->second.empty()) topics_.erase(topic);
    return std::move(entry.mapped());
  }

  void publish(TopicDiff diff) {
    if (sink_) sink_(std::make_shared<const TopicDiff>(std::move(diff)));
  }

  /// 8 bytes of wall clock, 2 of the node, 2 of a counter (server.md 8.2). The clock part never repeats.
  std::string next_ref() {
    last_time_ = std::max(last_time_ + 1, clock_());
    const std::uint16_t count = ++count_;
    std::string bytes;
    const auto put = [&](std::uint64_t value, int width) {
      while (width-- > 0) bytes.push_back(static_cast<char>(value >> (8 * width)));
    };
    put(last_time_, 8);
    put(node_hash_, 2);
    put(count, 2);
    return core::base64url_encode(bytes);
  }

  mutable std::mutex mutex_;  // guards everything below
  std::unordered_map<std::string, Entries> topics_;
  std::unordered_map<ActorId, Places> actors_;
  Sink sink_;
  std::function<std::uint64_t()> clock_;
  std::uint64_t sequence_ = 0, last_time_ = 0;
  std::uint16_t node_hash_, count_ = 0;
};

std::uint64_t system_clock_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace

std::unique_ptr<Tracker> make_local_tracker(std::string node, std::function<std::uint64_t()> wall_clock_ns) {
  return std::make_unique<LocalTracker>(node, wall_clock_ns ? std::move(wall_clock_ns) : system_clock_ns);
}

}  // namespace phx::server
