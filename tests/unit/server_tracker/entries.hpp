#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <phx/core/json.hpp>

#include <phx/server/tracker_state.hpp>

namespace phx::server::test {

using Texts = std::vector<std::string>;

inline PresenceEntry make_entry(ActorId actor, std::string topic, std::string key, Json meta = Json::object()) {
  return {actor, std::move(topic), std::move(key), std::make_shared<const Json>(std::move(meta))};
}

inline PresencePtr entry(ActorId actor, std::string topic, std::string key, Json meta = Json::object()) {
  return std::make_shared<const PresenceEntry>(make_entry(actor, std::move(topic), std::move(key), std::move(meta)));
}

/// Keys, sorted: what most tests compare.
inline Texts keys(const std::vector<PresencePtr>& entries) {
  Texts out;
  for (const auto& e : entries) out.push_back(e->key);
  std::ranges::sort(out);
  return out;
}

inline ReplicaRef ref(std::string name, std::uint64_t vsn = 1) { return {std::move(name), vsn}; }

/// Two or more states that know each other.
inline TrackerState state_of(const std::string& name, const Texts& others) {
  TrackerState state(ref(name));
  for (const auto& other : others) state.replica_up(ref(other));
  return state;
}

/// What `from` would answer to `to` without delta generations.
inline PresenceChanges sync(TrackerState& to, const TrackerState& from) { return to.merge(from.extract(to.self(), to.clocks())); }

}  // namespace phx::server::test
