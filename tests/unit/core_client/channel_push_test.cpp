// CH-47 .. CH-69: handlers, predicates, push and leave. Spec client-semantics 3.12, phoenix.js channel_test.js.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "both_presets.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientChannelPush : public BothPresets {};
PHX_BOTH_PRESETS(ClientChannelPush);

// --- handlers, predicates ---

TEST_P(ClientChannelPush, CH_47_PayloadsArriveUnchanged) {
  const ChannelId c = s.joined();
  s.event(c, "msg", R"({ "one" : [1, 2.50] })");
  EXPECT_EQ(s.last<ChannelMessage>().payload, R"({ "one" : [1, 2.50] })");
}

TEST_P(ClientChannelPush, CH_48_CanPushWhenOpenAndJoined) { EXPECT_TRUE(s.socket.can_push(s.joined())); }

TEST_P(ClientChannelPush, CH_49_CannotPushOtherwise) {
  const ChannelId c = s.channel();
  EXPECT_FALSE(s.socket.can_push(c));  // neither
  s.connect_and_open();
  EXPECT_FALSE(s.socket.can_push(c));  // open, not joined
  s.join(c);
  s.ok(c);
  s.disconnect();
  EXPECT_EQ(s.state(c), ChannelState::joined);
  EXPECT_FALSE(s.socket.can_push(c));  // joined, not open
}

TEST_P(ClientChannelPush, CH_50_AHandlerRunsForLaterMessagesOnly) {
  const ChannelId c = s.joined();
  int runs = 0;
  s.event(c, "msg");
  s.handlers[c].on("msg", [&](const ChannelMessage&) { ++runs; });
  EXPECT_EQ(runs, 0);
  s.event(c, "msg");
  EXPECT_EQ(runs, 1);
}

TEST_P(ClientChannelPush, CH_51_HandlersOfOtherEventsDoNotRun) {
  const ChannelId c = s.joined();
  int runs = 0;
  s.handlers[c].on("other", [&](const ChannelMessage&) { ++runs; });
  s.event(c, "msg");
  EXPECT_EQ(runs, 0);
}

TEST_P(ClientChannelPush, CH_52_HandlerIdsIncreaseByOne) {
  const ChannelId c = s.joined();
  const auto first = s.handlers[c].on("msg", [](const ChannelMessage&) {});
  EXPECT_EQ(s.handlers[c].on("other", [](const ChannelMessage&) {}), first + 1);
}

TEST_P(ClientChannelPush, CH_53_AHandlerThatRemovesItselfHidesNoOther) {
  const ChannelId c = s.joined();
  int runs = 0;
  HandlerTable<ScriptedSocket::Handler>::Id self{};
  self = s.handlers[c].on("msg", [&](const ChannelMessage&) { s.handlers[c].off("msg", self); });
  s.handlers[c].on("msg", [&](const ChannelMessage&) { ++runs; });
  s.event(c, "msg");
  EXPECT_EQ(runs, 1);
}

TEST_P(ClientChannelPush, CH_54_OffRemovesAllHandlersOfTheEvent) {
  const ChannelId c = s.joined();
  int runs = 0, others = 0;
  s.handlers[c].on("msg", [&](const ChannelMessage&) { ++runs; });
  s.handlers[c].on("msg", [&](const ChannelMessage&) { ++runs; });
  s.handlers[c].on("other", [&](const ChannelMessage&) { ++others; });
  s.handlers[c].off("msg");
  s.event(c, "msg");
  s.event(c, "other");
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(others, 1);
}

TEST_P(ClientChannelPush, CH_55_OffWithAnIdRemovesThatOne) {
  const ChannelId c = s.joined();
  int first = 0, second = 0;
  const auto id = s.handlers[c].on("msg", [&](const ChannelMessage&) { ++first; });
  s.handlers[c].on("msg", [&](const ChannelMessage&) { ++second; });
  s.handlers[c].off("msg", id);
  s.event(c, "msg");
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

// --- push ---

TEST_P(ClientChannelPush, CH_56_JoinedAndOpenSendsAtOnce) {
  const ChannelId c = s.joined("topic");
  s.forget();
  s.push(c, "event", R"({"foo":"bar"})");
  EXPECT_THAT(s.sent(), ElementsAre(R"(["1","2","topic","event",{"foo":"bar"}])"));
}

TEST_P(ClientChannelPush, CH_57_WhileJoiningItWaits) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.push(c, "event");
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
  s.ok(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "event"));
}

TEST_P(ClientChannelPush, CH_58_APushThatTimedOutIsNeverSent) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.push(c, "event");
  s.advance(20s);
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
  EXPECT_THAT(s.sent_events(), testing::Not(testing::Contains("event")));
}

TEST_P(ClientChannelPush, CH_59_TheDefaultTimeoutIsTheChannels) {
  const int* timeouts = counting(s.push(s.joined(), "event"), "timeout");
  s.advance(5s);
  EXPECT_EQ(*timeouts, 0);
  s.advance(5s);
  EXPECT_EQ(*timeouts, 1);
}

TEST_P(ClientChannelPush, CH_60_AnExplicitTimeoutIsUsed) {
  const int* timeouts = counting(s.push(s.joined(), "event", "{}", 2s), "timeout");
  s.advance(1s);
  EXPECT_EQ(*timeouts, 0);
  s.advance(1s);
  EXPECT_EQ(*timeouts, 1);
}

TEST_P(ClientChannelPush, CH_61_NoTimeoutAfterOk) {
  const ChannelId c = s.joined();
  const int* timeouts = counting(s.push(c, "event"), "timeout");
  s.reply(c);
  s.advance(20s);
  EXPECT_EQ(*timeouts, 0);
}

TEST_P(ClientChannelPush, CH_62_PushingBeforeJoinIsAnError) {
  const ChannelId c = s.channel("topic");
  try {
    s.push(c, "event");
    FAIL() << "pushed before join";
  } catch (const std::logic_error& e) { EXPECT_THAT(e.what(), testing::HasSubstr("tried to push 'event' to 'topic' before joining")); }
}

TEST_P(ClientChannelPush, CH_63_ThreeBufferedPushesLeaveThreeBindings) {
  s.connect_and_open();
  const ChannelId c = s.join("topic");
  for (const char* event : {"a", "b", "c"}) s.push(c, event);
  s.ok(c);
  EXPECT_EQ(s.socket.in_flight(), 3u);
  const std::uint64_t newest = s.socket.current_ref();
  for (std::uint64_t ref = newest - 2; ref <= newest; ++ref)
    s.server(R"(["1",")" + std::to_string(ref) + R"(","topic","phx_reply",{"status":"ok","response":{}}])");
  EXPECT_EQ(s.socket.in_flight(), 0u);
  EXPECT_EQ(s.count<PushReplied>(), 3u);
}

TEST_P(ClientChannelPush, RepliesComeInAnyOrder) {
  const ChannelId c = s.joined("topic");
  const PushId a = s.push(c, "a");
  const PushId b = s.push(c, "b");
  s.server(R"(["1","3","topic","phx_reply",{"status":"ok","response":{}}])");
  s.server(R"(["1","2","topic","phx_reply",{"status":"ok","response":{}}])");
  const auto replies = s.all<PushReplied>();
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[0].push, b);
  EXPECT_EQ(replies[1].push, a);
}

TEST_P(ClientChannelPush, ACancelledPushIsNeverAnswered) {
  const ChannelId c = s.joined();
  s.socket.cancel(s.push(c, "event"));
  s.reply(c);
  s.advance(20s);
  EXPECT_EQ(s.count<PushReplied>() + s.count<PushFailed>(), 0u);
}

TEST_P(ClientChannelPush, ARepliesEventIsDeliveredBeforeItsReply) {  // C6
  const ChannelId c = s.joined();
  const PushId push = s.push(c, "event");
  s.forget();
  s.reply(c, "ok", "7");
  ASSERT_GE(s.log.size(), 2u);
  EXPECT_EQ(std::get<ChannelMessage>(s.log[0]).event, "phx_reply");
  EXPECT_EQ(std::get<PushReplied>(s.log[1]), (PushReplied{push, c, PayloadKind::json, "ok", "7"}));
}

// --- leave ---

TEST_P(ClientChannelPush, CH_64_LeaveSendsPhxLeave) {
  const ChannelId c = s.joined("topic");
  s.forget();
  s.leave(c);
  EXPECT_THAT(s.sent(), ElementsAre(R"(["1","2","topic","phx_leave",{}])"));
}

TEST_P(ClientChannelPush, CH_65_OnOkTheChannelDisappearsFromTheSocket) {
  s.joined("other");
  const ChannelId c = s.joined("topic");
  s.leave(c);
  EXPECT_EQ(s.socket.channel_count(), 1u);
}

TEST_P(ClientChannelPush, CH_66_OnOkTheStateIsClosed) {
  const ChannelId c = s.joined();
  s.leave(c);
  s.reply(c);
  EXPECT_EQ(s.state(c), ChannelState::closed);
}

TEST_P(ClientChannelPush, CH_67_TheOperationLastsUntilTheAnswer) {
  const ChannelId c = s.joined();
  const PushId leave = s.leave(c);
  EXPECT_EQ(s.count<PushReplied>(), js() ? 1u : 0u);  // D-3
  s.reply(c);
  EXPECT_THAT(s.all<PushReplied>(), ElementsAre(PushReplied{leave, c, PayloadKind::json, "ok", "{}"}));
}

TEST_P(ClientChannelPush, CH_68_TheOperationEndsAtItsTimeout) {
  const ChannelId c = s.joined();
  const PushId leave = s.leave(c);
  s.advance(10s);
  EXPECT_EQ(s.state(c), ChannelState::closed);
  if (js()) return;  // completed at once
  EXPECT_THAT(s.all<PushFailed>(), ElementsAre(PushFailed{leave, c, Errc::push_timeout}));
}

TEST_P(ClientChannelPush, CH_69_AnExplicitLeaveTimeoutIsRespected) {
  const ChannelId c = s.joined();
  s.leave(c, 2s);
  s.advance(1999ms);
  EXPECT_EQ(s.count<PushFailed>(), 0u);
  s.advance(1ms);
  EXPECT_EQ(s.count<PushFailed>(), js() ? 0u : 1u);
}

TEST_P(ClientChannelPush, AJoinAnsweredWhileTheConnectionClosesSendsNothing) {  // P8, S14; parity
  s.connect_and_open();
  const ChannelId c = s.join();
  s.push(c, "event");
  s.disconnect();
  s.ok(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
  s.lose(1000, true);
  s.connect_and_open();
  if (js()) {
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "event", "phx_join"));  // it waited in the send buffer, under the old join_ref
  } else {
    s.ok(c);
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_join", "event"));
  }
}

TEST_P(ClientChannelPush, LeaveOfAClosedChannel) {  // L1; parity: phoenix.js says it all again
  const ChannelId c = s.joined();
  s.leave(c);
  s.forget();
  s.leave(c);
  EXPECT_EQ(s.last<PushReplied>().status, "ok");
  EXPECT_EQ(s.count<ChannelClosed>(), js() ? 1u : 0u);
  EXPECT_EQ(s.count<SendFrame>(), js() ? 1u : 0u);
  EXPECT_EQ(s.state(c), ChannelState::closed);
}

TEST_P(ClientChannelPush, LeaveWhileDisconnectedCompletesAtOnce) {  // L3, D-1: there is nothing to leave on the server
  const ChannelId c = s.joined();
  s.lose();
  s.forget();
  s.leave(c);
  EXPECT_EQ(s.state(c), ChannelState::closed);
  EXPECT_EQ(s.last<PushReplied>().status, "ok");
  s.advance(10ms);
  s.open();
  if (js()) {
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_leave"));
  } else {
    EXPECT_THAT(s.sent(), IsEmpty());
  }
}

}  // namespace
}  // namespace phx::core
