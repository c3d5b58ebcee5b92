// server-behaviours A12, 178 to 188 and 190; server.md 8.4.

#include <gtest/gtest.h>

#include "entries.hpp"

namespace phx::server::test {
namespace {

/// Two replicas that know each other.
struct TrackerStateTest : ::testing::Test {
  TrackerState a = state_of("a", {"b", "c"}), b = state_of("b", {"a", "c"});
};

// A12.178
TEST_F(TrackerStateTest, ANewReplicaExtractsToNothing) {
  const auto nothing = a.extract(ref("b"), b.clocks());
  for (const auto& [replica, part] : nothing.parts) {
    EXPECT_TRUE(part.values.empty());
    EXPECT_TRUE(part.cloud.empty());
    EXPECT_EQ(part.context, 0U);
  }
  EXPECT_FALSE(a.has_delta());
}

// A12.179
TEST_F(TrackerStateTest, JoinThenLeave) {
  a.join(entry(1, "lobby", "ada"));
  EXPECT_EQ(keys(a.list("lobby")), Texts{"ada"});
  EXPECT_EQ(keys({a.leave(1, "lobby", "ada")}), Texts{"ada"});
  EXPECT_TRUE(a.list("lobby").empty());
  EXPECT_EQ(a.leave(1, "lobby", "ada"), nullptr);
}

// A12.180
TEST_F(TrackerStateTest, MergingEmitsJoinsOnce) {
  a.join(entry(1, "lobby", "ada"));
  b.join(entry(1, "lobby", "bob"));
  const auto first = sync(a, b);
  EXPECT_EQ(keys(first.joins), Texts{"bob"});
  EXPECT_TRUE(first.leaves.empty());
  EXPECT_TRUE(sync(a, b).empty());
  EXPECT_EQ(keys(a.list("lobby")), (Texts{"ada", "bob"}));
  EXPECT_EQ(keys(sync(b, a).joins), Texts{"ada"});
}

// A12.181
TEST_F(TrackerStateTest, RemovesAreObservedAsLeaves) {
  a.join(entry(1, "lobby", "ada"));
  b.join(entry(1, "lobby", "bob"));
  sync(a, b);
  sync(b, a);
  a.leave(1, "lobby", "ada");
  const auto seen = sync(b, a);
  EXPECT_TRUE(seen.joins.empty());
  EXPECT_EQ(keys(seen.leaves), Texts{"ada"});
  EXPECT_TRUE(sync(b, a).empty());
  b.join(entry(2, "lobby", "carl"));
  EXPECT_EQ(keys(sync(a, b).joins), Texts{"carl"});
  EXPECT_EQ(keys(a.list("lobby")), keys(b.list("lobby")));
}

// A12.182
TEST_F(TrackerStateTest, AnUpdateIsAJoinAndALeaveInTheSamePlace) {
  a.join(entry(1, "lobby", "ada", obj("n", 1)));
  a.join(entry(2, "lobby", "zoe"));
  sync(b, a);
  EXPECT_EQ(*a.update(entry(1, "lobby", "ada", obj("n", 2)))->meta, obj("n", 1));
  EXPECT_EQ(a.list("lobby").front()->key, "ada");
  EXPECT_EQ(*a.find(1, "lobby", "ada")->meta, obj("n", 2));
  const auto seen = sync(b, a);
  ASSERT_EQ(keys(seen.joins), Texts{"ada"});
  ASSERT_EQ(keys(seen.leaves), Texts{"ada"});
  EXPECT_EQ(*seen.joins[0]->meta, obj("n", 2));
  EXPECT_EQ(*seen.leaves[0]->meta, obj("n", 1));
  EXPECT_EQ(b.list("lobby").front()->key, "ada");
  EXPECT_EQ(a.clocks().at(ref("a")), 4U);  // two ticks for the update
  EXPECT_EQ(keys(a.leave(1)), Texts{"ada"});
  EXPECT_EQ(a.update(entry(1, "lobby", "ada")), nullptr);
}

// A12.183
TEST_F(TrackerStateTest, DownHidesAndUpShows) {
  b.join(entry(1, "lobby", "bob"));
  sync(a, b);
  EXPECT_EQ(keys(a.replica_down(ref("b")).leaves), Texts{"bob"});
  EXPECT_TRUE(a.replica_down(ref("b")).empty());
  EXPECT_TRUE(a.list("lobby").empty());
  EXPECT_FALSE(a.clocks().contains(ref("b")));
  b.join(entry(2, "lobby", "bea"));
  EXPECT_TRUE(a.merge(b.take_delta()).empty());
  EXPECT_TRUE(a.list("lobby").empty());
  const auto up = a.replica_up(ref("b"));
  EXPECT_EQ(keys(up.joins), (Texts{"bea", "bob"}));
  EXPECT_TRUE(up.leaves.empty());
  EXPECT_TRUE(a.replica_up(ref("b")).empty());
  EXPECT_EQ(keys(a.list("lobby")), (Texts{"bea", "bob"}));
}

// A12.184: a and b do not hear each other, both hear c
TEST_F(TrackerStateTest, ChangesTravelThroughAThird) {
  auto c = state_of("c", {"a", "b"});
  a.join(entry(1, "lobby", "ada"));
  sync(c, a);
  EXPECT_EQ(keys(sync(b, c).joins), Texts{"ada"});
  a.leave(1);
  EXPECT_EQ(keys(sync(c, a).leaves), Texts{"ada"});
  EXPECT_EQ(keys(sync(b, c).leaves), Texts{"ada"});
  EXPECT_EQ(b.clocks(), c.clocks());
}

// A12.185; lists are by topic, get_by_key is the tracker's
TEST_F(TrackerStateTest, Lookups) {
  a.join(entry(1, "lobby", "ada"));
  a.join(entry(1, "games", "ada"));
  a.join(entry(2, "lobby", "ada"));
  b.join(entry(1, "lobby", "bob"));
  sync(a, b);
  EXPECT_EQ(keys(a.list("lobby")), (Texts{"ada", "ada", "bob"}));
  EXPECT_EQ(keys(a.list("games")), Texts{"ada"});
  EXPECT_TRUE(a.list("nowhere").empty());
  EXPECT_NE(a.find(1, "lobby", "ada"), nullptr);
  EXPECT_EQ(a.find(1, "lobby", "bob"), nullptr);  // actor 1 of b is somebody else
  EXPECT_EQ(a.find(3, "lobby", "ada"), nullptr);
  EXPECT_EQ(keys(a.leave(1)), (Texts{"ada", "ada"}));
  EXPECT_TRUE(a.leave(3).empty());
  a.replica_down(ref("b"));
  EXPECT_EQ(keys(a.list("lobby")), Texts{"ada"});
}

// A12.186
TEST(TrackerState, ReplicaUpStartsAtZero) {
  TrackerState a(ref("a"));
  EXPECT_EQ(a.clocks(), (Clocks{{ref("a"), 0}}));
  a.replica_up(ref("b"));
  EXPECT_EQ(a.clocks(), (Clocks{{ref("a"), 0}, {ref("b"), 0}}));
}

// A12.187
TEST_F(TrackerStateTest, APermanentlyDownReplicaIsForgotten) {
  a.join(entry(1, "lobby", "ada"));
  b.join(entry(1, "lobby", "bob"));
  sync(a, b);
  a.replica_down(ref("b"));
  EXPECT_EQ(a.raw_size(), 2U);
  EXPECT_TRUE(a.remove_replica(ref("b")).empty());
  EXPECT_EQ(a.raw_size(), 1U);
  EXPECT_TRUE(sync(a, b).empty());  // not known any more
  EXPECT_EQ(keys(a.list("lobby")), Texts{"ada"});
  EXPECT_EQ(a.clocks(), (Clocks{{ref("a"), 1}, {ref("c"), 0}}));
}

// 8.5: one that is removed while up leaves at once
TEST_F(TrackerStateTest, RemovingAReplicaThatIsUpEmitsLeaves) {
  b.join(entry(1, "lobby", "bob"));
  sync(a, b);
  EXPECT_EQ(keys(a.remove_replica(ref("b")).leaves), Texts{"bob"});
}

// A12.188
TEST_F(TrackerStateTest, DeltasMergeLikeStates) {
  a.join(entry(1, "lobby", "ada"));
  a.join(entry(2, "lobby", "amy"));
  a.leave(2);
  const auto delta = a.take_delta();
  EXPECT_EQ(delta.parts.at(ref("a")).range, (TickRange{0, 3}));
  EXPECT_FALSE(a.has_delta());
  EXPECT_EQ(keys(b.merge(delta).joins), Texts{"ada"});
  EXPECT_TRUE(b.merge(delta).empty());
  EXPECT_EQ(b.clocks().at(ref("a")), 3U);
  EXPECT_TRUE(b.extract(ref("c"), {{ref("a"), 0}}).parts.at(ref("a")).cloud.empty());
  a.leave(1);
  EXPECT_EQ(keys(b.merge(a.take_delta()).leaves), Texts{"ada"});
  EXPECT_TRUE(b.has_delta());  // tells others what it saw leave
}

// A12.188: with a gap the cloud stays until a state fills it
TEST_F(TrackerStateTest, CloudsWaitForTheGapToFill) {
  a.join(entry(1, "lobby", "ada"));
  const auto lost = a.take_delta();
  a.join(entry(2, "lobby", "amy"));
  EXPECT_EQ(keys(b.merge(a.take_delta()).joins), Texts{"amy"});
  EXPECT_EQ(b.clocks().at(ref("a")), 0U);
  EXPECT_EQ(b.extract(ref("c"), b.clocks()).parts.at(ref("a")).cloud.size(), 1U);
  EXPECT_EQ(keys(b.merge(lost).joins), Texts{"ada"});
  EXPECT_EQ(b.clocks().at(ref("a")), 2U);
  EXPECT_TRUE(b.extract(ref("c"), b.clocks()).parts.at(ref("a")).cloud.empty());
}

// A12.190
TEST_F(TrackerStateTest, ExtractHoldsOnlyWhatTheReceiverKnows) {
  auto d = state_of("d", {"a", "b"});
  a.join(entry(1, "lobby", "ada"));
  b.join(entry(1, "lobby", "bob"));
  d.join(entry(1, "lobby", "dan"));
  sync(d, a);
  sync(d, b);
  const auto state = d.extract(ref("b"), {{ref("a"), 0}, {ref("b"), 1}, {ref("x"), 7}});
  ASSERT_EQ(state.parts.size(), 1U);  // not d, which b does not know; not b, its own
  EXPECT_EQ(state.parts.at(ref("a")).values.size(), 1U);
  EXPECT_EQ(keys(sync(b, d).joins), Texts{"ada"});
}

// 8.4: late news. The third update arrives first, then the other two.
TEST_F(TrackerStateTest, LateUpdatesNeitherReplaceNorReviveAnybody) {
  std::vector<TrackerDelta> deltas;
  a.join(entry(1, "lobby", "ada", obj("n", 0)));
  deltas.push_back(a.take_delta());
  for (int n = 1; n != 3; ++n) {
    a.update(entry(1, "lobby", "ada", obj("n", n)));
    deltas.push_back(a.take_delta());
  }
  EXPECT_EQ(keys(b.merge(deltas[2]).joins), Texts{"ada"});
  EXPECT_TRUE(b.merge(deltas[0]).empty());
  EXPECT_TRUE(b.merge(deltas[1]).empty());
  EXPECT_EQ(*b.list("lobby").at(0)->meta, obj("n", 2));
  EXPECT_EQ(b.clocks().at(ref("a")), 5U);
  a.leave(1);
  EXPECT_EQ(keys(b.merge(a.take_delta()).leaves), Texts{"ada"});
  for (const auto& late : deltas) EXPECT_TRUE(b.merge(late).empty());
}

}  // namespace
}  // namespace phx::server::test
