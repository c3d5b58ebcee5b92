// The Tracker interface on replicas: server.md 8.1 to 8.5; server-behaviours A14, 206 to 208 and 212.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/server/replicated_tracker.hpp>

#include "entries.hpp"

namespace phx::server::test {
namespace {

using namespace std::chrono_literals;

/// Two nodes and a wire that loses nothing.
struct Pair {
  explicit Pair(std::size_t pool_size) {
    for (const auto* name : {"a", "b"})
      nodes.push_back(std::make_unique<ReplicatedTracker>(ReplicatedTracker::Options{.node = name, .vsn = 1, .pool_size = pool_size}));
  }
  void advance(Duration by) {
    const auto end = now + by;
    for (; now < end; now += 500ms)
      for (std::size_t i = 0; i != 2; ++i) {
        std::vector<TrackerPacket> packets;
        nodes[i]->on_deadline(now, packets);
        deliver(i, packets);
      }
  }
  void deliver(std::size_t from, const std::vector<TrackerPacket>& packets) {
    for (const auto& packet : packets) {
      std::vector<TrackerPacket> answers;
      ASSERT_TRUE(nodes[1 - from]->on_packet(packet.shard, packet.bytes, now, answers));
      deliver(1 - from, answers);
    }
  }
  Tracker& a() { return *nodes[0]; }
  Tracker& b() { return *nodes[1]; }
  Instant now{};
  std::vector<std::unique_ptr<ReplicatedTracker>> nodes;
};

class ReplicatedTrackers : public ::testing::TestWithParam<std::size_t> {};

// A14.212: whatever the pool size
TEST_P(ReplicatedTrackers, TrackUpdateUntrackPermdown) {
  Pair pair(GetParam());
  for (ActorId actor = 1; actor <= 8; ++actor) ASSERT_TRUE(pair.a().track(actor, "room:" + std::to_string(actor), "ada", obj("n", 1)));
  ASSERT_TRUE(pair.a().track(1, "room:2", "ada", Json::object()));
  pair.advance(20s);
  for (ActorId actor = 1; actor <= 8; ++actor) EXPECT_EQ(pair.b().list("room:" + std::to_string(actor)).size(), actor == 2 ? 2U : 1U);
  const auto changed = pair.a().update(3, "room:3", "ada", obj("n", 2));
  pair.a().untrack(1);
  pair.advance(3s);
  EXPECT_EQ(pair.b().list("room:3").at(0).meta->at("phx_ref"), changed.phx_ref);
  EXPECT_EQ(pair.b().get_by_key("room:3", "ada").size(), 1U);
  EXPECT_TRUE(pair.b().list("room:1").empty());
  EXPECT_EQ(pair.b().list("room:2").size(), 1U);
  std::vector<TrackerPacket> packets;
  pair.nodes[0]->permdown(packets);
  EXPECT_EQ(packets.size(), GetParam());
  pair.deliver(0, packets);
  EXPECT_TRUE(pair.b().list("room:2").empty());
  EXPECT_TRUE(pair.nodes[1]->replicas().empty());
  EXPECT_FALSE(pair.nodes[0]->next_deadline());
}

INSTANTIATE_TEST_SUITE_P(PoolSizes, ReplicatedTrackers, ::testing::Values(1, 4));

// A14.206, 207, 208
TEST(ReplicatedTracker, RefsAndErrors) {
  ReplicatedTracker tracker({});
  std::vector<std::shared_ptr<const TopicDiff>> diffs;
  tracker.on_diff([&](const auto& diff) { diffs.push_back(diff); });
  EXPECT_EQ(tracker.update(1, "lobby", "ada", Json::object()).error, TrackError::nopresence);
  const auto first = tracker.track(1, "lobby", "ada", obj("n", 1));
  EXPECT_EQ(tracker.track(1, "lobby", "ada", obj("n", 1)).error, TrackError::already_tracked);
  const auto second = tracker.update(1, "lobby", "ada", obj("n", 2));
  ASSERT_EQ(diffs.size(), 2U);
  EXPECT_EQ(*diffs[1]->joins.at(0).meta, obj("n", 2, "phx_ref", second.phx_ref, "phx_ref_prev", first.phx_ref));
  EXPECT_EQ(*diffs[1]->leaves.at(0).meta, obj("n", 1, "phx_ref", first.phx_ref));
  EXPECT_EQ(tracker.find(1, "lobby", "ada"), diffs[1]->joins.at(0).meta);
  EXPECT_EQ(tracker.find(2, "lobby", "ada"), nullptr);
  EXPECT_THROW(tracker.track(2, "lobby", "bob", Json::array()), std::invalid_argument);
  EXPECT_THROW(tracker.track(2, "lobby", "bob", obj("n", "\xFF")), std::invalid_argument);  // could not travel
  EXPECT_THROW(ReplicatedTracker({.pool_size = 0}), std::invalid_argument);
}

// 8.1: one diff per topic when an actor goes
TEST(ReplicatedTracker, AnActorLeavesEachTopicOnce) {
  const auto tracker = make_local_tracker();
  for (const auto* key : {"k1", "k2"})
    for (const auto* topic : {"lobby", "games"}) tracker->track(1, topic, key, Json::object());
  std::vector<std::string> topics;
  tracker->on_diff([&](const auto& diff) {
    topics.push_back(diff->topic);
    EXPECT_EQ(diff->leaves.size(), 2U);
  });
  tracker->untrack(1);
  EXPECT_EQ(topics, (std::vector<std::string>{"games", "lobby"}));
}

TEST(ReplicatedTracker, BadPacketsAreRefused) {
  ReplicatedTracker tracker({});
  std::vector<TrackerPacket> out;
  EXPECT_FALSE(tracker.on_packet(0, "nonsense", {}, out));
  const auto fine = encode_tracker_message(GracefulPermdown{ref("x")});
  EXPECT_FALSE(tracker.on_packet(1, fine, {}, out));
  EXPECT_TRUE(tracker.on_packet(0, fine, {}, out));
  EXPECT_TRUE(out.empty());
}

// 8.4
TEST(ReplicatedTracker, ReplicationTopics) { EXPECT_EQ(replication_topic("MyApp.Presence", 2), "phx_presence:MyApp.Presence_shard2"); }

}  // namespace
}  // namespace phx::server::test
