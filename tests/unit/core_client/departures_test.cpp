// X-01 .. X-04, X-07 .. X-13, X-16 .. X-22: cases found by execution. Spec client-semantics 3.13; D-numbers 3.10.
// X-05, X-06, X-14, X-15 are in teardown_test.cpp; X-23 in longpoll_sending_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "both_presets.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientDepartures : public BothPresets {};
PHX_BOTH_PRESETS(ClientDepartures);

TEST_P(ClientDepartures, X_01_AFailedFirstConnectThenOpen) {  // D-1
  s.join();
  s.connect();
  s.error();
  s.lose();
  s.advance(10ms);
  s.open();
  if (js()) {
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_join"));
  } else {
    EXPECT_THAT(s.sent(), ElementsAre(R"(["1","1","room:lobby","phx_join",{}])"));
  }
}

TEST_P(ClientDepartures, X_02_AJoinTimeoutOfflineThenOpen) {  // D-1
  s.join();
  s.advance(10s);
  s.connect_and_open();
  if (js()) {
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_leave", "phx_join"));
  } else {
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
  }
}

TEST_P(ClientDepartures, X_03_TheCloseHandlerComesBeforeTheOkHook) {  // L2
  const ChannelId c = s.joined();
  const PushId leave = s.leave(c);
  s.reply(c);
  EXPECT_EQ(s.count<ChannelClosed>(), 1u);
  std::size_t closed = 0, replied = 0;
  for (std::size_t i = 0; i < s.log.size(); ++i) {
    if (std::holds_alternative<ChannelClosed>(s.log[i])) closed = i;
    if (const auto* r = std::get_if<PushReplied>(&s.log[i]); r != nullptr && r->push == leave) replied = i;
  }
  EXPECT_LT(closed, replied);

  s.forget();
  s.server(R"(["1","2","room:lobby","phx_reply",{"status":"ok","response":{}}])");
  s.server(R"(["1","1","room:lobby","phx_close",{}])");
  EXPECT_EQ(s.log.size(), s.count<MessageSeen>());
}

TEST_P(ClientDepartures, X_04_RefAndDeadlineOfABufferedPush) {  // D-2
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* timeouts = counting(s.push(c, "event", "{}", 8s), "timeout");
  s.advance(5s);
  s.ok(c);
  EXPECT_EQ(s.sent().back(), js() ? R"(["1","3","room:lobby","event",{}])" : R"(["1","2","room:lobby","event",{}])");
  s.advance(3s);
  EXPECT_EQ(*timeouts, js() ? 0 : 1);
  s.advance(5s);
  EXPECT_EQ(*timeouts, 1);
}

TEST(ClientDeparturesOption, X_04_TheDeadlineMayCountFromTheSend) {  // D-2
  Policy policy = Policy::phxkit();
  policy.push_deadline = PushDeadline::from_send;
  ScriptedSocket s(policy);
  s.connect_and_open();
  const ChannelId c = s.join();
  s.push(c, "event", "{}", 2s);
  s.advance(5s);
  s.ok(c);
  s.advance(1999ms);
  EXPECT_EQ(s.count<PushFailed>(), 0u);
  s.advance(1ms);
  EXPECT_EQ(s.last<PushFailed>().why, Errc::push_timeout);
}

TEST_P(ClientDepartures, X_07_WhichCloseCodesReconnect) {  // S5, D-12, D-13
  for (const std::uint16_t code : std::initializer_list<std::uint16_t>{1000, 1001, 1005, 1006, 1008, 1011, 1012, 4000}) {
    ScriptedSocket t(GetParam().policy);
    t.connect_and_open();
    t.lose(code);
    EXPECT_EQ(t.count<ReconnectScheduled>(), code == 1000 ? 0u : 1u) << code;
    t.advance(5s);
    EXPECT_EQ(t.count<OpenTransport>(), code == 1000 ? 1u : 2u) << code;
  }
}

TEST_P(ClientDepartures, X_08_BroadcastsInEveryState) {  // C4
  s.connect_and_open();
  const ChannelId c = s.join();
  const auto broadcasts = [&] {
    s.forget();
    s.server(R"([null,null,"room:lobby","event",{}])");
    s.server(R"(["77",null,"room:lobby","event",{}])");
    return s.count<ChannelMessage>();
  };
  EXPECT_EQ(broadcasts(), 1u);
  s.refuse(c);
  EXPECT_EQ(s.state(c), ChannelState::errored);
  EXPECT_EQ(broadcasts(), 1u);
}

TEST_P(ClientDepartures, X_09_RejoinDelays) {
  s.connect_and_open();
  const ChannelId c = s.join();
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 5; ++i) {
    s.refuse(c);
    const Instant start = s.now();
    while (s.state(c) == ChannelState::errored) s.advance(10ms);
    waits.push_back((s.now() - start) / 1ms);
  }
  EXPECT_THAT(waits, ElementsAre(1000, 2000, 5000, 10'000, 10'000));
}

TEST_P(ClientDepartures, X_09_ReconnectDelays) {
  s.connect();
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 11; ++i) {
    s.lose();
    waits.push_back(s.last<ReconnectScheduled>().delay / 1ms);
    s.advance(s.last<ReconnectScheduled>().delay);
  }
  EXPECT_THAT(waits, ElementsAre(10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000, 5000));
  EXPECT_EQ(s.count<OpenTransport>(), 12u);
}

TEST_P(ClientDepartures, X_10_TheOkHookRunsAgainAfterARejoin) {  // C2
  s.connect_and_open();
  const ChannelId c = s.join();
  const int* oks = counting(c, "ok");
  s.ok(c);
  s.lose();
  s.advance(10ms);
  s.open();
  s.ok(c);
  EXPECT_EQ(*oks, 2);
  EXPECT_THAT(s.sent(), ElementsAre(R"(["1","1","room:lobby","phx_join",{}])", R"(["2","2","room:lobby","phx_join",{}])"));
}

TEST_P(ClientDepartures, X_11_AnInFlightPushOverAReconnect) {  // P7
  const ChannelId c = s.joined();
  const int* timeouts = counting(s.push(c, "event"), "timeout");
  s.lose();
  s.advance(10ms);
  s.open();
  s.ok(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "event", "phx_join"));
  EXPECT_EQ(*timeouts, 0);
  s.advance(10s);
  EXPECT_EQ(*timeouts, 1);
}

TEST_P(ClientDepartures, X_12_APushWhileErrored) {  // P8
  const ChannelId c = s.joined();
  s.event(c, "phx_error");
  s.push(c, "event");
  s.forget();
  s.advance(1s);
  s.ok(c);
  const std::string join = s.join_ref(c);
  const std::vector<std::string> sent = s.sent();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_THAT(sent[0], testing::StartsWith("[" + join + "," + join + R"(,"room:lobby","phx_join")"));
  EXPECT_THAT(sent[1], testing::StartsWith("[" + join + ","));
  EXPECT_THAT(sent[1], testing::HasSubstr(R"("event")"));
}

TEST_P(ClientDepartures, X_13_ASecondChannelObjectOfTheTopic) {
  const ChannelId first = s.joined("topic");
  const ChannelId second = s.join("topic");
  EXPECT_THAT(s.sent(), ElementsAre(R"(["1","1","topic","phx_join",{}])", R"(["1","2","topic","phx_leave",{}])",
                                    R"(["3","3","topic","phx_join",{}])"));
  EXPECT_EQ(s.state(first), ChannelState::closed);
  EXPECT_EQ(s.state(second), ChannelState::joining);
}

TEST_P(ClientDepartures, X_16_BufferedFramesLeaveBeforeAnythingElse) {  // S2
  const ChannelId c = s.join();
  s.advance(10s);
  s.input([&](Effects& out) { s.socket.send({.topic = "t", .event = "first"}, out); });
  s.connect();
  s.forget();
  s.open();
  std::size_t first = 99, opened = 99, rejoin = 99;
  for (std::size_t i = 0; i < s.log.size(); ++i) {
    if (const auto* f = std::get_if<SendFrame>(&s.log[i])) (f->bytes.find("first") != std::string::npos ? first : rejoin) = i;
    if (std::holds_alternative<SocketOpened>(s.log[i])) opened = i;
  }
  EXPECT_LT(first, opened);
  EXPECT_LT(opened, rejoin);
  EXPECT_EQ(s.state(c), ChannelState::joining);
}

TEST_P(ClientDepartures, X_17_ALateOkAfterPhxErrorWhileJoining) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.event(c, "phx_error");
  s.server(R"(["1","1","room:lobby","phx_reply",{"status":"ok","response":{}}])");
  EXPECT_EQ(s.state(c), ChannelState::errored);
}

TEST_P(ClientDepartures, X_18_PhxCloseWithAPushInFlight) {  // D-8, D-18
  const ChannelId c = s.joined();
  const PushId push = s.push(c, "event");
  s.event(c, "phx_close");
  if (js()) {
    EXPECT_EQ(s.count<PushFailed>(), 0u);
    s.push(c, "later");
    EXPECT_EQ(s.count<PushFailed>(), 0u);
    EXPECT_THROW(s.join(c), std::logic_error);
    s.advance(10s);
    EXPECT_EQ(s.count<PushFailed>(), 2u);
    return;
  }
  EXPECT_THAT(s.all<PushFailed>(), ElementsAre(PushFailed{push, c, Errc::channel_closed}));
  const PushId later = s.push(c, "later");
  EXPECT_EQ(s.last<PushFailed>(), (PushFailed{later, c, Errc::channel_closed}));
  s.join(c);
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
}

TEST_P(ClientDepartures, X_19_ConnectAfterAServersClose1000) {  // D-6
  s.connect_and_open();
  s.lose(1000, true);
  s.connect();
  EXPECT_EQ(s.count<OpenTransport>(), js() ? 1u : 2u);
  if (!js()) return;
  s.disconnect();
  s.connect();
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
}

TEST_P(ClientDepartures, X_20_AFrameThatCannotBeEncodedInAFlush) {  // D-5
  s.connect();
  PushId bad{};
  const std::string long_event(256, 'x');
  const auto send = [&](std::string_view event, PayloadKind kind) {
    s.input([&](Effects& out) { bad = s.socket.send({.topic = "t", .event = event, .payload = "1", .payload_kind = kind}, out); });
    return bad;
  };
  send("before", PayloadKind::json);
  bad = send(long_event, PayloadKind::binary);
  const PushId failing = bad;
  send("after", PayloadKind::json);
  s.open();
  if (js()) {
    EXPECT_THAT(s.sent_events(), ElementsAre("before"));
    EXPECT_EQ(s.socket.send_buffer().items().size(), 3u);
    return;
  }
  EXPECT_THAT(s.sent_events(), ElementsAre("before", "after"));
  EXPECT_THAT(s.all<PushFailed>(), ElementsAre(PushFailed{failing, ChannelId::none, Errc::field_too_long}));
  EXPECT_THAT(s.socket.send_buffer().items(), IsEmpty());
}

TEST_P(ClientDepartures, X_20_APushThatCannotBeEncodedInAFlush) {  // D-5
  s.connect_and_open();
  const ChannelId c = s.join();
  s.push(c, "before");
  PushId bad{};
  s.input([&](Effects& out) {
    bad = s.socket.push(c, {.event = std::string(256, 'x'), .payload = "1", .kind = PayloadKind::binary}, s.now(), out);
  });
  s.push(c, "after");
  s.ok(c);
  if (js()) {
    EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "before"));
    return;
  }
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "before", "after"));
  EXPECT_THAT(s.all<PushFailed>(), ElementsAre(PushFailed{bad, c, Errc::field_too_long}));
}

TEST_P(ClientDepartures, X_21_ACustomReplyStatusReachesItsHook) {  // P4
  const ChannelId c = s.joined();
  const int* custom = counting(s.push(c, "event"), "custom");
  s.reply(c, "custom", "[1]");
  EXPECT_EQ(*custom, 1);
  EXPECT_EQ(s.last<PushReplied>().response, "[1]");
}

TEST_P(ClientDepartures, X_22_ALateOkAfterATimeoutIsIgnored) {  // P6
  const ChannelId c = s.joined();
  const PushId push = s.push(c, "event");
  const int* oks = counting(push, "ok");
  s.advance(10s);
  s.reply(c);
  EXPECT_EQ(*oks, 0);
  EXPECT_EQ(s.count<PushReplied>(), 0u);
}

TEST_P(ClientDepartures, D_09_AClosingChannelHidesNoOther) {
  const ChannelId first = s.joined("topic");
  const ChannelId second = s.channel("topic");
  s.server(R"([null,null,"topic","phx_close",{}])");
  EXPECT_EQ(s.state(first), ChannelState::closed);
  s.join(s.channel("other"));
  s.forget();
  s.server(R"([null,null,"topic","event",{}])");
  EXPECT_THAT(s.all<ChannelMessage>(), ElementsAre(ChannelMessage{second, PayloadKind::json, "event", "{}", "null", "null"}));
}

TEST_P(ClientDepartures, D_19_AnUnmatchedTopicMeansThatTheChannelIsGone) {
  const ChannelId c = s.joined();
  s.push(c, "event");
  s.server(R"([null,"2","room:lobby","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}])");
  EXPECT_EQ(s.last<PushReplied>().status, "error");
  EXPECT_EQ(s.state(c), js() ? ChannelState::joined : ChannelState::errored);
  s.advance(1s);
  EXPECT_EQ(s.state(c), js() ? ChannelState::joined : ChannelState::joining);
}

TEST_P(ClientDepartures, ABurstOfConnectCallsWhileWaitingConnectsOnce) {  // S1, D-6
  s.connect_and_open();
  s.lose(1006);
  s.connect();
  s.connect();
  EXPECT_EQ(s.count<OpenTransport>(), js() ? 1u : 2u);
  s.advance(1h);
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
}

}  // namespace
}  // namespace phx::core
