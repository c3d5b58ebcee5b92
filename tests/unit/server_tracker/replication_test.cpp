// server-behaviours A14, 198 to 211; server.md 8.5. (212: replicated_tracker_test.cpp)

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "entries.hpp"
#include "network.hpp"

namespace phx::server::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t heartbeat = 0, transfer_request = 1, transfer_ack = 2;

struct TrackerReplication : ::testing::Test {
  Network net;

  void start(const Texts& names, Duration settle = 20s) {
    for (const auto& name : names) net.start(name);
    net.advance(settle);
    net.sent.clear();
  }
  Texts listed(const std::string& node) { return keys(net.core(node).state().list("lobby")); }
  ReplicaStatus status(const std::string& node, const std::string& of) { return net.core(node).replicas().find(of)->status; }
};

// A14.198: the first at once, then one each 10 silent periods; with news, each period
TEST_F(TrackerReplication, HeartbeatsArePeriodic) {
  net.start("a");
  net.advance(375ms);
  EXPECT_EQ(net.count_sent(heartbeat, "a"), 1U);
  net.advance(33s);
  EXPECT_EQ(net.count_sent(heartbeat, "a"), 3U);
  for (ActorId actor = 1; actor != 5; ++actor) {
    net.track("a", actor, "lobby", "ada");
    net.advance(1500ms);
  }
  EXPECT_EQ(net.count_sent(heartbeat, "a"), 7U);
}

// A14.199
TEST_F(TrackerReplication, GossipOfAnUnseenNodeLeadsToATransfer) {
  start({"a"});
  net.track("a", 1, "lobby", "ada");
  net.advance(3s);
  net.start("b");
  net.advance(20s);
  EXPECT_EQ(status("b", "a"), ReplicaStatus::up);
  EXPECT_EQ(net.count_sent(transfer_request, "b"), 1U);
  EXPECT_EQ(net.count_sent(transfer_ack, "a"), 1U);
  EXPECT_EQ(listed("b"), Texts{"ada"});
}

// A14.200: b and c know the same of a, and c more of itself
TEST_F(TrackerReplication, SeveralOutdatedPeersCollapseToOneRequest) {
  start({"a", "b", "c", "d"});
  net.cut("d", 1);
  net.track("a", 1, "lobby", "ada");
  net.advance(2s);
  net.track("b", 1, "lobby", "bob");
  net.advance(2s);
  net.track("c", 1, "lobby", "cat");
  net.advance(2s);
  net.sent.clear();
  net.heal();
  net.advance(20s);
  EXPECT_EQ(net.count_sent(transfer_request, "d"), 1U);
  EXPECT_EQ(listed("d"), (Texts{"ada", "bob", "cat"}));
}

// A14.201
TEST_F(TrackerReplication, AFormerIncarnationIsGoneEverywhere) {
  start({"a", "b", "c"});
  net.track("a", 1, "lobby", "old");
  net.advance(2s);
  EXPECT_EQ(listed("c"), Texts{"old"});
  net.start("a");
  net.track("a", 1, "lobby", "new");
  net.advance(5s);
  for (const auto* node : {"a", "b", "c"}) EXPECT_EQ(listed(node), Texts{"new"}) << node;
  EXPECT_EQ(net.core("b").replicas().find("a")->ref.vsn, 2U);
}

// A14.202 suspended and resumed; A14.204
TEST_F(TrackerReplication, SuspendedLeavesResumedJoinsWithTheSameVsn) {
  start({"a", "b"});
  net.track("a", 1, "lobby", "ada");
  net.advance(2s);
  net.suspend("a");
  net.advance(35s);
  EXPECT_EQ(status("b", "a"), ReplicaStatus::down);
  EXPECT_TRUE(net.summed("b").empty());
  EXPECT_TRUE(listed("b").empty());
  EXPECT_EQ(net.core("b").state().raw_size(), 1U);
  net.resume("a");
  net.advance(35s);
  EXPECT_EQ(status("b", "a"), ReplicaStatus::up);
  EXPECT_EQ(net.core("b").replicas().find("a")->ref.vsn, 1U);
  EXPECT_EQ(listed("b"), Texts{"ada"});
  EXPECT_EQ(net.summed("b").size(), 1U);
}

// A14.202 silent beyond permdown; A14.204: the raw table too
TEST_F(TrackerReplication, SilentBeyondPermdownIsRemoved) {
  start({"a", "b"});
  net.track("a", 1, "lobby", "ada");
  net.advance(2s);
  net.crash("a");
  net.advance(19min);
  EXPECT_EQ(net.core("b").state().raw_size(), 1U);
  net.advance(2min);
  EXPECT_EQ(net.core("b").replicas().find("a"), nullptr);
  EXPECT_EQ(net.core("b").state().raw_size(), 0U);
  EXPECT_EQ(net.broken_diff, "");
}

// A14.203
TEST_F(TrackerReplication, JoinsAndLeavesAreReportedOnceEach) {
  start({"a", "b"});
  net.faults.doubled_percent = 100;
  net.track("a", 1, "lobby", "ada");
  net.track("b", 1, "lobby", "bob");
  net.advance(5s);
  for (const auto* node : {"a", "b"}) EXPECT_EQ(net.summed(node).size(), 2U) << node;
  net.untrack("a", 1, "lobby", "ada");
  net.advance(5s);
  for (const auto* node : {"a", "b"}) EXPECT_EQ(net.summed(node), net.tracked()) << node;
  EXPECT_EQ(net.broken_diff, "");
}

// A14.205
TEST_F(TrackerReplication, Untracking) {
  start({"a", "b"});
  net.track("a", 1, "lobby", "k1");
  net.track("a", 1, "games", "k1");
  net.track("a", 1, "lobby", "k2");
  net.untrack("a", 1, "nowhere", "k1");
  net.untrack("a", 2);
  EXPECT_EQ(net.summed("a").size(), 3U);
  net.untrack("a", 1, "lobby", "k1");
  net.advance(2s);
  EXPECT_EQ(listed("b"), Texts{"k2"});
  net.untrack("a", 1);
  net.advance(2s);
  EXPECT_TRUE(net.summed("b").empty());
  EXPECT_EQ(net.core("b").state().raw_size(), 0U);
  EXPECT_EQ(net.broken_diff, "");
}

// A14.206, 207, 208; phx_ref_prev: replicated_tracker_test.cpp
TEST_F(TrackerReplication, TrackAndUpdateTellWhatIsWrong) {
  TrackerCore core(ref("a"), {}, {});
  TrackerEffects out;
  EXPECT_FALSE(core.update(make_entry(1, "lobby", "ada"), out));
  EXPECT_TRUE(core.track(make_entry(1, "lobby", "ada", obj("n", 1)), out));
  EXPECT_FALSE(core.track(make_entry(1, "lobby", "ada"), out));
  EXPECT_TRUE(core.track(make_entry(1, "games", "ada"), out));
  EXPECT_TRUE(core.track(make_entry(1, "lobby", "bob"), out));
  ASSERT_EQ(out.diffs.size(), 3U);
  EXPECT_TRUE(core.update(make_entry(1, "lobby", "ada", obj("n", 2)), out));
  ASSERT_EQ(out.diffs.size(), 4U);
  EXPECT_EQ(*out.diffs[3].joins.at(0).meta, obj("n", 2));
  EXPECT_EQ(*out.diffs[3].leaves.at(0).meta, obj("n", 1));
  EXPECT_TRUE(out.sends.empty());
}

// A14.209
TEST_F(TrackerReplication, GracefulPermdownLeavesAtOnce) {
  start({"a", "b"});
  net.track("a", 1, "lobby", "ada");
  net.advance(2s);
  net.stop("a");
  net.advance(1ms);
  EXPECT_TRUE(net.summed("b").empty());
  EXPECT_EQ(net.core("b").replicas().find("a"), nullptr);
  EXPECT_EQ(net.core("b").state().raw_size(), 0U);
}

// A14.210: b keeps what old left until permdown, and does not count it among its clocks
TEST_F(TrackerReplication, ANewNodeRequestsOneTransferWhileAnOldOneIsInItsGrace) {
  start({"old", "b"});
  net.track("old", 1, "lobby", "ada");
  net.track("b", 1, "lobby", "bob");
  net.advance(2s);
  net.crash("old");
  net.advance(40s);
  ASSERT_EQ(status("b", "old"), ReplicaStatus::down);
  net.start("new");
  net.advance(120s);
  EXPECT_EQ(net.count_sent(transfer_request, "new"), 1U);
  EXPECT_EQ(listed("new"), Texts{"bob"});
}

// A14.211
TEST_F(TrackerReplication, PeriodsMustFitTogether) {
  const auto made_with = [](TrackerOptions options) { TrackerCore core(ref("a"), std::move(options), {}); };
  EXPECT_NO_THROW(made_with({.broadcast_period = 1s, .down_period = 2s, .permdown_period = 3s}));
  EXPECT_THROW(made_with({.broadcast_period = 1s, .down_period = 1999ms}), std::invalid_argument);
  EXPECT_THROW(made_with({.down_period = 30s, .permdown_period = 30s}), std::invalid_argument);
  EXPECT_THROW(made_with({.broadcast_period = 0s}), std::invalid_argument);
  EXPECT_THROW(made_with({.clock_sample_periods = 0}), std::invalid_argument);
}

// 8.5: nobody can speak for us, nor bring back who was replaced
TEST_F(TrackerReplication, OwnEchoesAndLateMessagesAreIgnored) {
  start({"a", "b"});
  net.start("a");
  net.advance(3s);
  TrackerEffects out;
  net.core("b").on_message(TrackerHeartbeat{ref("a", 1), {}, nullptr}, net.clock.now(), out);
  net.core("b").on_message(GracefulPermdown{ref("a", 1)}, net.clock.now(), out);
  EXPECT_EQ(net.core("b").replicas().find("a")->ref.vsn, 2U);
  net.core("b").on_message(GracefulPermdown{ref("b", 1)}, net.clock.now(), out);
  net.core("b").on_message(TransferRequest{ref("b", 0), 1, {}}, net.clock.now(), out);
  EXPECT_TRUE(out.sends.empty());
  EXPECT_TRUE(out.diffs.empty());
}

}  // namespace
}  // namespace phx::server::test
