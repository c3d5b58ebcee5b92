#include <phx/server/tracker_core.hpp>

#include <map>
#include <stdexcept>
#include <utility>

namespace phx::server {

namespace {

TrackedMeta tracked(const PresenceEntry& entry) { return {entry.key, entry.meta}; }

/// One diff per topic, in the order of topics.
void append_diffs(const PresenceChanges& changes, std::vector<TopicDiff>& out) {
  std::map<std::string_view, TopicDiff> diffs;
  for (const auto& entry : changes.joins) diffs[entry->topic].joins.push_back(tracked(*entry));
  for (const auto& entry : changes.leaves) diffs[entry->topic].leaves.push_back(tracked(*entry));
  for (auto& [topic, diff] : diffs) {
    diff.topic = topic;
    out.push_back(std::move(diff));
  }
}

TrackerOptions checked(TrackerOptions options) {
  if (options.broadcast_period <= Duration::zero()) throw std::invalid_argument("tracker: broadcast_period must be positive");
  if (options.down_period < 2 * options.broadcast_period)
    throw std::invalid_argument("tracker: down_period must be at least twice broadcast_period");
  if (options.permdown_period <= options.down_period)
    throw std::invalid_argument("tracker: permdown_period must be greater than down_period");
  if (options.clock_sample_periods == 0) throw std::invalid_argument("tracker: clock_sample_periods must be positive");
  return options;
}

}  // namespace

TrackerCore::TrackerCore(ReplicaRef self, TrackerOptions options, Instant first_tick)
    : options_(checked(std::move(options))),
      state_(std::move(self), options_.peers),
      generations_(options_.max_delta_sizes),
      next_tick_(options_.peers ? std::optional(first_tick) : std::nullopt),
      silent_periods_(options_.max_silent_periods),
      sample_countdown_(options_.clock_sample_periods) {}

// --- our own presences ---

bool TrackerCore::track(PresenceEntry entry, TrackerEffects& out) {
  if (state_.find(entry.actor, entry.topic, entry.key)) return false;
  auto joined = std::make_shared<const PresenceEntry>(std::move(entry));
  out.diffs.push_back({joined->topic, {tracked(*joined)}, {}});
  state_.join(std::move(joined));
  return true;
}

bool TrackerCore::update(PresenceEntry entry, TrackerEffects& out) {
  auto joined = std::make_shared<const PresenceEntry>(std::move(entry));
  auto left = state_.update(joined);
  if (!left) return false;
  out.diffs.push_back({joined->topic, {tracked(*joined)}, {tracked(*left)}});
  return true;
}

void TrackerCore::untrack(ActorId actor, std::string_view topic, std::string_view key, TrackerEffects& out) {
  if (const auto left = state_.leave(actor, topic, key)) out.diffs.push_back({left->topic, {}, {tracked(*left)}});
}

void TrackerCore::untrack(ActorId actor, TrackerEffects& out) { append_diffs({{}, state_.leave(actor)}, out.diffs); }

// --- messages ---

void TrackerCore::on_message(const TrackerMessage& message, Instant now, TrackerEffects& out) {
  if (sender_of(message).name == state_.self().name) return;  // our own echo, or the last words of our former start
  std::visit([&](const auto& m) { on(m, now, out); }, message);
}

void TrackerCore::on(const TrackerHeartbeat& message, Instant now, TrackerEffects& out) {
  if (!sighted(message.from, now, out)) return;
  if (message.delta) merge(*message.delta, out);
  sampled_.insert_or_assign(message.from, message.clocks);
}

void TrackerCore::on(const TransferRequest& message, Instant, TrackerEffects& out) {
  auto data = std::make_shared<const TrackerDelta>(generations_.extract(state_, message.from, message.clocks));
  out.sends.push_back({message.from.name, TransferAck{state_.self(), message.id, std::move(data)}});
}

void TrackerCore::on(const TransferAck& message, Instant, TrackerEffects& out) { merge(*message.data, out); }

void TrackerCore::on(const GracefulPermdown& message, Instant, TrackerEffects& out) {
  if (replicas_.remove(message.from)) remove(message.from, out);
}

/// False: the sender has been replaced by a later start.
bool TrackerCore::sighted(const ReplicaRef& from, Instant now, TrackerEffects& out) {
  const auto sighting = replicas_.heartbeat(from, now);
  if (sighting.former) remove(*sighting.former, out);
  if (sighting.came_up) append_diffs(state_.replica_up(from), out.diffs);
  return sighting.accepted;
}

void TrackerCore::merge(const TrackerDelta& remote, TrackerEffects& out) {
  append_diffs(state_.merge(remote), out.diffs);
  generations_.push(remote);
}

void TrackerCore::remove(const ReplicaRef& replica, TrackerEffects& out) {
  append_diffs(state_.remove_replica(replica), out.diffs);
  generations_.remove_replica(replica);
  sampled_.erase(replica);
}

// --- ticks ---

void TrackerCore::on_deadline(Instant now, TrackerEffects& out) {
  if (!next_tick_ || now < *next_tick_) return;
  next_tick_ = now + options_.broadcast_period;
  send_heartbeat(out);
  request_transfers(out);
  detect_downs(now, out);
}

void TrackerCore::send_heartbeat(TrackerEffects& out) {
  if (!state_.has_delta() && silent_periods_ < options_.max_silent_periods) {
    ++silent_periods_;
    return;
  }
  std::shared_ptr<const TrackerDelta> delta;
  if (state_.has_delta()) {
    delta = std::make_shared<const TrackerDelta>(state_.take_delta());
    generations_.push(*delta);
  }
  silent_periods_ = 0;
  out.sends.push_back({{}, TrackerHeartbeat{state_.self(), state_.clocks(), std::move(delta)}});
}

void TrackerCore::request_transfers(TrackerEffects& out) {
  if (--sample_countdown_ != 0) return;
  sample_countdown_ = options_.clock_sample_periods;
  const auto ours = state_.clocks();
  std::vector<ReplicaClocks> ahead;
  for (const auto& [replica, clocks] : std::exchange(sampled_, {})) add_clocks(ahead, {replica, restricted(clocks, ours)});
  add_clocks(ahead, {state_.self(), ours});
  for (const auto& peer : ahead)
    if (peer.replica != state_.self()) out.sends.push_back({peer.replica.name, TransferRequest{state_.self(), ++last_request_, ours}});
}

void TrackerCore::detect_downs(Instant now, TrackerEffects& out) {
  for (const auto& replica : replicas_.detect_downs(now, options_.down_period, options_.permdown_period)) {
    if (replica.status == ReplicaStatus::permdown) {
      remove(replica.ref, out);
    } else {
      append_diffs(state_.replica_down(replica.ref), out.diffs);
    }
  }
}

void TrackerCore::permdown(TrackerEffects& out) {
  next_tick_.reset();
  out.sends.push_back({{}, GracefulPermdown{state_.self()}});
}

}  // namespace phx::server
