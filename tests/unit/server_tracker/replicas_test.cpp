// server-behaviours A13.197; server.md 8.5 timers.

#include <gtest/gtest.h>

#include <phx/server/tracker_replicas.hpp>

#include "entries.hpp"

namespace phx::server::test {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{};

// A13.197
TEST(TrackerReplicas, AHeartbeatOfAnUnknownNameAddsItUp) {
  TrackerReplicas replicas;
  EXPECT_EQ(replicas.find("a"), nullptr);
  const auto sighting = replicas.heartbeat(ref("a"), start);
  EXPECT_TRUE(sighting.accepted && sighting.came_up && !sighting.former);
  EXPECT_EQ(replicas.find("a")->status, ReplicaStatus::up);
}

// A13.197
TEST(TrackerReplicas, AnOverdueOneIsDownAndAHeartbeatBringsItBack) {
  TrackerReplicas replicas;
  replicas.heartbeat(ref("a"), start);
  EXPECT_TRUE(replicas.detect_downs(start + 30s, 30s, 100s).empty());
  const auto down = replicas.detect_downs(start + 31s, 30s, 100s);
  ASSERT_EQ(down.size(), 1U);
  EXPECT_EQ(down[0].status, ReplicaStatus::down);
  EXPECT_TRUE(replicas.detect_downs(start + 32s, 30s, 100s).empty());
  EXPECT_TRUE(replicas.heartbeat(ref("a"), start + 33s).came_up);
  EXPECT_FALSE(replicas.heartbeat(ref("a"), start + 34s).came_up);
  EXPECT_EQ(replicas.find("a")->last_heartbeat, start + 34s);
}

// A13.197
TEST(TrackerReplicas, ALongOverdueOneIsForgotten) {
  TrackerReplicas replicas;
  replicas.heartbeat(ref("a"), start);
  replicas.detect_downs(start + 31s, 30s, 100s);
  const auto gone = replicas.detect_downs(start + 101s, 30s, 100s);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].status, ReplicaStatus::permdown);
  EXPECT_EQ(replicas.find("a"), nullptr);
}

// 8.5: a new vsn takes the place of the old; what is left of the old is late
TEST(TrackerReplicas, AGreaterVsnReplacesAndALesserOneIsLate) {
  TrackerReplicas replicas;
  replicas.heartbeat(ref("a", 1), start);
  const auto second = replicas.heartbeat(ref("a", 2), start);
  EXPECT_TRUE(second.came_up);
  EXPECT_EQ(second.former, ref("a", 1));
  EXPECT_FALSE(replicas.heartbeat(ref("a", 1), start).accepted);
  EXPECT_FALSE(replicas.remove(ref("a", 1)));
  replicas.detect_downs(start + 31s, 30s, 100s);
  EXPECT_TRUE(replicas.heartbeat(ref("a", 1), start + 32s).accepted);  // its wall clock went back
  EXPECT_TRUE(replicas.remove(ref("a", 1)));
}

}  // namespace
}  // namespace phx::server::test
