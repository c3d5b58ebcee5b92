#include <phx/server/replicated_tracker.hpp>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <phx/core/json.hpp>

#include "phx_ref_source.hpp"

namespace phx::server {

namespace {

/// FNV-1a: the same on every node, whatever its compiler and library.
std::uint64_t hash_of(std::string_view topic) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : topic) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

Json checked(const Json& meta, bool must_travel) {
  if (!meta.is_object()) throw std::invalid_argument("a presence meta is an object");
  if (must_travel) static_cast<void>(to_json_text(meta));  // throws here, to whom it concerns, rather than in the next heartbeat
  return meta;
}

}  // namespace

struct ReplicatedTracker::Impl {
  Impl(Options options, Instant first_tick)
      : limits(options.limits), peers(options.protocol.peers), refs(options.node, std::move(options.wall_clock_ns)) {
    if (options.pool_size == 0) throw std::invalid_argument("tracker: pool_size must be positive");
    const auto vsn = options.vsn ? options.vsn : refs.wall_clock_ns();
    for (std::size_t i = 0; i != options.pool_size; ++i) shards.emplace_back(ReplicaRef{options.node, vsn}, options.protocol, first_tick);
  }

  TrackerCore& shard_of(std::string_view topic) { return shards[hash_of(topic) % shards.size()]; }

  /// Lock held.
  void publish() {
    for (auto& diff : effects.diffs)
      if (sink) sink(std::make_shared<const TopicDiff>(std::move(diff)));
    effects.diffs.clear();
  }

  void publish_and_send(std::size_t shard, std::vector<TrackerPacket>& out) {
    publish();
    for (const auto& send : effects.sends) out.push_back({shard, send.to, encode_tracker_message(send.message)});
    effects.sends.clear();
  }

  const TrackerMessageLimits limits;
  const bool peers;
  mutable std::mutex mutex;  // guards everything below
  PhxRefSource refs;
  std::vector<TrackerCore> shards;
  TrackerEffects effects;
  Sink sink;
};

std::string replication_topic(std::string_view tracker, std::size_t shard) {
  return "phx_presence:" + std::string(tracker) + "_shard" + std::to_string(shard);
}

ReplicatedTracker::ReplicatedTracker(Options options, Instant first_tick) : impl_(std::make_unique<Impl>(std::move(options), first_tick)) {}

ReplicatedTracker::~ReplicatedTracker() = default;

void ReplicatedTracker::on_diff(Sink sink) {
  const std::lock_guard lock(impl_->mutex);
  impl_->sink = std::move(sink);
}

TrackResult ReplicatedTracker::track(ActorId actor, std::string_view topic, std::string_view key, const Json& meta) {
  auto with_ref = std::make_shared<Json>(checked(meta, impl_->peers));
  const std::lock_guard lock(impl_->mutex);
  auto ref = impl_->refs.next();
  (*with_ref)["phx_ref"] = ref;
  PresenceEntry entry{actor, std::string(topic), std::string(key), std::move(with_ref)};
  if (!impl_->shard_of(topic).track(std::move(entry), impl_->effects)) return {TrackError::already_tracked, {}};
  impl_->publish();
  return {TrackError::none, std::move(ref)};
}

TrackResult ReplicatedTracker::update(ActorId actor, std::string_view topic, std::string_view key, const Json& meta) {
  auto with_ref = std::make_shared<Json>(checked(meta, impl_->peers));
  const std::lock_guard lock(impl_->mutex);
  auto& shard = impl_->shard_of(topic);
  const auto old = shard.state().find(actor, topic, key);
  if (!old) return {TrackError::nopresence, {}};
  auto ref = impl_->refs.next();
  (*with_ref)["phx_ref_prev"] = old->meta->at("phx_ref");
  (*with_ref)["phx_ref"] = ref;
  shard.update({actor, std::string(topic), std::string(key), std::move(with_ref)}, impl_->effects);
  impl_->publish();
  return {TrackError::none, std::move(ref)};
}

std::shared_ptr<const Json> ReplicatedTracker::find(ActorId actor, std::string_view topic, std::string_view key) const {
  const std::lock_guard lock(impl_->mutex);
  const auto entry = impl_->shard_of(topic).state().find(actor, topic, key);
  return entry ? entry->meta : nullptr;
}

void ReplicatedTracker::untrack(ActorId actor, std::string_view topic, std::string_view key) {
  const std::lock_guard lock(impl_->mutex);
  impl_->shard_of(topic).untrack(actor, topic, key, impl_->effects);
  impl_->publish();
}

void ReplicatedTracker::untrack(ActorId actor) {
  const std::lock_guard lock(impl_->mutex);
  for (auto& shard : impl_->shards) shard.untrack(actor, impl_->effects);
  impl_->publish();
}

std::vector<TrackedMeta> ReplicatedTracker::list(std::string_view topic) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<TrackedMeta> entries;
  for (const auto& entry : impl_->shard_of(topic).state().list(topic)) entries.push_back({entry->key, entry->meta});
  return entries;
}

std::vector<TrackedMeta> ReplicatedTracker::get_by_key(std::string_view topic, std::string_view key) const {
  auto entries = list(topic);
  std::erase_if(entries, [&](const TrackedMeta& entry) { return entry.key != key; });
  return entries;
}

Result<void> ReplicatedTracker::on_packet(std::size_t shard, std::string_view bytes, Instant now, std::vector<TrackerPacket>& out) {
  const auto message = decode_tracker_message(bytes, impl_->limits);
  if (!message) return tl::unexpected(message.error());
  const std::lock_guard lock(impl_->mutex);
  if (shard >= impl_->shards.size()) return failure(Errc::bad_envelope);
  impl_->shards[shard].on_message(*message, now, impl_->effects);
  impl_->publish_and_send(shard, out);
  return {};
}

std::optional<Instant> ReplicatedTracker::next_deadline() const {
  const std::lock_guard lock(impl_->mutex);
  std::optional<Instant> next;
  for (const auto& shard : impl_->shards)
    if (const auto tick = shard.next_deadline(); tick && (!next || *tick < *next)) next = tick;
  return next;
}

void ReplicatedTracker::on_deadline(Instant now, std::vector<TrackerPacket>& out) {
  const std::lock_guard lock(impl_->mutex);
  for (std::size_t i = 0; i != impl_->shards.size(); ++i) {
    impl_->shards[i].on_deadline(now, impl_->effects);
    impl_->publish_and_send(i, out);
  }
}

void ReplicatedTracker::permdown(std::vector<TrackerPacket>& out) {
  const std::lock_guard lock(impl_->mutex);
  for (std::size_t i = 0; i != impl_->shards.size(); ++i) {
    impl_->shards[i].permdown(impl_->effects);
    impl_->publish_and_send(i, out);
  }
}

std::vector<TrackerReplicas::Replica> ReplicatedTracker::replicas(std::size_t shard) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<TrackerReplicas::Replica> all;
  for (const auto& [name, replica] : impl_->shards.at(shard).replicas().all()) all.push_back(replica);
  return all;
}

std::unique_ptr<Tracker> make_local_tracker(std::string node, std::function<std::uint64_t()> wall_clock_ns) {
  return std::make_unique<ReplicatedTracker>(
      ReplicatedTracker::Options{.node = std::move(node), .protocol = {.peers = false}, .wall_clock_ns = std::move(wall_clock_ns)});
}

}  // namespace phx::server
