#include <gtest/gtest.h>

#include <stdexcept>

#include "peer.hpp"

namespace phx::server::test {
namespace {

using core::ws::close_payload;
using core::ws::FrameOp;

struct ConnectionCoreTest : testing::Test {
  std::shared_ptr<Log> log = std::make_shared<Log>();
  Peer peer{{socket_plug(fixture_mounts(log), fixture_defaults())}};

  void open() {
    peer.send(upgrade_request("/raw/websocket"));
    ASSERT_EQ(status_of(peer.take()), 101);
  }
  std::string closed(std::uint16_t code) { return server_frame(FrameOp::close, close_payload(code)); }
};

TEST_F(ConnectionCoreTest, TakesFramesThatCameWithTheRequest) {
  peer.send(upgrade_request("/raw/websocket") + client_frame(FrameOp::text, "hi"));
  EXPECT_TRUE(peer.take().ends_with(server_frame(FrameOp::text, "hi")));
}

TEST_F(ConnectionCoreTest, EchoesWholeAndByteByByte) {
  open();
  const auto bytes = client_frame(FrameOp::text, "one") + client_frame(FrameOp::ping, "p") + client_frame(FrameOp::binary, "two");
  const auto expected = server_frame(FrameOp::text, "one") + server_frame(FrameOp::pong, "p") + server_frame(FrameOp::binary, "two");
  peer.send(bytes);
  EXPECT_EQ(peer.take(), expected);
  peer.send_slowly(bytes);
  EXPECT_EQ(peer.take(), expected);
  EXPECT_EQ(log->messages, (std::vector<std::string>{"one", "ping:p", "two", "one", "ping:p", "two"}));
}

TEST_F(ConnectionCoreTest, EchoesThePeersCloseAndFinishes) {  // golden client_close_1001
  open();
  peer.send(client_frame(FrameOp::close, close_payload(1001)));
  EXPECT_EQ(peer.take(), closed(1000));
  EXPECT_TRUE(peer.core().finished());
  EXPECT_EQ(log->ends, std::vector{CloseCause::peer_closed});
}

TEST_F(ConnectionCoreTest, ClosesOnViolationWithoutWaiting) {  // golden unmasked_frame
  open();
  peer.send(server_frame(FrameOp::text, "x"));
  EXPECT_EQ(peer.take(), closed(1002));
  EXPECT_TRUE(peer.core().finished());
  EXPECT_EQ(log->ends, std::vector{CloseCause::protocol_error});
}

// server.md 2.1, 2.2: more than 25 times the compressed size is 1009, broken data 1007
TEST_F(ConnectionCoreTest, ACompressedMessageIsInflatedWithinBounds) {
  const auto answer_to = [&](std::string_view payload) {
    Peer other{{socket_plug(fixture_mounts(log), fixture_defaults())}};
    other.send(upgrade_request("/socket_deflate/websocket", "sec-websocket-extensions: permessage-deflate\r\n"));
    EXPECT_EQ(status_of(other.take()), 101);
    std::string frame;
    core::ws::append_frame(frame, FrameOp::text, payload, 0x01020304u, true, true);
    other.send(frame);
    return other.take();
  };
  const auto deflated = [](std::string_view message) {
    std::string out;
    core::ws::MessageDeflater().deflate(message, out);
    return out;
  };
  EXPECT_EQ(answer_to(deflated("hello")).substr(0, 2), "\xC1\x07") << "the echo is compressed";
  EXPECT_EQ(log->messages, std::vector<std::string>{"hello"});
  EXPECT_EQ(answer_to(deflated(std::string(10'000, 'a'))), closed(1009));
  EXPECT_EQ(answer_to("\xff\xff"), closed(1007));
  EXPECT_EQ(answer_to(deflated("\xff")), closed(1007)) << "text that is not UTF-8";
}

TEST_F(ConnectionCoreTest, OurCloseWaitsForTheEcho) {
  open();
  log->link->close(1001, "");
  log->link->close(1000, "the first call wins");
  peer.turn();
  EXPECT_EQ(peer.take(), closed(1001));
  EXPECT_EQ(log->ends, std::vector{CloseCause::local_close});
  EXPECT_FALSE(peer.core().finished());
  peer.send(client_frame(FrameOp::text, "dropped") + client_frame(FrameOp::close, close_payload(1001)));
  EXPECT_EQ(peer.take(), "");
  EXPECT_TRUE(peer.core().finished());
}

TEST_F(ConnectionCoreTest, OurCloseWaitsForTheEchoNoLongerThanItsTime) {
  open();
  log->link->close(1001, "");
  peer.turn();
  peer.advance(4'999ms);
  EXPECT_FALSE(peer.core().finished());
  peer.advance(1ms);
  EXPECT_TRUE(peer.core().finished());
}

TEST_F(ConnectionCoreTest, MessagesBehindACloseAreNotHandled) {
  open();
  log->act = [](TransportLink& link, std::string_view) { link.close(1000, ""); };
  peer.send(client_frame(FrameOp::text, "a") + client_frame(FrameOp::text, "b"));
  EXPECT_EQ(log->messages, std::vector<std::string>{"a"});
  EXPECT_EQ(peer.take(), closed(1000));
}

TEST_F(ConnectionCoreTest, IdleTimeIsCountedFromTheLastInput) {  // golden idle_timeout, idle_timeout_server_traffic
  open();
  peer.advance(1s);
  peer.send(client_frame(FrameOp::pong, ""));
  peer.advance(1'400ms);
  peer.shard().write_frame(log->link->outbox(), Opcode::text, "tick");
  peer.turn();
  EXPECT_EQ(peer.take(), server_frame(FrameOp::text, "tick"));
  peer.advance(100ms);
  EXPECT_EQ(peer.take(), closed(1002));
  EXPECT_EQ(log->ends, std::vector{CloseCause::idle_timeout});
}

TEST_F(ConnectionCoreTest, AHeldReaderKeepsWhatCameAndGoesOnInOrder) {  // server.md 0.1.3
  open();
  log->act = [](TransportLink& link, std::string_view bytes) {
    if (bytes == "join") link.pause_reading();
  };
  const auto burst = client_frame(FrameOp::text, "join") + client_frame(FrameOp::ping, "p") + client_frame(FrameOp::text, "b");
  for (std::size_t cut = 1; cut < burst.size(); ++cut) {
    log->messages.clear();
    peer.send(burst.substr(0, cut));
    peer.send(burst.substr(cut));
    EXPECT_EQ(log->messages, std::vector<std::string>{"join"}) << cut;
    EXPECT_EQ(peer.take(), "") << "no pong either";
    EXPECT_FALSE(peer.core().reads());
    log->link->resume_reading();
    peer.turn();
    EXPECT_EQ(log->messages, (std::vector<std::string>{"join", "ping:p", "b"})) << cut;
    EXPECT_EQ(peer.take(), server_frame(FrameOp::pong, "p"));
  }
}

TEST_F(ConnectionCoreTest, TheIdleTimerWaitsForAJoin) {
  open();
  log->link->pause_reading();
  peer.advance(10s);
  EXPECT_EQ(peer.take(), "");
  log->link->resume_reading();
  peer.turn();
  peer.advance(1500ms);
  EXPECT_EQ(peer.take(), closed(1002));
}

TEST_F(ConnectionCoreTest, AnExceptionClosesWith1011) {  // server.md 2.2
  open();
  log->act = [](TransportLink&, std::string_view) { throw std::runtime_error("handler crashed"); };
  peer.send(client_frame(FrameOp::text, "x"));
  EXPECT_EQ(peer.take(), closed(1011));
  EXPECT_EQ(log->ends.size(), 1u);
}

TEST_F(ConnectionCoreTest, ShutdownClosesWith1000AndDrainWith1012) {  // golden server_drain
  open();
  EXPECT_FALSE(peer.core().drain(peer.now()));
  log->drains = true;
  EXPECT_TRUE(peer.core().drain(peer.now()));
  peer.turn();
  EXPECT_EQ(peer.take(), closed(1012));
  peer.core().shutdown(peer.now());
  peer.turn();
  EXPECT_EQ(peer.take(), "") << "one close frame is enough";

  Peer other{{socket_plug(fixture_mounts(log), fixture_defaults())}};
  other.send(upgrade_request("/raw/websocket"));
  other.take();
  other.core().shutdown(other.now());
  other.turn();
  EXPECT_EQ(other.take(), closed(1000));
  EXPECT_EQ(log->ends.back(), CloseCause::shutdown);
}

TEST_F(ConnectionCoreTest, ALostConnectionIsToldOnce) {
  open();
  peer.core().peer_closed(peer.now());
  peer.core().lost(peer.now());
  EXPECT_EQ(log->ends, std::vector{CloseCause::connection_lost});
  EXPECT_EQ(peer.take(), "");
}

// design.md: 1.5 KB per idle joined connection in all; the connection's own share is small.
TEST(ConnectionCoreSize, StaysSmall) { EXPECT_LE(sizeof(ConnectionCore), 320u); }

}  // namespace
}  // namespace phx::server::test
