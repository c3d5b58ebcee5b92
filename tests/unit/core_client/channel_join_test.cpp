// CH-01 .. CH-46: construction, join, join push, errors and closing of channels. Each line under both presets.
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

// --- join push, ok ---

TEST_P(ClientChannel, CH_17_OkMovesToJoined) { EXPECT_EQ(s.state(s.joined()), ChannelState::joined); }

TEST_P(ClientChannel, CH_18_TheOkHookRunsOnce) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* oks = counting(c, "ok");
  s.ok(c);
  s.ok(c);
  EXPECT_EQ(*oks, 1);
}

TEST_P(ClientChannel, CH_19_AnOkHookAddedLaterRunsAtOnce) { EXPECT_EQ(*counting(s.joined(), "ok"), 1); }

TEST_P(ClientChannel, CH_20_OtherHooksDoNotRunAfterOk) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* errors = counting(c, "error");
  const int* timeouts = counting(c, "timeout");
  s.ok(c);
  s.advance(20s);
  EXPECT_EQ(*errors + *timeouts, 0);
}

TEST_P(ClientChannel, CH_21_OkClearsTheTimeout) {
  const ChannelId c = s.joined();
  s.advance(10s);
  EXPECT_EQ(s.state(c), ChannelState::joined);
  EXPECT_EQ(s.count<JoinFailed>(), 0u);
}

TEST_P(ClientChannel, CH_22_TheResponseIsRemembered) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.ok(c, R"({"chat":"hi"})");
  EXPECT_EQ(s.last<JoinReplied>(), (JoinReplied{c, "ok", R"({"chat":"hi"})", PayloadKind::json}));
}

TEST_P(ClientChannel, CH_23_TheReplyIsBoundToTheJoinRefOnce) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.server(R"([null,"99","room:lobby","phx_reply",{"status":"ok","response":{}}])");
  EXPECT_EQ(s.count<JoinReplied>(), 0u);
  s.ok(c);
  s.ok(c);
  EXPECT_EQ(s.count<JoinReplied>(), 1u);
}

TEST_P(ClientChannel, CH_24_OkResetsTheRejoinTimer) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.refuse(c);
  s.advance(1s);
  EXPECT_EQ(s.socket.channel(c).rejoin_attempts(), 1u);
  s.ok(c);
  EXPECT_EQ(s.socket.channel(c).rejoin_attempts(), 0u);
  EXPECT_FALSE(s.socket.channel(c).rejoin_scheduled());
}

TEST_P(ClientChannel, CH_25_BufferedPushesAreSentBeforeTheOkHook) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.push(c, "new:msg");
  bool checked = false;
  s.receive(c, "ok", [&] {
    checked = true;
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "new:msg"));
    EXPECT_THAT(s.socket.channel(c).push_buffer().items(), IsEmpty());
  });
  s.ok(c);
  EXPECT_TRUE(checked);
}

// --- join push, timeout ---

TEST_P(ClientChannel, CH_26_TheStateIsErroredWhenTheTimeoutHookRuns) {
  s.connect_and_open();
  const ChannelId c = s.join();
  ChannelState seen = ChannelState::closed;
  s.receive(c, "timeout", [&] { seen = s.state(c); });
  s.advance(10s);
  EXPECT_EQ(seen, ChannelState::errored);
}

TEST_P(ClientChannel, CH_27_TheTimeoutHookRunsOnce) {
  s.connect_and_open();
  const int* timeouts = counting(s.join(), "timeout");
  s.advance(20s);
  EXPECT_EQ(*timeouts, 1);
}

TEST_P(ClientChannel, CH_28_NoOtherHookAfterATimeout) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* oks = counting(c, "ok");
  const int* errors = counting(c, "error");
  s.advance(10s);
  s.server(R"(["1","1","room:lobby","phx_reply",{"status":"ok","response":{}}])");
  EXPECT_EQ(*oks + *errors, 0);
  EXPECT_EQ(s.state(c), ChannelState::errored);
}

TEST_P(ClientChannel, CH_29_ATimeoutSchedulesTheRejoin) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.advance(10s);
  EXPECT_TRUE(s.socket.channel(c).rejoin_scheduled());
}

// --- join push, error ---

TEST_P(ClientChannel, CH_30_TheErrorHookRunsOnce) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* errors = counting(c, "error");
  s.refuse(c);
  s.refuse(c);
  EXPECT_EQ(*errors, 1);
}

TEST_P(ClientChannel, CH_31_AnErrorHookAddedLaterRunsAtOnce) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.refuse(c);
  EXPECT_EQ(*counting(c, "error"), 1);
}

TEST_P(ClientChannel, CH_32_LeavingInTheErrorHookEndsEverything) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* oks = counting(c, "ok");
  const int* timeouts = counting(c, "timeout");
  s.receive(c, "error", [&] { s.leave(c); });
  s.refuse(c);
  s.advance(30s);
  EXPECT_EQ(*oks + *timeouts, 0);
  EXPECT_EQ(s.state(c), ChannelState::closed);
}

TEST_P(ClientChannel, CH_33_ErrorClearsTheTimeout) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* timeouts = counting(c, "timeout");
  s.advance(9500ms);
  s.refuse(c);
  s.advance(900ms);
  EXPECT_EQ(*timeouts, 0);
}

TEST_P(ClientChannel, CH_34_TheHookGetsTheResponse) {
  s.connect_and_open();
  const ChannelId c = s.join();
  std::string response;
  s.receive(c, "error", [&] { response = s.last<JoinReplied>().response; });
  s.refuse(c, R"({"reason":"full"})");
  EXPECT_EQ(response, R"({"reason":"full"})");
}

TEST_P(ClientChannel, CH_35_AHookAddedLaterGetsTheResponseToo) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.refuse(c, R"({"reason":"full"})");
  std::string response;
  s.receive(c, "error", [&] { response = s.last<JoinReplied>().response; });
  EXPECT_EQ(response, R"({"reason":"full"})");
}

TEST_P(ClientChannel, CH_36_ErrorMovesToErrored) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.refuse(c);
  EXPECT_EQ(s.state(c), ChannelState::errored);
}

TEST_P(ClientChannel, CH_37_BufferedPushesStayInTheBuffer) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.push(c, "new:msg");
  s.refuse(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
  EXPECT_EQ(s.socket.channel(c).push_buffer().items().size(), 1u);
}

// --- channel error ---

TEST_P(ClientChannel, CH_38_PhxErrorMovesToErrored) {
  const ChannelId c = s.joined();
  s.event(c, "phx_error");
  EXPECT_EQ(s.state(c), ChannelState::errored);
}

TEST_P(ClientChannel, CH_39_OneRejoinAfterOneSecond) {
  const ChannelId c = s.joined();
  s.event(c, "phx_error");
  s.server(R"(["1","1","room:lobby","phx_reply",{"status":"error","response":{}}])");
  s.advance(999ms);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
  s.advance(1ms);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_join"));
  s.advance(9999ms);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_join"));
}

TEST_P(ClientChannel, CH_40_NoRejoinAfterLeaving) {
  const ChannelId c = s.joined();
  s.leave(c);
  s.error();
  s.advance(3s);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_leave"));
  EXPECT_EQ(s.state(c), ChannelState::closed);  // L1, D-3: leaving is over when leave() returns
}

TEST_P(ClientChannel, CH_41_NoRejoinWhileClosed) {
  s.connect_and_open();
  const ChannelId c = s.channel();
  s.error();
  s.advance(3s);
  EXPECT_THAT(s.sent(), IsEmpty());
  EXPECT_EQ(s.state(c), ChannelState::closed);
}

TEST_P(ClientChannel, CH_42_TheErrorHandlerRunsOncePerError) {
  const ChannelId c = s.joined();
  EXPECT_EQ(s.count<ChannelErrored>(), 0u);
  s.event(c, "phx_error", R"({"reason":"channel_crash"})");
  EXPECT_THAT(s.all<ChannelErrored>(), ElementsAre(ChannelErrored{c, PayloadKind::json, R"({"reason":"channel_crash"})"}));
}

TEST_P(ClientChannel, CH_42_ASecondErrorIsToldTooAndPutsTheRejoinOff) {  // parity
  const ChannelId c = s.joined();
  s.event(c, "phx_error");
  s.advance(400ms);
  s.event(c, "phx_error");
  EXPECT_EQ(s.count<ChannelErrored>(), 2u);
  s.advance(999ms);
  EXPECT_EQ(s.state(c), ChannelState::errored);
  s.advance(1ms);
  EXPECT_EQ(s.state(c), ChannelState::joining);
}

// --- channel close ---

TEST_P(ClientChannel, CH_43_PhxCloseMovesToClosed) {
  const ChannelId c = s.joined();
  s.event(c, "phx_close");
  EXPECT_EQ(s.state(c), ChannelState::closed);
}

TEST_P(ClientChannel, CH_44_NoRejoinAfterPhxClose) {
  const ChannelId c = s.joined();
  s.event(c, "phx_close");
  s.advance(3s);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
}

TEST_P(ClientChannel, CH_45_TheCloseHandlerRunsOnce) {
  const ChannelId c = s.joined();
  s.event(c, "phx_close");
  s.event(c, "phx_close");
  EXPECT_THAT(s.all<ChannelClosed>(), ElementsAre(ChannelClosed{c, CloseCause::server}));
}

TEST_P(ClientChannel, CH_46_TheChannelIsRemovedFromTheSocket) {
  const ChannelId c = s.joined();
  EXPECT_EQ(s.socket.channel_count(), 1u);
  s.event(c, "phx_close");
  EXPECT_EQ(s.socket.channel_count(), 0u);
}

}  // namespace
}  // namespace phx::core
