// SO-22 .. SO-25, X-05, X-06, X-14: how connections end. Spec client-semantics S10, S11, H4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "both_presets.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientTeardown : public BothPresets {
 protected:
  void block(Generation generation) { s.socket.transport_blocked(generation); }
  void drain(Generation generation) {
    s.input([&](Effects& out) { s.socket.transport_drained(generation, s.now(), out); });
  }
  /// phoenix.js has to look whether its transport is closed; we hear of it.
  void until_noticed() {
    if (js()) s.advance(150ms);
  }
};
PHX_BOTH_PRESETS(ClientTeardown);

TEST_P(ClientTeardown, SO_22_CodeAndReasonReachTheTransport) {
  s.connect_and_open();
  s.disconnect(CloseRequest{4321, "reason"});
  EXPECT_THAT(s.all<CloseTransport>(), ElementsAre(CloseTransport{s.generation(), 4321, "reason"}));
}

TEST_P(ClientTeardown, WithoutACodeTheTransportChooses) {
  s.connect_and_open();
  s.disconnect();
  EXPECT_THAT(s.all<CloseTransport>(), ElementsAre(CloseTransport{s.generation(), std::nullopt, ""}));
}

TEST_P(ClientTeardown, SO_23_DisconnectWithoutATransport) {
  const DisconnectId id = s.disconnect();
  EXPECT_THAT(s.log, ElementsAre(Effect{Disconnected{id}}));
}

TEST_P(ClientTeardown, SO_24_ConnectDuringASlowTeardown) {
  s.connect_and_open();
  const Generation old = s.generation();
  block(old);
  const DisconnectId id = s.disconnect();
  s.connect_and_open();
  EXPECT_NE(s.generation(), old);
  drain(old);
  until_noticed();
  EXPECT_THAT(s.all<CloseTransport>(), ElementsAre(CloseTransport{old, std::nullopt, ""}));
  s.advance(900ms);
  s.closed(old, {.code = 1000, .clean = true});
  if (js()) s.advance(600ms);
  EXPECT_TRUE(s.socket.connected());
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
  EXPECT_THAT(s.all<Disconnected>(), ElementsAre(Disconnected{id}));
}

TEST_P(ClientTeardown, SO_25_DisconnectTwiceDuringASlowTeardown) {
  s.connect_and_open();
  block(s.generation());
  const DisconnectId first = s.disconnect();
  const DisconnectId second = s.disconnect();
  drain(s.generation());
  until_noticed();
  s.advance(900ms);
  s.lose(1000, true);
  if (js()) s.advance(600ms);
  EXPECT_EQ(s.socket.state(), SocketState::closed);
  EXPECT_EQ(s.count<CloseTransport>(), 1u);
  EXPECT_THAT(s.all<Disconnected>(), ElementsAre(Disconnected{first}, Disconnected{second}));
}

TEST_P(ClientTeardown, X_06_TeardownIsBounded) {
  s.connect_and_open();
  const ChannelId c = s.join();
  block(s.generation());
  s.disconnect();
  s.advance(1499ms);
  EXPECT_EQ(s.count<CloseTransport>(), 0u);
  s.advance(1ms);
  EXPECT_EQ(s.count<CloseTransport>(), 1u);
  s.advance(1499ms);
  EXPECT_EQ(s.count<Disconnected>(), 0u);
  s.advance(1ms);
  EXPECT_EQ(s.count<Disconnected>(), 1u);
  EXPECT_THAT(s.all<DropTransport>(), ElementsAre(DropTransport{s.generation()}));
  EXPECT_EQ(s.socket.state(), SocketState::closed);
  EXPECT_EQ(s.state(c), ChannelState::errored);
}

TEST_P(ClientTeardown, X_05_HeartbeatTimeoutSequence) {
  const ChannelId c = s.joined();
  s.advance(30s);
  s.forget();
  s.advance(30s);
  EXPECT_THAT(s.log, ElementsAre(Effect{ChannelStateChanged{c, ChannelState::joined, ChannelState::errored}},
                                 Effect{ChannelErrored{c, PayloadKind::json, R"({"source":"transport","reason":"heartbeat_timeout"})"}},
                                 Effect{CloseTransport{s.generation(), 1000, "heartbeat timeout"}}));
  s.forget();
  s.lose(1000, true);
  until_noticed();
  EXPECT_THAT(s.log, ElementsAre(Effect{SocketClosed{s.generation(), 1000, "", true, 0}},
                                 Effect{ReconnectScheduled{10ms, 1, ReconnectWhy::heartbeat_timeout}}));
  s.advance(10ms);
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
  s.open();
  EXPECT_EQ(s.state(c), ChannelState::joining);
}

TEST_P(ClientTeardown, ADeadConnectionThatNeverClosesIsDroppedAndReplaced) {
  s.connect_and_open();
  s.advance(60s + 1500ms);
  EXPECT_EQ(s.count<DropTransport>(), 1u);
  EXPECT_EQ(s.count<ReconnectScheduled>(), 1u);
  s.advance(10ms);
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
}

TEST_P(ClientTeardown, DisconnectDuringAHeartbeatTeardownIsFinal) {
  s.connect_and_open();
  s.advance(60s);
  const DisconnectId id = s.disconnect();
  s.lose(1000, true);
  s.advance(1h);
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
  EXPECT_THAT(s.all<Disconnected>(), ElementsAre(Disconnected{id}));
}

TEST_P(ClientTeardown, X_14_DisconnectThenConnectRejoinsOnce) {
  const ChannelId c = s.joined();
  s.disconnect();
  s.lose(1000, true);
  EXPECT_EQ(s.state(c), ChannelState::errored);
  s.connect_and_open();
  EXPECT_EQ(s.state(c), ChannelState::joining);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "phx_join"));
}

TEST_P(ClientTeardown, ConnectDuringADisconnectErrorsAndRejoinsTheChannels) {
  const ChannelId c = s.joined();
  s.disconnect();
  s.connect();
  EXPECT_EQ(s.state(c), ChannelState::errored);
  s.open();
  s.ok(c);
  EXPECT_EQ(s.state(c), ChannelState::joined);
  EXPECT_EQ(s.count<SocketClosed>(), 1u);
}

TEST_P(ClientTeardown, DisconnectWhileConnecting) {
  s.connect();
  const DisconnectId id = s.disconnect();
  EXPECT_EQ(s.count<CloseTransport>(), 1u);
  s.open();  // too late
  EXPECT_FALSE(s.socket.connected());
  s.lose(1006);
  until_noticed();
  EXPECT_THAT(s.all<Disconnected>(), ElementsAre(Disconnected{id}));
  s.advance(1h);
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
}

TEST_P(ClientTeardown, RepliesStillComeWhileClosing) {
  const ChannelId c = s.joined();
  const PushId push = s.push(c, "event");
  s.disconnect();
  s.reply(c);
  EXPECT_EQ(s.last<PushReplied>().push, push);
}

TEST_P(ClientTeardown, ADeadConnectionLeavesItsSuccessorAlone) {  // H4, S10, S11; parity
  s.connect_and_open();
  const Generation dead = s.generation();
  s.advance(60s);
  ASSERT_EQ(s.last<CloseTransport>().reason, "heartbeat timeout");
  s.disconnect();
  s.connect_and_open();
  s.closed(dead, {.code = 1000, .clean = true});
  s.advance(1s);
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
  EXPECT_TRUE(s.socket.connected());
}

TEST_P(ClientTeardown, ReplaceTransportClosesAndDoesNotConnect) {  // S12
  const ChannelId c = s.joined();
  s.input([&](Effects& out) { s.socket.replace_transport(TransportKind::longpoll, s.now(), out); });
  EXPECT_EQ(s.count<CloseTransport>(), 1u);
  EXPECT_EQ(s.state(c), ChannelState::errored);
  EXPECT_EQ(s.socket.state(), SocketState::closed);
  s.connect();
  EXPECT_EQ(s.last<OpenTransport>().kind, TransportKind::longpoll);
}

TEST_P(ClientTeardown, X_15_TheLateCloseOfAReplacedTransport) {
  s.connect_and_open();
  const Generation old = s.generation();
  s.input([&](Effects& out) { s.socket.replace_transport(TransportKind::longpoll, s.now(), out); });
  s.connect_and_open();
  s.closed(old, {.code = 1006});
  s.advance(10ms);
  EXPECT_EQ(s.count<CloseTransport>(), js() ? 2u : 1u);  // D-7: phoenix.js tears the new one down
  if (!js()) return;
  s.lose(1000, true);
  s.advance(150ms);
  EXPECT_EQ(s.count<OpenTransport>(), 3u);
}

/// A heartbeat was missed, the reconnect is due in 10 ms, and the user connects before.
class ClientReconnectAndConnect : public ClientTeardown {
 protected:
  ClientReconnectAndConnect() {
    s.connect_and_open();
    s.advance(60s);
    s.lose(1000, true);
    until_noticed();
    s.connect();
    s.forget();
    s.advance(10ms);
  }
};
PHX_BOTH_PRESETS(ClientReconnectAndConnect);

TEST_P(ClientReconnectAndConnect, ConnectTakesItsPlace) {  // S7
  if (!js()) {
    EXPECT_EQ(s.count<CloseTransport>(), 0u);
    return;
  }
  EXPECT_THAT(s.all<CloseTransport>(), ElementsAre(CloseTransport{s.generation(), std::nullopt, ""}));
  s.lose(1000, true);
  s.advance(149ms);
  EXPECT_EQ(s.count<OpenTransport>(), 0u);
  s.advance(1ms);
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
}

TEST_P(ClientReconnectAndConnect, ADisconnectIsFinalAlsoThen) {  // S5
  s.disconnect();
  s.lose(1000, true);
  s.advance(1h);
  EXPECT_EQ(s.count<OpenTransport>(), 0u);
  EXPECT_EQ(s.count<Disconnected>(), 1u);
}

TEST_P(ClientTeardown, AClosedTransportIsNoticedAtTheNextLook) {  // S11, 3.1
  for (const auto& [closed_after, noticed_after] :
       {std::pair{0ms, 150ms}, std::pair{151ms, 450ms}, std::pair{451ms, 900ms}, std::pair{901ms, 1500ms}}) {
    SCOPED_TRACE(closed_after.count());
    ScriptedSocket t(GetParam().policy);
    t.connect_and_open();
    t.disconnect();
    t.advance(closed_after);
    t.lose(1000, true);
    EXPECT_EQ(t.count<Disconnected>(), js() ? 0u : 1u);
    t.advance(noticed_after - closed_after - 1ms);
    EXPECT_EQ(t.count<Disconnected>(), js() ? 0u : 1u);
    t.advance(1ms);
    EXPECT_EQ(t.count<Disconnected>(), 1u);
  }
}

TEST_P(ClientTeardown, ADisconnectOfAClosedTransportNeedsNoLook) {  // S10, S11
  s.connect_and_open();
  const DisconnectId first = s.disconnect();
  s.lose(1000, true);
  const DisconnectId second = s.disconnect();
  until_noticed();
  if (js()) {
    EXPECT_THAT(s.all<Disconnected>(), ElementsAre(Disconnected{second}, Disconnected{first}));
  } else {
    EXPECT_THAT(s.all<Disconnected>(), ElementsAre(Disconnected{first}, Disconnected{second}));
  }
}

}  // namespace
}  // namespace phx::core
