#include <phx/server/tracker_state.hpp>

#include <algorithm>
#include <utility>

namespace phx::server {

TrackerState::TrackerState(ReplicaRef self, bool peers) : self_(std::move(self)), peers_(peers), own_(&replicas_[self_]) { start_delta(); }

// --- rows and their indexes ---

const TrackerState::Row* TrackerState::find_row(const Replica& replica, ActorId actor, std::string_view topic, std::string_view key) {
  const auto rows = replica.actors.find(actor);
  if (rows == replica.actors.end()) return nullptr;
  const auto row = std::ranges::find_if(rows->second, [&](const Row* r) { return r->entry->topic == topic && r->entry->key == key; });
  return row == rows->second.end() ? nullptr : *row;
}

std::vector<PresencePtr> TrackerState::all_of(const Replica& replica) {
  std::vector<PresencePtr> entries;
  entries.reserve(replica.values.size());
  for (const auto& [tick, row] : replica.values) entries.push_back(row.entry);
  return entries;
}

void TrackerState::insert(Replica& replica, std::uint64_t tick, PresencePtr entry) {
  const Row& row = replica.values.try_emplace(tick, Row{std::move(entry), tick, ++seats_}).first->second;
  replica.actors[row.entry->actor].push_back(&row);
  topics_[row.entry->topic].emplace(row.seat, Seat{&row, &replica});
}

PresencePtr TrackerState::replace(Replica& replica, std::uint64_t old_tick, std::uint64_t tick, PresencePtr entry) {
  auto node = replica.values.extract(old_tick);  // the row stays where the indexes point
  node.key() = node.mapped().tick = tick;
  auto old = std::exchange(node.mapped().entry, std::move(entry));
  replica.values.insert(std::move(node));
  return old;
}

PresencePtr TrackerState::erase(Replica& replica, std::uint64_t tick) {
  const auto found = replica.values.find(tick);
  const Row& row = found->second;
  const auto actor = replica.actors.find(row.entry->actor);
  std::erase(actor->second, &row);
  if (actor->second.empty()) replica.actors.erase(actor);
  const auto topic = topics_.find(row.entry->topic);
  topic->second.erase(row.seat);
  if (topic->second.empty()) topics_.erase(topic);
  auto entry = row.entry;
  replica.values.erase(found);
  return entry;
}

// --- our own presences ---

PresencePtr TrackerState::find(ActorId actor, std::string_view topic, std::string_view key) const {
  const Row* row = find_row(*own_, actor, topic, key);
  return row ? row->entry : nullptr;
}

void TrackerState::join(PresencePtr entry) {
  const auto tick = next_tick();
  if (peers_) delta_.parts[self_].values.emplace(tick, entry);
  insert(*own_, tick, std::move(entry));
}

PresencePtr TrackerState::update(PresencePtr entry) {
  const Row* row = find_row(*own_, entry->actor, entry->topic, entry->key);
  if (!row) return nullptr;
  const auto old_tick = row->tick;
  note_removed(self_, old_tick);
  next_tick();  // the removal's own
  const auto tick = next_tick();
  if (peers_) delta_.parts[self_].values.emplace(tick, entry);
  return replace(*own_, old_tick, tick, std::move(entry));
}

PresencePtr TrackerState::leave(ActorId actor, std::string_view topic, std::string_view key) {
  const Row* row = find_row(*own_, actor, topic, key);
  return row ? leave_row(*row) : nullptr;
}

std::vector<PresencePtr> TrackerState::leave(ActorId actor) {
  std::vector<PresencePtr> left;
  const auto rows = own_->actors.find(actor);
  if (rows == own_->actors.end()) return left;
  for (const Row* row : std::vector(rows->second)) left.push_back(leave_row(*row));
  return left;
}

PresencePtr TrackerState::leave_row(const Row& row) {
  const auto tick = row.tick;
  note_removed(self_, tick);
  next_tick();
  return erase(*own_, tick);
}

/// A removal takes a tick too: without one, nobody's clock would tell that there is news.
std::uint64_t TrackerState::next_tick() {
  const auto tick = ++own_->context;
  if (peers_) {
    auto& part = delta_.parts[self_];
    part.cloud.add(tick);
    part.range->end = tick;
  }
  return tick;
}

void TrackerState::note_removed(const ReplicaRef& ref, std::uint64_t tick) {
  if (!peers_) return;
  auto& part = delta_.parts[ref];
  part.values.erase(tick);
  part.cloud.add(tick);
}

// --- lists ---

std::vector<PresencePtr> TrackerState::list(std::string_view topic) const {
  std::vector<PresencePtr> entries;
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return entries;
  entries.reserve(found->second.size());
  for (const auto& [number, seat] : found->second)
    if (seat.owner->up) entries.push_back(seat.row->entry);
  return entries;
}

std::size_t TrackerState::raw_size() const noexcept {
  std::size_t rows = 0;
  for (const auto& [ref, replica] : replicas_) rows += replica.values.size();
  return rows;
}

// --- other replicas ---

PresenceChanges TrackerState::merge(const TrackerDelta& remote) {
  PresenceChanges changes;
  for (const auto& [ref, part] : remote.parts) {
    const auto known = replicas_.find(ref);
    if (known == replicas_.end() || ref == self_) continue;
    Replica& replica = known->second;
    PresenceChanges seen;
    accept_joins(ref, replica, part, seen);
    observe_removes(ref, replica, part, seen);
    replica.cloud.unite(part.cloud);
    replica.context = replica.cloud.absorb(std::max(replica.context, part.context));
    if (!replica.up) continue;
    std::ranges::move(seen.joins, std::back_inserter(changes.joins));
    std::ranges::move(seen.leaves, std::back_inserter(changes.leaves));
  }
  return changes;
}

void TrackerState::accept_joins(const ReplicaRef& ref, Replica& replica, const DeltaPart& part, PresenceChanges& changes) {
  for (const auto& [tick, entry] : part.values) {
    if (replica.covers(tick)) continue;
    const Row* row = find_row(replica, entry->actor, entry->topic, entry->key);
    if (!row) {
      insert(replica, tick, entry);
    } else if (row->tick < tick) {
      note_removed(ref, row->tick);
      changes.leaves.push_back(replace(replica, row->tick, tick, entry));
    } else {
      continue;  // late news: an update took its place before it arrived
    }
    changes.joins.push_back(entry);
  }
}

void TrackerState::observe_removes(const ReplicaRef& ref, Replica& replica, const DeltaPart& part, PresenceChanges& changes) {
  std::vector<std::uint64_t> gone;
  const auto look = [&](Cloud::Run run) {
    auto ours = replica.values.lower_bound(run.first);
    auto theirs = part.values.lower_bound(run.first);
    for (; ours != replica.values.end() && ours->first <= run.last; ++ours) {
      while (theirs != part.values.end() && theirs->first < ours->first) ++theirs;
      if (theirs == part.values.end() || theirs->first != ours->first) gone.push_back(ours->first);
    }
  };
  if (part.context) look({1, part.context});
  for (const auto run : part.cloud.runs())
    if (run.last > part.context) look({std::max(run.first, part.context + 1), run.last});
  for (const auto tick : gone) {
    note_removed(ref, tick);
    changes.leaves.push_back(erase(replica, tick));
  }
}

TrackerDelta TrackerState::extract(const ReplicaRef& receiver, const Clocks& known) const {
  TrackerDelta state{.whole = true, .parts = {}};
  for (const auto& [ref, clock] : known) {
    const auto found = replicas_.find(ref);
    if (found == replicas_.end() || ref == receiver) continue;
    auto& part = state.parts[ref];
    part.context = found->second.context;
    part.cloud = found->second.cloud;
    for (const auto& [tick, row] : found->second.values) part.values.emplace_hint(part.values.end(), tick, row.entry);
  }
  return state;
}

Clocks TrackerState::clocks() const {
  Clocks clocks;
  for (const auto& [ref, replica] : replicas_)
    if (replica.up) clocks.emplace_hint(clocks.end(), ref, replica.context);
  return clocks;
}

TrackerDelta TrackerState::take_delta() {
  auto delta = std::exchange(delta_, {});
  start_delta();
  return delta;
}

void TrackerState::start_delta() { delta_.parts[self_].range = TickRange{own_->context, own_->context}; }

PresenceChanges TrackerState::replica_up(const ReplicaRef& ref) {
  auto [known, added] = replicas_.try_emplace(ref);
  if (added || std::exchange(known->second.up, true)) return {};
  return {all_of(known->second), {}};
}

PresenceChanges TrackerState::replica_down(const ReplicaRef& ref) {
  const auto known = replicas_.find(ref);
  if (known == replicas_.end() || !std::exchange(known->second.up, false)) return {};
  return {{}, all_of(known->second)};
}

PresenceChanges TrackerState::remove_replica(const ReplicaRef& ref) {
  auto changes = replica_down(ref);
  const auto known = replicas_.find(ref);
  if (known == replicas_.end()) return changes;
  while (!known->second.values.empty()) erase(known->second, known->second.values.begin()->first);
  replicas_.erase(known);
  delta_.parts.erase(ref);
  return changes;
}

}  // namespace phx::server
