// CH-17 .. CH-46: what comes of a join: ok, timeout, error; then errors and closing of channels. Each line under both presets.
// Spec client-semantics 3.12, phoenix.js channel_test.js. D-numbers: 3.10.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "both_presets.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientChannelAnswer : public BothPresets {};
PHX_BOTH_PRESETS(ClientChannelAnswer);

// --- join push, ok ---

TEST_P(ClientChannelAnswer, CH_17_OkMovesToJoined) { EXPECT_EQ(s.state(s.joined()), ChannelState::joined); }

TEST_P(ClientChannelAnswer, CH_18_TheOkHookRunsOnce) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* oks = counting(c, "ok");
  s.ok(c);
  s.ok(c);
  EXPECT_EQ(*oks, 1);
}

TEST_P(ClientChannelAnswer, CH_19_AnOkHookAddedLaterRunsAtOnce) { EXPECT_EQ(*counting(s.joined(), "ok"), 1); }

TEST_P(ClientChannelAnswer, CH_20_OtherHooksDoNotRunAfterOk) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* errors = counting(c, "error");
  const int* timeouts = counting(c, "timeout");
  s.ok(c);
  s.advance(20s);
  EXPECT_EQ(*errors + *timeouts, 0);
}

TEST_P(ClientChannelAnswer, CH_21_OkClearsTheTimeout) {
  const ChannelId c = s.joined();
  s.advance(10s);
  EXPECT_EQ(s.state(c), ChannelState::joined);
  EXPECT_EQ(s.count<JoinFailed>(), 0u);
}

TEST_P(ClientChannelAnswer, CH_22_TheResponseIsRemembered) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.ok(c, R"({"chat":"hi"})");
  EXPECT_EQ(s.last<JoinReplied>(), (JoinReplied{c, "ok", R"({"chat":"hi"})", PayloadKind::json}));
}

TEST_P(ClientChannelAnswer, CH_23_TheReplyIsBoundToTheJoinRefOnce) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.server(R"([null,"99","room:lobby","phx_reply",{"status":"ok","response":{}}])");
  EXPECT_EQ(s.count<JoinReplied>(), 0u);
  s.ok(c);
  s.ok(c);
  EXPECT_EQ(s.count<JoinReplied>(), 1u);
}

TEST_P(ClientChannelAnswer, CH_24_OkResetsTheRejoinTimer) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.refuse(c);
  s.advance(1s);
  EXPECT_EQ(s.socket.channel(c).rejoin_attempts(), 1u);
  s.ok(c);
  EXPECT_EQ(s.socket.channel(c).rejoin_attempts(), 0u);
  EXPECT_FALSE(s.socket.channel(c).rejoin_scheduled());
}

TEST_P(ClientChannelAnswer, CH_25_BufferedPushesAreSentBeforeTheOkHook) {
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

TEST_P(ClientChannelAnswer, CH_26_TheStateIsErroredWhenTheTimeoutHookRuns) {
  s.connect_and_open();
  const ChannelId c = s.join();
  ChannelState seen = ChannelState::closed;
  s.receive(c, "timeout", [&] { seen = s.state(c); });
  s.advance(10s);
  EXPECT_EQ(seen, ChannelState::errored);
}

TEST_P(ClientChannelAnswer, CH_27_TheTimeoutHookRunsOnce) {
  s.connect_and_open();
  const int* timeouts = counting(s.join(), "timeout");
  s.advance(20s);
  EXPECT_EQ(*timeouts, 1);
}

TEST_P(ClientChannelAnswer, CH_28_NoOtherHookAfterATimeout) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* oks = counting(c, "ok");
  const int* errors = counting(c, "error");
  s.advance(10s);
  s.server(R"(["1","1","room:lobby","phx_reply",{"status":"ok","response":{}}])");
  EXPECT_EQ(*oks + *errors, 0);
  EXPECT_EQ(s.state(c), ChannelState::errored);
}

TEST_P(ClientChannelAnswer, CH_29_ATimeoutSchedulesTheRejoin) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.advance(10s);
  EXPECT_TRUE(s.socket.channel(c).rejoin_scheduled());
}

// --- join push, error ---

TEST_P(ClientChannelAnswer, CH_30_TheErrorHookRunsOnce) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* errors = counting(c, "error");
  s.refuse(c);
  s.refuse(c);
  EXPECT_EQ(*errors, 1);
}

TEST_P(ClientChannelAnswer, CH_31_AnErrorHookAddedLaterRunsAtOnce) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.refuse(c);
  EXPECT_EQ(*counting(c, "error"), 1);
}

TEST_P(ClientChannelAnswer, CH_32_LeavingInTheErrorHookEndsEverything) {
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

TEST_P(ClientChannelAnswer, CH_33_ErrorClearsTheTimeout) {
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* timeouts = counting(c, "timeout");
  s.advance(9500ms);
  s.refuse(c);
  s.advance(900ms);
  EXPECT_EQ(*timeouts, 0);
}

TEST_P(ClientChannelAnswer, CH_34_TheHookGetsTheResponse) {
  s.connect_and_open();
  const ChannelId c = s.join();
  std::string response;
  s.receive(c, "error", [&] { response = s.last<JoinReplied>().response; });
  s.refuse(c, R"({"reason":"full"})");
  EXPECT_EQ(response, R"({"reason":"full"})");
}

TEST_P(ClientChannelAnswer, CH_35_AHookAddedLaterGetsTheResponseToo) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.refuse(c, R"({"reason":"full"})");
  std::string response;
  s.receive(c, "error", [&] { response = s.last<JoinReplied>().response; });
  EXPECT_EQ(response, R"({"reason":"full"})");
}

TEST_P(ClientChannelAnswer, CH_36_ErrorMovesToErrored) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.refuse(c);
  EXPECT_EQ(s.state(c), ChannelState::errored);
}

TEST_P(ClientChannelAnswer, CH_37_BufferedPushesStayInTheBuffer) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.push(c, "new:msg");
  s.refuse(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
  EXPECT_EQ(s.socket.channel(c).push_buffer().items().size(), 1u);
}

// --- channel error ---

TEST_P(ClientChannelAnswer, CH_38_PhxErrorMovesToErrored) {
  const ChannelId c = s.joined();
  s.event(c, "phx_error");
  EXPECT_EQ(s.state(c), ChannelState::errored);
}

TEST_P(ClientChannelAnswer, CH_39_OneRejoinAfterOneSecond) {
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

TEST_P(ClientChannelAnswer, CH_40_NoRejoinAfterLeaving) {
  const ChannelId c = s.joined();
  s.leave(c);
  s.error();
  s.advance(3s);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_leave"));
  EXPECT_EQ(s.state(c), ChannelState::closed);  // L1, D-3: leaving is over when leave() returns
}

TEST_P(ClientChannelAnswer, CH_41_NoRejoinWhileClosed) {
  s.connect_and_open();
  const ChannelId c = s.channel();
  s.error();
  s.advance(3s);
  EXPECT_THAT(s.sent(), IsEmpty());
  EXPECT_EQ(s.state(c), ChannelState::closed);
}

TEST_P(ClientChannelAnswer, CH_42_TheErrorHandlerRunsOncePerError) {
  const ChannelId c = s.joined();
  EXPECT_EQ(s.count<ChannelErrored>(), 0u);
  s.event(c, "phx_error", R"({"reason":"channel_crash"})");
  EXPECT_THAT(s.all<ChannelErrored>(), ElementsAre(ChannelErrored{c, PayloadKind::json, R"({"reason":"channel_crash"})"}));
}

TEST_P(ClientChannelAnswer, CH_42_ASecondErrorIsToldTooAndPutsTheRejoinOff) {  // parity
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

TEST_P(ClientChannelAnswer, CH_43_PhxCloseMovesToClosed) {
  const ChannelId c = s.joined();
  s.event(c, "phx_close");
  EXPECT_EQ(s.state(c), ChannelState::closed);
}

TEST_P(ClientChannelAnswer, CH_44_NoRejoinAfterPhxClose) {
  const ChannelId c = s.joined();
  s.event(c, "phx_close");
  s.advance(3s);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
}

TEST_P(ClientChannelAnswer, CH_45_TheCloseHandlerRunsOnce) {
  const ChannelId c = s.joined();
  s.event(c, "phx_close");
  s.event(c, "phx_close");
  EXPECT_THAT(s.all<ChannelClosed>(), ElementsAre(ChannelClosed{c, CloseCause::server}));
}

TEST_P(ClientChannelAnswer, CH_46_TheChannelIsRemovedFromTheSocket) {
  const ChannelId c = s.joined();
  EXPECT_EQ(s.socket.channel_count(), 1u);
  s.event(c, "phx_close");
  EXPECT_EQ(s.socket.channel_count(), 0u);
}

}  // namespace
}  // namespace phx::core
