#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <phx/core/time.hpp>

#include <phx/server/tracker_clock.hpp>

namespace phx::server {

enum class ReplicaStatus { up, down, permdown };

/// Which replicas of other names have been heard of, and when last.
///
///   unknown --heartbeat--> up --down_period--> down --permdown_period--> forgotten
///                           ^ <---heartbeat----- |
///                           +-- greater vsn: the former start is forgotten, the new one is up
///
/// A lesser vsn is a late message of a former start, unless the later one is down: then somebody's wall clock went back.
class TrackerReplicas {
 public:
  struct Replica {
    ReplicaRef ref;
    Instant last_heartbeat;
    ReplicaStatus status = ReplicaStatus::up;
  };
  /// What a heartbeat says of its sender.
  struct Sighting {
    bool accepted = true;              ///< false: of a former start
    bool came_up = false;              ///< was not up
    std::optional<ReplicaRef> former;  ///< the start it replaces
  };

  Sighting heartbeat(const ReplicaRef& from, Instant now);
  /// Those that are overdue, with their new status; permdown ones are forgotten here.
  std::vector<Replica> detect_downs(Instant now, Duration down_period, Duration permdown_period);
  /// False: this start is not known.
  bool remove(const ReplicaRef& replica);

  const Replica* find(const std::string& name) const;
  const std::map<std::string, Replica>& all() const noexcept { return replicas_; }

 private:
  std::map<std::string, Replica> replicas_;  // by name
};

}  // namespace phx::server
