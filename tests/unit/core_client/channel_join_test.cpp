// CH-01 .. CH-16: construction of channels, join and its timing. Each line under both presets.
// Spec client-semantics 3.12, phoenix.js channel_test.js. D-numbers: 3.10.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/core/client/url.hpp>

#include "both_presets.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientChannel : public BothPresets {};
PHX_BOTH_PRESETS(ClientChannel);

// --- construction ---

TEST_P(ClientChannel, CH_01_ANewChannelIsClosedAndEmpty) {
  const ChannelCore& c = s.socket.channel(s.channel("topic", R"({"one":"two"})"));
  EXPECT_EQ(c.state(), ChannelState::closed);
  EXPECT_EQ(c.topic(), "topic");
  EXPECT_EQ(c.params(), R"({"one":"two"})");
  EXPECT_EQ(c.timeout(), 10s);
  EXPECT_FALSE(c.joined_once());
  EXPECT_FALSE(c.join_ref().present());
  EXPECT_THAT(c.push_buffer().items(), IsEmpty());
}

TEST_P(ClientChannel, CH_02_TheJoinPushHasLiteralParams) {
  s.connect_and_open();
  s.join("topic", R"({"one":"two"})");
  EXPECT_THAT(s.sent(), ElementsAre(R"(["1","1","topic","phx_join",{"one":"two"}])"));
}

TEST_P(ClientChannel, CH_03_TheJoinPushHasParamsOfAFunction) {
  s.connect_and_open();
  const ChannelId c = s.socket.create_channel({.topic = "topic", .dynamic_params = true, .timeout = std::nullopt});
  s.join(c);
  EXPECT_THAT(s.sent(), IsEmpty());
  const std::uint32_t request = s.last<NeedJoinParams>().request;
  s.input([&](Effects& out) { s.socket.join_params(c, request, R"({"one":"two"})", s.now(), out); });
  EXPECT_THAT(s.sent(), ElementsAre(R"(["1","1","topic","phx_join",{"one":"two"}])"));
}

TEST_P(ClientChannel, CH_04_ATokenBecomesASubprotocolWithoutPadding) { EXPECT_EQ(auth_subprotocol("1234"), "base64url.bearer.phx.MTIzNA"); }

TEST_P(ClientChannel, CH_05_TheTokenIsAskedForAtEachConnect) {
  s.connect();
  s.lose();
  s.advance(10ms);
  EXPECT_EQ(s.count<OpenTransport>(), 2u);  // the owner evaluates credentials at each (U3)
}

TEST_P(ClientChannel, CH_06_JoinParamsAreAskedForAtEachJoin) {
  s.connect_and_open();
  const ChannelId c = s.socket.create_channel({.topic = "topic", .dynamic_params = true, .timeout = std::nullopt});
  const auto answer = [&](std::string_view params) {
    const std::uint32_t request = s.last<NeedJoinParams>().request;
    s.input([&](Effects& out) { s.socket.join_params(c, request, params, s.now(), out); });
  };
  s.join(c);
  answer(R"({"v":1})");
  s.refuse(c);
  s.advance(1s);
  answer(R"({"v":2})");
  EXPECT_THAT(s.sent(), ElementsAre(R"(["1","1","topic","phx_join",{"v":1}])", R"(["2","2","topic","phx_join",{"v":2}])"));
  EXPECT_EQ(s.socket.channel(c).params(), R"({"v":2})");
}

TEST_P(ClientChannel, JoinParamsOfAnOlderRequestAreIgnored) {
  s.connect_and_open();
  const ChannelId c = s.socket.create_channel({.topic = "topic", .dynamic_params = true, .timeout = std::nullopt});
  s.join(c);
  const std::uint32_t old = s.last<NeedJoinParams>().request;
  s.lose();
  s.advance(10ms);
  s.open();
  ASSERT_EQ(s.count<NeedJoinParams>(), 2u);
  s.input([&](Effects& out) { s.socket.join_params(c, old, "{}", s.now(), out); });
  EXPECT_THAT(s.sent(), IsEmpty());
}

// --- join ---

TEST_P(ClientChannel, CH_07_JoinMovesToJoining) {
  const ChannelId c = s.join();
  EXPECT_EQ(s.state(c), ChannelState::joining);
  EXPECT_THAT(s.all<ChannelStateChanged>(), ElementsAre(ChannelStateChanged{c, ChannelState::closed, ChannelState::joining}));
}

TEST_P(ClientChannel, CH_08_JoinSetsJoinedOnce) { EXPECT_TRUE(s.socket.channel(s.join()).joined_once()); }

TEST_P(ClientChannel, CH_09_ASecondJoinIsAnError) {
  const ChannelId c = s.join();
  try {
    s.join(c);
    FAIL() << "joined twice";
  } catch (const std::logic_error& e) { EXPECT_THAT(e.what(), testing::HasSubstr("tried to join multiple times")); }
}

TEST_P(ClientChannel, CH_10_JoinPushesOneFrame) {
  s.connect_and_open();
  const ChannelId c = s.join("topic");
  EXPECT_THAT(s.sent(), ElementsAre(R"(["1","1","topic","phx_join",{}])"));
  EXPECT_EQ(s.join_ref(c), R"("1")");
}

TEST_P(ClientChannel, CH_11_JoinSetsTheTimeout) {
  const ChannelId c = s.channel();
  s.join(c, 2s);
  EXPECT_EQ(s.socket.channel(c).timeout(), 2s);
  s.advance(2s - 1ms);
  EXPECT_EQ(s.state(c), ChannelState::joining);
  s.advance(1ms);
  EXPECT_EQ(s.state(c), ChannelState::errored);
}

TEST_P(ClientChannel, CH_12_ASecondChannelOfTheTopicReplacesTheFirst) {
  const ChannelId first = s.joined("topic");
  s.join("topic");
  EXPECT_EQ(s.state(first), ChannelState::closed);
  EXPECT_THAT(s.all<ChannelClosed>(), ElementsAre(ChannelClosed{first, CloseCause::replaced}));
}

// --- timing ---

TEST_P(ClientChannel, CH_13_OkBeforeTheTimeout) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.advance(5s);
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
  s.advance(10s);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
}

TEST_P(ClientChannel, CH_14_TimeoutSendsLeaveAndRejoins) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* timeouts = counting(c, "timeout");
  s.advance(10s);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_leave"));
  EXPECT_EQ(*timeouts, 1);
  s.advance(11s);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_leave", "phx_join", "phx_leave"));
  EXPECT_EQ(*timeouts, 2);
  s.advance(10s);
  EXPECT_EQ(s.sent().size(), 6u);  // the third join after 2 s, and the heartbeat at 30 s
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
}

TEST_P(ClientChannel, CH_15_SocketAndAnswerLate) {
  const ChannelId c = s.join();
  s.advance(10s);
  EXPECT_EQ(s.state(c), ChannelState::errored);
  s.connect_and_open();
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
  if (js()) {
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_leave", "phx_join"));
  } else {
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));  // D-1; X-02
  }
}

TEST_P(ClientChannel, CH_16_SocketLateOnly) {
  const ChannelId c = s.join();
  s.advance(6s);
  s.connect();
  s.advance(5s);
  s.open();
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
}

TEST_P(ClientChannel, SocketOpensWithinTheJoinTimeout) {
  const ChannelId c = s.join();
  s.connect_and_open();
  EXPECT_THAT(s.sent(), ElementsAre(R"(["1","1","room:lobby","phx_join",{}])"));
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
}

}  // namespace
}  // namespace phx::core
