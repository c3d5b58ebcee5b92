// WebSocketOptions::tap: every frame of a server connection, both ways.
#include <gtest/gtest.h>

#include <phx/core/ws/websocket_core.hpp>

#include "peer.hpp"

namespace phx::server::test {
namespace {

using core::ws::close_payload;
using core::ws::FrameOp;

class Tape final : public core::ws::FrameTap {
 public:
  void on_frame(Direction direction, FrameOp op, std::string_view payload, Instant) override {
    frames.push_back((direction == Direction::in ? "in " : "out ") + std::to_string(static_cast<int>(op)) + " " + std::string(payload));
  }
  std::vector<std::string> frames;
};

struct FrameTapTest : testing::Test {
  void open(WebSocketOptions options, bool channels = true, std::string_view headers = {}) {
    options.tap = [this](const Conn& request) {
      tapped_path = request.path;
      return tape;
    };
    peer.emplace(PlugChain{
        socket_plug({{.path = "/s", .handler = std::make_shared<TestHandler>(log, channels), .websocket = std::move(options)}}, {})});
    peer->send(upgrade_request("/s/websocket", headers) + client_frame(FrameOp::text, "first"));
  }
  std::shared_ptr<Tape> tape = std::make_shared<Tape>();
  std::shared_ptr<Log> log = std::make_shared<Log>();
  std::string tapped_path;
  std::optional<Peer> peer;
};

TEST_F(FrameTapTest, SeesAllFramesInTheirOrderButNotTheHandshake) {
  open({});
  EXPECT_EQ(tapped_path, "/s/websocket");
  peer->send(client_frame(FrameOp::ping, "p") + client_frame(FrameOp::binary, "b"));
  peer->send(client_frame(FrameOp::close, close_payload(1000)));
  EXPECT_EQ(tape->frames, (std::vector<std::string>{"in 1 first", "out 1 first", "in 9 p", "out 10 p", "in 2 b", "out 2 b",
                                                    "in 8 " + close_payload(1000), "out 8 " + close_payload(1000)}));
}

TEST_F(FrameTapTest, SeesCompressedMessagesAsTheyAre) {
  WebSocketOptions options;
  options.compress = true;
  for (const bool channels : {true, false}) {  // a raw session's messages may refer to earlier ones
    tape->frames.clear();
    options.deflate_options.context_takeover = !channels;
    open(options, channels, "sec-websocket-extensions: permessage-deflate\r\n");
    peer->send(client_frame(FrameOp::text, "first"));
    EXPECT_EQ(tape->frames, (std::vector<std::string>{"in 1 first", "out 1 first", "in 1 first", "out 1 first"}));
  }
}

TEST_F(FrameTapTest, SeesFramesThatWereHeldBackWhenTheyGo) {
  open({});
  tape->frames.clear();
  auto& outbox = log->link->outbox();
  outbox.hold();
  peer->shard().write_frame(outbox, Opcode::text, "held");
  peer->shard().write_frame(outbox, Opcode::text, "ahead", true);
  outbox.release();
  EXPECT_EQ(tape->frames, (std::vector<std::string>{"out 1 ahead", "out 1 held"}));
}

TEST_F(FrameTapTest, SeesTheCloseThatAnswersAViolation) {
  open({});
  tape->frames.clear();
  peer->send(server_frame(FrameOp::text, "unmasked"));
  EXPECT_EQ(tape->frames, std::vector<std::string>{"out 8 " + close_payload(1002)});
}

}  // namespace
}  // namespace phx::server::test
