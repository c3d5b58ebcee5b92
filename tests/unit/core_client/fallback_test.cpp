// Falling back from the WebSocket to long-poll, and back. Spec client-semantics B1 to B4, D-17, SO-05, H1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/core/error.hpp>

#include "both_presets.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;

constexpr auto ws = TransportKind::websocket, lp = TransportKind::longpoll;

SocketConfig with_fallback(Policy policy) {
  SocketConfig config;
  config.policy = std::move(policy);
  config.message_events = true;
  config.fallback_after = 2500ms;
  return config;
}

struct Falling : testing::TestWithParam<Preset> {
  ScriptedSocket s{with_fallback(GetParam().policy)};
  bool js() const { return GetParam().js; }

  std::vector<TransportKind> opened() const {
    std::vector<TransportKind> kinds;
    for (const auto& open : s.all<OpenTransport>()) kinds.push_back(open.kind);
    return kinds;
  }
  void fail() {
    const auto generation = s.generation();
    s.error();
    if (s.generation() == generation) s.lose();
  }
  /// Answers the ping that follows the open of a primary.
  void answer_ping() {
    const std::string ref = std::to_string(s.socket.current_ref());
    s.server("[null,\"" + ref + R"(","phoenix","phx_reply",{"status":"ok","response":{}}])");
  }
};
PHX_BOTH_PRESETS(Falling);

using Returning = Falling;
INSTANTIATE_TEST_SUITE_P(D17, Returning, testing::Values(phxkit_preset()), [](const auto& p) { return std::string(p.param.name); });

TEST_P(Falling, SO_05_B_2_AnErrorBeforeTheOpen) {  // SO-05
  s.connect();
  s.error();
  EXPECT_THAT(opened(), ElementsAre(ws, lp));
  EXPECT_TRUE(s.last<SocketError>().falling_back);
  EXPECT_EQ(s.socket.transport(), lp);
  s.open();
  EXPECT_EQ(s.socket.state(), SocketState::open);
  EXPECT_EQ(s.count<SocketOpened>(), 1u);
}

TEST_P(Falling, S_3_ChannelsHearNothingWhenTheFirstTransportIsReplaced) {  // SO-64
  const ChannelId c = s.join();
  s.connect();
  s.error();
  EXPECT_EQ(s.count<ChannelErrored>(), 0u);
  s.open();
  EXPECT_EQ(s.sent_events(), std::vector<std::string>{"phx_join"});
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
}

TEST_P(Falling, B_2_NotOpenInTime) {
  s.connect();
  s.advance(2499ms);
  EXPECT_THAT(opened(), ElementsAre(ws));
  s.advance(1ms);
  EXPECT_THAT(opened(), ElementsAre(ws, lp));
  EXPECT_EQ(s.count<CloseTransport>(), 1u);
}

TEST_P(Falling, TheTimeThatCredentialsTakeDoesNotCount) {
  s.connect();
  s.advance(2s);
  s.socket.transport_started(s.generation(), s.now());
  s.advance(2499ms);
  EXPECT_THAT(opened(), ElementsAre(ws));
  s.advance(1ms);
  EXPECT_THAT(opened(), ElementsAre(ws, lp));
}

TEST_P(Falling, B_3_OpenWithoutAnAnswerToThePing) {
  s.connect_and_open();
  EXPECT_EQ(s.sent().size(), 1u);  // the ping
  s.advance(2499ms);
  EXPECT_THAT(opened(), ElementsAre(ws));
  s.advance(1ms);
  EXPECT_THAT(opened(), ElementsAre(ws, lp));
}

TEST_P(Falling, B_3_AnAnsweredPingEndsTheWatch) {
  s.connect_and_open();
  s.advance(1s);
  answer_ping();
  s.advance(20s);
  EXPECT_THAT(opened(), ElementsAre(ws));
}

TEST_P(Falling, AnErrorAfterTheOpenIsALossLikeAnyOther) {
  s.connect_and_open();
  s.error();
  s.lose();
  EXPECT_FALSE(s.last<SocketError>().falling_back);
  s.advance(10ms);
  EXPECT_THAT(opened(), ElementsAre(ws, ws));
}

TEST_P(Falling, B_1_B_4_AFallbackThatOpenedIsRemembered) {
  s.connect();
  s.error();
  s.open();
  EXPECT_TRUE(s.socket.fallback().remembered(s.now()));
  s.lose();
  s.advance(10ms);
  EXPECT_THAT(opened(), ElementsAre(ws, lp, lp));
  s.open();
  s.disconnect();
  s.closed(s.generation(), {.code = 1000, .clean = true});
  s.connect();
  EXPECT_THAT(opened(), ElementsAre(ws, lp, lp, lp));
}

TEST_P(Falling, B_4_NotWhenThePrimaryWasHealthyOnce) {
  s.connect_and_open();
  answer_ping();
  s.lose();
  s.advance(10ms);
  s.error();
  s.open();
  EXPECT_THAT(opened(), ElementsAre(ws, ws, lp));
  EXPECT_FALSE(s.socket.fallback().remembered(s.now()));
  s.lose();
  s.advance(50ms);
  EXPECT_EQ(opened().back(), js() ? lp : ws);  // D-17
}

TEST_P(Falling, H_1_LongPollNeedsNoHeartbeat) {
  s.connect();
  s.error();
  s.open();
  s.forget();
  s.advance(60s);
  EXPECT_EQ(s.count<SendFrame>(), 0u);
  s.input([&](Effects& out) { s.socket.network_changed(s.now(), out); });
  ASSERT_EQ(s.count<SendFrame>(), 1u);  // asked for
  answer_ping();
  s.advance(120s);
  EXPECT_EQ(s.count<SendFrame>(), 1u);
}

TEST_P(Falling, TheEndsOfTheOldTransportAreOfNoInterest) {  // D-7, X-15
  s.connect();
  const Generation old = s.generation();
  s.error();
  s.closed(old, {});
  s.advance(10ms);
  if (js()) {  // it schedules a reconnect, which tears the new one down
    EXPECT_EQ(s.last<CloseTransport>().generation, s.generation());
    s.lose();
    s.advance(150ms);
  }
  EXPECT_THAT(opened(), js() ? std::vector<TransportKind>({ws, lp, lp}) : std::vector<TransportKind>({ws, lp}));
}

TEST_P(Falling, DisconnectEndsTheWatch) {
  s.connect();
  s.disconnect();
  s.closed(s.generation(), {});
  s.advance(10s);
  EXPECT_THAT(opened(), ElementsAre(ws));
}

TEST_P(Falling, BothFailing_TheBackOffGrows) {  // S7
  s.connect();
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 4; ++i) {
    while (s.socket.state() == SocketState::connecting) fail();
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(s.last<ReconnectScheduled>().delay).count());
    s.advance(s.last<ReconnectScheduled>().delay);
  }
  EXPECT_THAT(waits, ElementsAre(10, 50, 100, 150));
}

TEST(FallingNever, WithLongPollAsThePrimary) {
  SocketConfig config = with_fallback(Policy::phxkit());
  config.transport = lp;
  ScriptedSocket s(config);
  s.connect();
  s.error();
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
  EXPECT_FALSE(s.last<SocketError>().falling_back);
}

TEST(LongPollSocket, SO_18_19_ItsEventsReachTheUserAndConnectTwiceKeepsIt) {  // SO-18, SO-19
  SocketConfig config;
  config.transport = lp;
  config.message_events = true;
  ScriptedSocket s(config);
  s.connect();
  s.connect();
  s.open();
  s.connect();
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
  EXPECT_EQ(s.last<OpenTransport>().kind, lp);
  s.server(R"([null,null,"room:lobby","event",{}])");
  EXPECT_EQ(s.last<MessageSeen>().message.event, "event");
  s.error(Errc::tls_failed);
  s.lose(1011);
  EXPECT_EQ(s.count<SocketOpened>(), 1u);
  EXPECT_EQ(s.last<SocketError>().why, make_error_code(Errc::tls_failed));
  EXPECT_EQ(s.last<SocketClosed>().code, 1011);
}

TEST_P(Returning, D_17_PrimariesThatDieYoung) {
  for (int i = 0; i < 3; ++i) {
    i == 0 ? s.connect() : s.advance(1s);
    s.open();
    answer_ping();
    s.advance(9s);
    s.lose();
  }
  s.advance(1s);
  EXPECT_THAT(opened(), ElementsAre(ws, ws, ws, lp));
}

TEST_P(Returning, D_17_OnesThatLiveLongerBreakTheRow) {
  for (int i = 0; i < 6; ++i) {
    i == 0 ? s.connect() : s.advance(1s);
    s.open();
    answer_ping();
    s.advance(i % 3 == 2 ? 10s : 9s);
    s.lose();
  }
  s.advance(1s);
  EXPECT_THAT(opened(), ElementsAre(ws, ws, ws, ws, ws, ws, ws));
}

TEST_P(Returning, D_17_TheMemoryExpiresAndThePrimaryGetsAnotherChance) {
  s.connect();
  s.error();
  s.open();
  const ChannelId c = s.joined();
  s.advance(1h - 1ms);
  EXPECT_THAT(opened(), ElementsAre(ws, lp));
  s.advance(1ms);
  EXPECT_THAT(opened(), ElementsAre(ws, lp, ws));
  s.open();
  answer_ping();
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
  s.advance(1min);
  EXPECT_EQ(s.socket.transport(), ws);
}

TEST_P(Returning, D_17_AFailedReturnIsRememberedAgain) {
  s.connect();
  s.error();
  s.open();
  s.advance(1h);
  s.error();
  s.open();
  EXPECT_THAT(opened(), ElementsAre(ws, lp, ws, lp));
  EXPECT_TRUE(s.socket.fallback().remembered(s.now() + 59min));
}

TEST_P(Returning, D_17_OneNotRememberedGoesBackSooner) {
  s.connect_and_open();
  answer_ping();
  s.lose();
  s.advance(10ms);
  s.error();
  s.open();
  s.advance(10min - 1ms);
  EXPECT_EQ(opened().back(), lp);
  s.advance(1ms);
  EXPECT_EQ(opened().back(), ws);
}

TEST_P(Returning, D_17_AnotherNetworkForgets) {
  s.connect();
  s.error();
  s.open();
  s.input([&](Effects& out) { s.socket.network_changed(s.now(), out); });
  s.lose();
  s.advance(10ms);
  EXPECT_THAT(opened(), ElementsAre(ws, lp, ws));
}

}  // namespace
}  // namespace phx::core
