#include <phx/server/tracker_replicas.hpp>

namespace phx::server {

TrackerReplicas::Sighting TrackerReplicas::heartbeat(const ReplicaRef& from, Instant now) {
  const auto [known, added] = replicas_.try_emplace(from.name, Replica{from, now});
  if (added) return {.accepted = true, .came_up = true, .former = {}};
  auto& replica = known->second;
  const bool was_up = replica.status == ReplicaStatus::up;
  if (from.vsn < replica.ref.vsn && was_up) return {.accepted = false, .came_up = false, .former = {}};
  Sighting sighting{.accepted = true, .came_up = !was_up, .former = {}};
  if (from != replica.ref) {
    sighting.former = replica.ref;
    sighting.came_up = true;
  }
  replica = {from, now};
  return sighting;
}

std::vector<TrackerReplicas::Replica> TrackerReplicas::detect_downs(Instant now, Duration down_period, Duration permdown_period) {
  std::vector<Replica> changed;
  for (auto it = replicas_.begin(); it != replicas_.end();) {
    auto& replica = it->second;
    const auto silence = now - replica.last_heartbeat;
    if (silence > permdown_period) {
      replica.status = ReplicaStatus::permdown;
      changed.push_back(replica);
      it = replicas_.erase(it);
      continue;
    }
    if (silence > down_period && replica.status == ReplicaStatus::up) {
      replica.status = ReplicaStatus::down;
      changed.push_back(replica);
    }
    ++it;
  }
  return changed;
}

bool TrackerReplicas::remove(const ReplicaRef& replica) {
  const auto known = replicas_.find(replica.name);
  if (known == replicas_.end() || known->second.ref != replica) return false;
  replicas_.erase(known);
  return true;
}

const TrackerReplicas::Replica* TrackerReplicas::find(const std::string& name) const {
  const auto known = replicas_.find(name);
  return known == replicas_.end() ? nullptr : &known->second;
}

}  // namespace phx::server
