// SO-44 .. SO-74: open, close, error, messages, ping, codecs. What is left out: table in socket_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "both_presets.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientSocketEvents : public BothPresets {
 protected:
  static std::string error_payload(const char* reason) { return R"({"source":"transport","reason":")" + std::string(reason) + "\"}"; }
};
PHX_BOTH_PRESETS(ClientSocketEvents);

// --- open ---

TEST_P(ClientSocketEvents, SO_44_OpenFlushesTheBuffer) {
  s.connect();
  s.input([&](Effects& out) { s.socket.send({.topic = "t", .event = "a"}, out); });
  s.open();
  EXPECT_THAT(s.socket.send_buffer().items(), IsEmpty());
  EXPECT_THAT(s.sent_events(), ElementsAre("a"));
}

TEST_P(ClientSocketEvents, SO_45_OpenResetsTheReconnectTimer) {
  s.connect();
  s.lose();
  s.advance(10ms);
  s.lose();
  s.advance(50ms);
  EXPECT_EQ(s.socket.reconnect().attempts(), 2u);
  s.open();
  if (!js()) {
    EXPECT_EQ(s.socket.reconnect().attempts(), 2u);
    s.advance(10s);  // D-10: only a stable connection counts
  }
  EXPECT_EQ(s.socket.reconnect().attempts(), 0u);
  EXPECT_FALSE(s.socket.reconnect().scheduled());
}

TEST_P(ClientSocketEvents, SO_46_OpenIsTold) {
  s.connect_and_open();
  EXPECT_THAT(s.all<SocketOpened>(), ElementsAre(SocketOpened{s.generation(), 1}));
}

// --- heartbeat timeout ---

TEST_P(ClientSocketEvents, SO_47_JoinedChannelsGetTheTimeout) {
  const ChannelId c = s.joined();
  s.advance(60s);
  EXPECT_THAT(s.all<ChannelErrored>(), ElementsAre(ChannelErrored{c, PayloadKind::json, error_payload("heartbeat_timeout")}));
}

// --- close ---

TEST_P(ClientSocketEvents, SO_48_Code1000SchedulesNothing) {
  s.connect_and_open();
  s.lose(1000, true);
  EXPECT_EQ(s.count<ReconnectScheduled>(), 0u);
}

TEST_P(ClientSocketEvents, SO_49_Code1006SchedulesOne) {
  s.connect_and_open();
  s.lose(1006);
  EXPECT_THAT(s.all<ReconnectScheduled>(), ElementsAre(ReconnectScheduled{10ms, 1, ReconnectWhy::connection_lost}));
}

TEST_P(ClientSocketEvents, SO_50_AnExplicitDisconnectSchedulesNone) {
  s.connect_and_open();
  s.disconnect();
  s.lose(1006);
  s.advance(1h);
  EXPECT_EQ(s.count<OpenTransport>(), 1u);
}

TEST_P(ClientSocketEvents, SO_51_Code1001SchedulesOne) {
  s.connect_and_open();
  s.lose(1001, true);
  EXPECT_EQ(s.count<ReconnectScheduled>(), 1u);
}

TEST_P(ClientSocketEvents, SO_52_DisconnectThenConnectThenCloseSchedulesOne) {
  s.connect_and_open();
  s.disconnect();
  s.lose(1000, true);
  s.connect_and_open();
  s.lose(1001, true);
  EXPECT_EQ(s.count<ReconnectScheduled>(), 1u);
}

TEST_P(ClientSocketEvents, SO_53_TheCloseEventIsTold) {
  s.connect_and_open();
  s.closed(s.generation(), {.code = 1012, .reason = "restart", .clean = true});
  EXPECT_THAT(s.all<SocketClosed>(), ElementsAre(SocketClosed{s.generation(), 1012, "restart", true, 0}));
}

TEST_P(ClientSocketEvents, SO_54_AJoiningChannelGetsTheClose) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.lose();
  EXPECT_THAT(s.all<ChannelErrored>(), ElementsAre(ChannelErrored{c, PayloadKind::json, error_payload("connection_closed")}));
}

TEST_P(ClientSocketEvents, SO_55_AJoinedChannelLikewise) {
  const ChannelId c = s.joined();
  s.lose();
  EXPECT_THAT(s.all<ChannelErrored>(), ElementsAre(ChannelErrored{c, PayloadKind::json, error_payload("connection_closed")}));
}

TEST_P(ClientSocketEvents, SO_56_AChannelThatLeftGetsNone) {
  const ChannelId c = s.joined();
  s.leave(c);
  s.lose();
  EXPECT_EQ(s.count<ChannelErrored>(), 0u);
  EXPECT_EQ(s.state(c), ChannelState::closed);
}

TEST_P(ClientSocketEvents, SO_57_NoHeartbeatAfterADisconnect) {
  s.connect_and_open();
  s.disconnect();
  s.advance(30s);
  EXPECT_THAT(s.sent(), IsEmpty());
}

TEST_P(ClientSocketEvents, SO_58_NoHeartbeatTimeoutAfterADisconnect) {
  s.connect_and_open();
  s.advance(30s);
  s.disconnect();
  s.lose(1000, true);
  s.advance(150ms);  // phoenix.js looks whether it is closed
  s.forget();
  s.advance(60s);
  EXPECT_THAT(s.log, IsEmpty());
}

// --- error ---

TEST_P(ClientSocketEvents, SO_59_AnErrorBeforeAnyConnection) {
  s.connect();
  s.error(Errc::handshake_refused);
  EXPECT_THAT(s.all<SocketError>(), ElementsAre(SocketError{s.generation(), Errc::handshake_refused, 0, 0}));
}

TEST_P(ClientSocketEvents, SO_60_JoiningWithAnOpenConnection) {
  s.connect_and_open();
  const ChannelId c = s.join();
  s.error();
  EXPECT_THAT(s.all<ChannelErrored>(), ElementsAre(ChannelErrored{c, PayloadKind::json, error_payload("connection_error")}));
}

TEST_P(ClientSocketEvents, SO_61_JoiningWithoutAConnection) {
  const ChannelId c = s.join();
  s.connect();
  s.error();
  EXPECT_THAT(s.all<ChannelErrored>(), ElementsAre(ChannelErrored{c, PayloadKind::json, error_payload("connection_error")}));
}

TEST_P(ClientSocketEvents, SO_62_Joined) {
  const ChannelId c = s.joined();
  s.error();
  EXPECT_EQ(s.last<SocketError>().establishments, 1u);
  EXPECT_THAT(s.all<ChannelErrored>(), ElementsAre(ChannelErrored{c, PayloadKind::json, error_payload("connection_error")}));
}

TEST_P(ClientSocketEvents, SO_63_AChannelThatLeftGetsNoError) {
  s.leave(s.joined());
  s.error();
  EXPECT_EQ(s.count<ChannelErrored>(), 0u);
}

TEST_P(ClientSocketEvents, AnErrorSchedulesNoReconnect) {  // S3: the close that follows does
  s.connect_and_open();
  s.error();
  EXPECT_EQ(s.count<ReconnectScheduled>(), 0u);
}

// --- messages ---

TEST_P(ClientSocketEvents, SO_65_AFrameReachesTheChannelOfItsTopicOnce) {
  const ChannelId c = s.joined("topic");
  s.joined("off-topic");
  s.forget();
  s.server(R"([null,"99","topic","event",{"a":1}])");
  EXPECT_THAT(s.all<ChannelMessage>(), ElementsAre(ChannelMessage{c, PayloadKind::json, "event", R"({"a":1})", R"("99")", "null"}));
}

TEST_P(ClientSocketEvents, SO_66_MessageCallbacksGetEverything) {
  s.connect_and_open();
  s.server(R"(["3","4","unknown","event",{"a":1}])");
  const EnvelopeView m = s.last<MessageSeen>().message;
  EXPECT_EQ(m.join_ref, R"("3")");
  EXPECT_EQ(m.ref, R"("4")");
  EXPECT_EQ(m.topic, "unknown");
  EXPECT_EQ(m.event, "event");
  EXPECT_EQ(m.payload, R"({"a":1})");
}

TEST_P(ClientSocketEvents, MessageCallbacksComeAfterTheChannels) {  // S13
  const ChannelId c = s.joined();
  s.forget();
  s.event(c, "event");
  ASSERT_EQ(s.log.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<ChannelMessage>(s.log[0]));
  EXPECT_TRUE(std::holds_alternative<MessageSeen>(s.log[1]));
}

TEST_P(ClientSocketEvents, ABadFrameIsToldAndTheConnectionGoesOn) {
  const ChannelId c = s.joined();
  s.server("[1,2");
  EXPECT_EQ(s.last<BadFrame>().why, Errc::bad_envelope);
  s.event(c, "event");
  EXPECT_EQ(s.count<ChannelMessage>(), 2u);  // the join's phx_reply and this
}

// --- ping ---

TEST_P(ClientSocketEvents, SO_67_PingReportsTheRoundTrip) {
  s.connect_and_open();
  std::optional<PingId> id;
  s.input([&](Effects& out) { id = s.socket.ping(s.now(), out); });
  ASSERT_TRUE(id);
  EXPECT_THAT(s.sent(), ElementsAre(R"([null,"1","phoenix","heartbeat",{}])"));
  s.advance(120ms);
  for (int i = 0; i < 2; ++i) s.server(R"([null,"1","phoenix","phx_reply",{"status":"ok","response":{}}])");
  EXPECT_THAT(s.all<Pong>(), ElementsAre(Pong{*id, 120ms}));
  EXPECT_FALSE(s.socket.heartbeat().pending());  // S15
}

TEST_P(ClientSocketEvents, ThePongComesAfterTheMessage) {  // S13, S15; parity
  s.connect_and_open();
  s.input([&](Effects& out) { s.socket.ping(s.now(), out); });
  s.forget();
  s.server(R"([null,"1","phoenix","phx_reply",{"status":"ok","response":{}}])");
  ASSERT_EQ(s.log.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<MessageSeen>(s.log[0]));
  EXPECT_TRUE(std::holds_alternative<Pong>(s.log[1]));
}

TEST_P(ClientSocketEvents, SO_68_PingWhileNotOpenIsRefused) {
  s.connect();
  std::optional<PingId> id;
  s.input([&](Effects& out) { id = s.socket.ping(s.now(), out); });
  EXPECT_FALSE(id);
  EXPECT_THAT(s.sent(), IsEmpty());
}

// --- codecs ---

/// Frames the other way round: `event|topic|payload`.
class PipeSerializer final : public Serializer {
 public:
  std::string_view vsn() const noexcept override { return "9.0.0"; }
  std::string_view phoenix_name() const noexcept override { return "Test.PipeSerializer"; }
  Result<EnvelopeView> decode_client(Opcode op, std::string_view frame, EnvelopeScratch& scratch, const JsonLimits&) const override {
    return decode_server(op, frame, scratch);
  }
  Result<EnvelopeView> decode_server(Opcode, std::string_view frame, EnvelopeScratch&) const override {
    const std::size_t first = frame.find('|');
    const std::size_t second = frame.find('|', first + 1);
    if (second == std::string_view::npos) return failure(Errc::bad_envelope);
    EnvelopeView view;
    view.event = frame.substr(0, first);
    view.topic = frame.substr(first + 1, second - first - 1);
    view.payload = frame.substr(second + 1);
    return view;
  }
  Result<Opcode> encode(const MessageView& message, std::string& out) const override {
    out.append(message.event).append("|").append(message.topic).append("|").append(message.payload);
    return Opcode::text;
  }
};

TEST_P(ClientSocketEvents, SO_69_TheDefaultEncodingIsTheArray) {
  s.connect_and_open();
  s.input([&](Effects& out) {
    s.socket.send({.join_ref = R"("0")", .ref = R"("1")", .topic = "t", .event = "e", .payload = R"({"foo":1})"}, out);
  });
  EXPECT_THAT(s.all<SendFrame>(), ElementsAre(SendFrame{s.generation(), Opcode::text, R"(["0","1","t","e",{"foo":1}])"}));
}

TEST_P(ClientSocketEvents, SO_70_ACustomEncoderIsUsed) {
  const PipeSerializer pipes;
  SocketConfig config{.policy = GetParam().policy};
  config.serializer = &pipes;
  ScriptedSocket t(config);
  t.connect_and_open();
  t.join("topic");
  EXPECT_THAT(t.sent(), ElementsAre("phx_join|topic|{}"));
}

TEST_P(ClientSocketEvents, SO_72_TheDefaultDecodingIsTheArray) {
  s.connect_and_open();
  s.server(R"(["0","1","t","e",{"foo":1}])");
  EXPECT_EQ(s.last<MessageSeen>().message.topic, "t");
}

TEST_P(ClientSocketEvents, SO_73_ACustomDecoderIsUsed) {
  const PipeSerializer pipes;
  SocketConfig config{.policy = GetParam().policy};
  config.serializer = &pipes;
  ScriptedSocket t(config);
  t.connect_and_open();
  const ChannelId c = t.channel("topic");
  t.server("event|topic|17");
  EXPECT_THAT(t.all<ChannelMessage>(), ElementsAre(ChannelMessage{c, PayloadKind::json, "event", "17", "null", "null"}));
}

}  // namespace
}  // namespace phx::core
