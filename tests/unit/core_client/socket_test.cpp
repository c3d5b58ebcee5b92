// SO-01 .. SO-43: construction, connecting, disconnecting, channels, refs, heartbeat, buffer. Spec client-semantics 3.12.
//
// Not here, with their reason:
//   SO-04 SO-09 SO-11 SO-12       (host) the browser's own facilities and page location
//   SO-05 SO-18 SO-19 SO-64       long-poll and fallback: fallback_test.cpp; SO-17: longpoll_session_test.cpp
//   SO-71 SO-74                   there are no codecs of the user's own
//   SO-22 .. SO-25 and X-06       teardown_test.cpp
//   SO-44 .. SO-74                socket_events_test.cpp
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>

#include "both_presets.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientSocket : public BothPresets {};
PHX_BOTH_PRESETS(ClientSocket);

// --- construction ---

TEST_P(ClientSocket, SO_01_Defaults) {
  EXPECT_EQ(s.socket.channel_count(), 0u);
  EXPECT_THAT(s.socket.send_buffer().items(), IsEmpty());
  EXPECT_EQ(s.socket.current_ref(), 0u);
  EXPECT_EQ(s.socket.transport(), TransportKind::websocket);
  EXPECT_EQ(s.socket.next_deadline(), std::nullopt);
  const SocketConfig config;
  EXPECT_EQ(config.timeout, 10s);
  EXPECT_EQ(config.heartbeat_interval, 30s);
  EXPECT_EQ(config.serializer->vsn(), "2.0.0");
}

TEST(ClientUrl, SO_02_ParamsOfTheAttempt) {
  EXPECT_EQ(*websocket_url("ws://h/socket", obj("one", "two"), "2.0.0"), "ws://h/socket/websocket?one=two&vsn=2.0.0");
}

TEST_P(ClientSocket, SO_03_OptionsOverrideDefaults) {
  SocketConfig config;
  config.timeout = 40s;
  config.heartbeat_interval = 60s;
  config.policy = GetParam().policy;
  config.policy.reconnect = backoff::fixed(7s);
  ScriptedSocket t(config);
  EXPECT_EQ(t.socket.channel(t.channel()).timeout(), 40s);
  t.connect_and_open();
  t.advance(59s);
  EXPECT_THAT(t.sent(), IsEmpty());
  t.advance(1s);
  EXPECT_EQ(t.sent().size(), 1u);
  t.lose();
  EXPECT_EQ(t.last<ReconnectScheduled>().delay, 7s);
}

TEST_P(ClientSocket, SO_03_LongPollNeedsNoHeartbeats) {  // H1
  SocketConfig config;
  config.transport = TransportKind::longpoll;
  config.policy = GetParam().policy;
  ScriptedSocket t(config);
  t.connect_and_open();
  EXPECT_EQ(t.last<OpenTransport>().kind, TransportKind::longpoll);
  t.advance(10min);
  EXPECT_THAT(t.sent(), IsEmpty());
  EXPECT_TRUE(t.socket.state() == SocketState::open);
}

// --- visibility: suspend() and resume() ---

TEST_P(ClientSocket, SO_06_ResumeDoesNothingForASocketThatNeverConnected) {
  s.input([&](Effects& out) { s.socket.suspend({}, s.now(), out); });
  s.input([&](Effects& out) { s.socket.resume(s.now(), out); });
  EXPECT_THAT(s.log, IsEmpty());
}

TEST_P(ClientSocket, SO_07_ResumeAfterAnUncleanCloseReconnectsOnce) {
  s.connect_and_open();
  s.input([&](Effects& out) { s.socket.suspend({}, s.now(), out); });
  s.lose();
  s.advance(1h);
  EXPECT_EQ(s.count<OpenTransport>(), 1u);  // S8: the timer stops while hidden
  s.input([&](Effects& out) { s.socket.resume(s.now(), out); });
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
  s.advance(1h);
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
}

TEST_P(ClientSocket, SO_08_ResumeAfterACleanCloseDoesNothing) {
  s.connect_and_open();
  s.disconnect();
  s.lose(1000, true);
  s.input([&](Effects& out) { s.socket.resume(s.now(), out); });
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
}

TEST_P(ClientSocket, ResumeAfterASuspensionThatDisconnectedConnectsAgain) {  // S9
  s.connect_and_open();
  s.input([&](Effects& out) { s.socket.suspend({.disconnect = true}, s.now(), out); });
  s.lose(1000, true);
  s.input([&](Effects& out) { s.socket.resume(s.now(), out); });
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
}

TEST_P(ClientSocket, ResumeRespectsADisconnectInBetween) {  // S9
  s.connect_and_open();
  s.input([&](Effects& out) { s.socket.suspend({.disconnect = true}, s.now(), out); });
  s.disconnect();
  s.lose(1000, true);
  s.input([&](Effects& out) { s.socket.resume(s.now(), out); });
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
}

TEST_P(ClientSocket, AnotherNetworkReconnectsAtOnceOrProbes) {
  s.connect_and_open();
  s.input([&](Effects& out) { s.socket.network_changed(s.now(), out); });
  EXPECT_THAT(s.sent(), ElementsAre(R"([null,"1","phoenix","heartbeat",{}])"));
  s.lose();
  s.input([&](Effects& out) { s.socket.network_changed(s.now(), out); });
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
}

// --- URL ---

TEST(ClientUrl, SO_10_FullUrl) {
  EXPECT_EQ(*websocket_url("wss://example.org/chat", Json::object(), "2.0.0"), "wss://example.org/chat/websocket?vsn=2.0.0");
}

// --- connect ---

TEST_P(ClientSocket, SO_13_ConnectOpensATransport) {
  s.connect();
  EXPECT_THAT(s.all<OpenTransport>(), ElementsAre(OpenTransport{Generation{1}, TransportKind::websocket, OpenReason::connect, false}));
}

TEST_P(ClientSocket, SO_14_TransportEventsReachTheUser) {
  s.connect_and_open();
  s.server(R"([null,null,"topic","event","payload"])");
  s.error(Errc::protocol_error);
  s.lose(1001);
  EXPECT_EQ(s.last<SocketOpened>().establishments, 1u);
  EXPECT_EQ(s.last<MessageSeen>().message.payload, R"("payload")");
  EXPECT_EQ(s.last<SocketError>().why, Errc::protocol_error);
  EXPECT_EQ(s.last<SocketClosed>().code, 1001);
}

TEST_P(ClientSocket, SO_15_ConnectTwiceKeepsTheTransport) {
  s.connect();
  s.connect();
  s.open();
  s.connect();
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
}

TEST_P(ClientSocket, SO_16_AfterAnAbnormalCloseASecondTransportIsOpened) {
  s.connect_and_open();
  s.lose(1006);
  s.advance(10ms);
  EXPECT_THAT(s.all<OpenTransport>(), ElementsAre(OpenTransport{Generation{1}, TransportKind::websocket, OpenReason::connect, false},
                                                  OpenTransport{Generation{2}, TransportKind::websocket, OpenReason::reconnect, false}));
  EXPECT_EQ(s.generation(), Generation{2});
}

// --- disconnect ---

TEST_P(ClientSocket, SO_20_NoTransportAfterDisconnectCalledTwice) {
  s.connect_and_open();
  s.disconnect();
  s.disconnect();
  s.lose(1000, true);
  EXPECT_EQ(s.socket.state(), SocketState::closed);
}

TEST_P(ClientSocket, SO_21_DisconnectCompletesOnce) {
  s.connect_and_open();
  const DisconnectId id = s.disconnect();
  EXPECT_EQ(s.count<Disconnected>(), 0u);
  s.lose(1000, true);
  s.advance(10s);
  EXPECT_THAT(s.all<Disconnected>(), ElementsAre(Disconnected{id}));
}

// --- connection state ---

TEST_P(ClientSocket, SO_26_ClosedByDefault) { EXPECT_EQ(s.socket.state(), SocketState::closed); }

TEST_P(ClientSocket, SO_27_AnUnknownTransportStateIsClosed) {
  s.input([&](Effects& out) { s.socket.transport_opened(Generation{7}, s.now(), out); });
  EXPECT_EQ(s.socket.state(), SocketState::closed);
}

TEST_P(ClientSocket, SO_28_Connecting) {
  s.connect();
  EXPECT_EQ(s.socket.state(), SocketState::connecting);
  EXPECT_FALSE(s.socket.connected());
}

TEST_P(ClientSocket, SO_29_Open) {
  s.connect_and_open();
  EXPECT_EQ(s.socket.state(), SocketState::open);
  EXPECT_TRUE(s.socket.connected());
}

TEST_P(ClientSocket, SO_30_Closing) {
  s.connect_and_open();
  s.disconnect();
  EXPECT_EQ(s.socket.state(), SocketState::closing);
  EXPECT_FALSE(s.socket.connected());
}

TEST_P(ClientSocket, SO_31_Closed) {
  s.connect_and_open();
  s.lose();
  EXPECT_EQ(s.socket.state(), SocketState::closed);
  EXPECT_FALSE(s.socket.connected());
}

// --- channels ---

TEST_P(ClientSocket, SO_32_AChannelHasTopicAndParams) {
  const ChannelCore& c = s.socket.channel(s.channel("topic", R"({"one":"two"})"));
  EXPECT_EQ(c.topic(), "topic");
  EXPECT_EQ(c.params(), R"({"one":"two"})");
}

TEST_P(ClientSocket, SO_33_ItIsAddedToTheList) {
  s.channel("topic");
  EXPECT_EQ(s.socket.channel_count(), 1u);
}

TEST_P(ClientSocket, SO_34_RemoveTakesOnlyThatChannel) {
  const ChannelId first = s.channel("topic-1");
  const ChannelId second = s.channel("topic-2");
  s.input([&](Effects& out) { s.socket.remove_channel(first, out); });
  EXPECT_EQ(s.socket.find(first), nullptr);
  EXPECT_NE(s.socket.find(second), nullptr);
  EXPECT_THROW(s.join(first), std::out_of_range);
}

TEST_P(ClientSocket, AChannelNeedsATopic) { EXPECT_THROW(s.channel(""), std::invalid_argument); }

// --- push ---

TEST_P(ClientSocket, SO_35_OpenSendsAtOnce) {
  s.connect_and_open();
  s.input([&](Effects& out) { s.socket.send({.ref = R"("9")", .topic = "topic", .event = "event", .payload = R"("x")"}, out); });
  EXPECT_THAT(s.sent(), ElementsAre(R"([null,"9","topic","event","x"])"));
}

TEST_P(ClientSocket, SO_36_NotOpenBuffersUntilOpen) {
  s.input([&](Effects& out) { s.socket.send({.ref = R"("9")", .topic = "topic", .event = "event", .payload = R"("x")"}, out); });
  EXPECT_THAT(s.sent(), IsEmpty());
  EXPECT_EQ(s.socket.send_buffer().items().size(), 1u);
  s.connect_and_open();
  EXPECT_THAT(s.sent(), ElementsAre(R"([null,"9","topic","event","x"])"));
}

// --- refs ---

TEST_P(ClientSocket, SO_37_RefsCountFromOne) {
  EXPECT_EQ(RefToken(s.socket.make_ref()).view(), R"("1")");
  EXPECT_EQ(RefToken(s.socket.make_ref()).view(), R"("2")");
  EXPECT_EQ(s.socket.current_ref(), 2u);
}

TEST(ClientRef, SO_38_AtOverflowItRestartsWithZero) {
  RefCounter refs(RefCounter::last);
  EXPECT_EQ(RefToken(refs.next()).view(), R"("0")");
  EXPECT_EQ(RefToken(refs.next()).view(), R"("1")");
}

TEST(ClientRef, OnlyOwnTokensAreRefs) {
  EXPECT_EQ(parse_ref(R"("12")"), Ref{12});
  for (const char* token : {"null", "12", R"("012")", R"("")", R"("x")", R"("1x")", R"("-1")", "\""})
    EXPECT_FALSE(parse_ref(token).present()) << token;
}

// --- heartbeat ---

TEST_P(ClientSocket, SO_39_UnansweredClosesAfterTheTimeout) {
  s.connect_and_open();
  s.advance(30s);
  s.advance(10s);
  EXPECT_EQ(s.count<CloseTransport>(), 0u);
  s.advance(20s);
  EXPECT_THAT(s.all<CloseTransport>(), ElementsAre(CloseTransport{s.generation(), 1000, "heartbeat timeout"}));
}

TEST_P(ClientSocket, SO_40_TheHeartbeatFrame) {
  s.connect_and_open();
  s.advance(30s);
  EXPECT_THAT(s.sent(), ElementsAre(R"([null,"1","phoenix","heartbeat",{}])"));
}

TEST_P(ClientSocket, SO_41_NothingWhileNotOpen) {
  s.connect();
  s.advance(5min);
  EXPECT_THAT(s.sent(), IsEmpty());
}

TEST_P(ClientSocket, TheNextHeartbeatIsOneIntervalAfterTheReply) {  // S13
  s.connect_and_open();
  s.advance(35s);
  s.server(R"([null,"1","phoenix","phx_reply",{"status":"ok","response":{}}])");
  s.advance(29s);
  EXPECT_EQ(s.sent().size(), 1u);
  s.advance(1s);
  EXPECT_EQ(s.sent().size(), 2u);
}

// --- flush ---

TEST_P(ClientSocket, SO_42_EveryBufferedFrameGoesOutOnce) {
  for (const char* event : {"a", "b", "c"}) s.input([&](Effects& out) { s.socket.send({.topic = "t", .event = event}, out); });
  s.connect_and_open();
  EXPECT_THAT(s.sent_events(), ElementsAre("a", "b", "c"));
}

TEST_P(ClientSocket, SO_43_TheBufferIsEmptyAfter) {
  s.input([&](Effects& out) { s.socket.send({.topic = "t", .event = "a"}, out); });
  s.connect_and_open();
  s.lose();
  s.advance(10ms);
  s.open();
  EXPECT_THAT(s.sent_events(), ElementsAre("a"));
}

}  // namespace
}  // namespace phx::core
