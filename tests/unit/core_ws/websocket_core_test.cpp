#include "core_feed.hpp"

using namespace phx;
using namespace phx::core;
using namespace phx::core::ws;
using namespace phx::core::ws::test;
using namespace std::chrono_literals;

namespace {

const std::string protocol_violation = "/unclean: " + make_error_code(Errc::protocol_error).message();
const std::string timed_out = "/unclean: " + std::make_error_code(std::errc::timed_out).message();

std::string server_frame(FrameOp op, std::string_view payload) { return frame(op, payload, {.masked = false}); }

using Codes = std::vector<std::uint16_t>;

struct Answer {
  Lines events, written;
  bool operator==(const Answer&) const = default;
};

/// One input to a fresh core.
Answer answer(Role role, const std::string& bytes) {
  WebSocketCore core(role, default_limits, role == Role::client ? fixed_mask() : MaskSource{});
  std::string out;
  Lines events = feed(core, bytes, out);
  return {events, read_as_peer_of(role, out)};
}

struct Recorder final : FrameTap {
  void on_frame(Direction direction, FrameOp op, std::string_view payload, Instant) override {
    lines.push_back((direction == Direction::in ? "in " : "out ") + std::to_string(static_cast<int>(op)) + " " + std::string(payload));
  }
  Lines lines;
};

}  // namespace

TEST(WebSocketCore, AClientNeedsMasks) { EXPECT_THROW(WebSocketCore(Role::client, default_limits), std::invalid_argument); }

TEST(WebSocketCore, Rfc6455_5_5_2_AnswersAPing) {
  EXPECT_EQ(answer(Role::server, frame(FrameOp::ping, "hello")), (Answer{{"ping hello"}, {"pong hello"}}));
  EXPECT_EQ(answer(Role::client, server_frame(FrameOp::ping, "hello")), (Answer{{"ping hello"}, {"pong hello"}}));
  EXPECT_EQ(answer(Role::server, frame(FrameOp::pong, "unasked")), (Answer{{"pong unasked"}, {}}));
}

// server.md 2.2, golden client_close_*; behaviour B29
TEST(WebSocketCore, ServerAnswersEachCloseCode) {
  for (const std::uint16_t code : Codes{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4000, 4999, 5000, 65535}) {
    EXPECT_EQ(answer(Role::server, frame(FrameOp::close, close_payload(code, "r"))),
              (Answer{{"closed " + std::to_string(code) + " r"}, {"close 1000 "}}));
  }
  for (const std::uint16_t code : Codes{0, 999, 1004, 1006, 1012, 1013, 1014, 1015, 1016, 2999}) {
    EXPECT_EQ(answer(Role::server, frame(FrameOp::close, close_payload(code))),
              (Answer{{"closed 1002 " + protocol_violation}, {"close 1002 "}}));
  }
  EXPECT_EQ(answer(Role::server, frame(FrameOp::close, "\x03\xED")), (Answer{{"closed 1002 " + protocol_violation}, {"close 1002 "}}));
  EXPECT_EQ(answer(Role::server, frame(FrameOp::close, "")), (Answer{{"closed 1005 "}, {"close 1000 "}}));
}

// RFC 6455 5.5.1: the status code is echoed. 7.4: which codes may be sent; 1012 comes from a draining Phoenix.
TEST(WebSocketCore, Rfc6455_5_5_1_ClientEchoesTheCloseCode) {
  for (const std::uint16_t code : Codes{1000, 1001, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 4999}) {
    EXPECT_EQ(answer(Role::client, server_frame(FrameOp::close, close_payload(code, "bye"))),
              (Answer{{"closed " + std::to_string(code) + " bye"}, {"close " + std::to_string(code) + " "}}));
  }
  for (const std::uint16_t code : Codes{0, 999, 1004, 1006, 1015, 1016, 2999, 5000}) {
    EXPECT_EQ(answer(Role::client, server_frame(FrameOp::close, close_payload(code))),
              (Answer{{"closed 1002 " + protocol_violation}, {"close 1002 "}}));
  }
  EXPECT_EQ(answer(Role::client, server_frame(FrameOp::close, "")), (Answer{{"closed 1005 "}, {"close 1005 "}}));
}

// behaviour B28
TEST(WebSocketCore, FailsTheConnectionWithTheCodeOfTheViolation) {
  EXPECT_EQ(answer(Role::server, server_frame(FrameOp::text, "x")), (Answer{{"closed 1002 " + protocol_violation}, {"close 1002 "}}));
  EXPECT_EQ(answer(Role::server, text("\xFF")),
            (Answer{{"closed 1007 /unclean: " + make_error_code(Errc::invalid_utf8).message()}, {"close 1007 "}}));
  EXPECT_EQ(answer(Role::client, text("masked")), (Answer{{"closed 1002 " + protocol_violation}, {"close 1002 "}}));
}

TEST(WebSocketCore, Rfc6455_7_1_2_OurCloseEndsWithThePeersAnswer) {
  WebSocketCore core(Role::server, default_limits);
  std::string out;
  core.close(1012, "", at(0s), out);
  EXPECT_EQ(read_as_peer_of(Role::server, out), Lines{"close 1012 "});
  EXPECT_EQ(core.state(), WebSocketCore::State::closing);

  out.clear();
  EXPECT_EQ(feed(core, frame(FrameOp::close, close_payload(1012)), out), Lines{"closed 1012 "});
  EXPECT_EQ(out, "");
  EXPECT_EQ(core.state(), WebSocketCore::State::closed);
}

// RFC 6455 5.5.1: no data after a close frame. What comes in meanwhile is not for the application any more.
TEST(WebSocketCore, Rfc6455_5_5_1_NothingIsSentOrDeliveredAfterOurClose) {
  WebSocketCore core(Role::client, default_limits, fixed_mask());
  std::string out;
  core.close(1000, "done", at(0s), out);
  out.clear();
  core.send(Opcode::text, "late", at(0s), out);
  core.ping("late", at(0s), out);
  core.close(1001, "again", at(0s), out);
  EXPECT_EQ(feed(core, server_frame(FrameOp::text, "late") + server_frame(FrameOp::ping, "late"), out), Lines{});
  EXPECT_EQ(out, "");
  EXPECT_EQ(feed(core, server_frame(FrameOp::close, close_payload(1000)) + "rubbish", out), Lines{"closed 1000 "});
  EXPECT_EQ(out, "");
}

TEST(WebSocketCore, IsDeafAndDumbOnceClosed) {
  WebSocketCore core(Role::server, default_limits);
  std::string out;
  EXPECT_EQ(feed(core, text("a") + "\xFF" + text("b"), out), (Lines{"text a", "closed 1002 " + protocol_violation}));
  out.clear();
  EXPECT_EQ(feed(core, text("c"), out), Lines{});
  core.send(Opcode::text, "d", at(0s), out);
  EXPECT_EQ(out, "");
}

TEST(WebSocketCore, RefusesToSendALongPing) {
  WebSocketCore core(Role::server, default_limits);
  std::string out;
  EXPECT_THROW(core.ping(std::string(126, 'x'), at(0s), out), std::invalid_argument);
}

TEST(WebSocketCore, TheTapSeesBothDirectionsInTheClear) {
  Recorder tap;
  WebSocketCore core(Role::client, default_limits, fixed_mask(), &tap);
  std::string out;
  core.send(Opcode::text, "hi", at(0s), out);
  feed(core, server_frame(FrameOp::ping, "p") + server_frame(FrameOp::binary, "b") + server_frame(FrameOp::close, close_payload(1000)),
       out);
  const std::string normal = close_payload(1000);
  EXPECT_EQ(tap.lines, (Lines{"out 1 hi", "in 9 p", "out 10 p", "in 2 b", "in 8 " + normal, "out 8 " + normal}));
}

// server.md 2.1: received data restarts the idle timer, sent data does not; its end is close 1002.
TEST(WebSocketCoreIdle, ClosesAtTheDeadlineAndNotBefore) {
  WebSocketCore core(Role::server, default_limits);
  std::string out;
  EXPECT_FALSE(core.next_deadline());
  core.set_idle_timeout(60s, at(0s));
  EXPECT_EQ(core.next_deadline(), at(60s));

  feed(core, frame(FrameOp::pong, ""), out, at(10s));
  core.send(Opcode::text, "ours", at(20s), out);
  EXPECT_EQ(core.next_deadline(), at(70s));
  feed(core, "\x81", out, at(30s));  // half a header is data too
  EXPECT_EQ(core.next_deadline(), at(90s));

  out.clear();
  EXPECT_FALSE(core.on_deadline(at(89'999ms), out));
  const auto event = core.on_deadline(at(90s), out);
  ASSERT_TRUE(event);
  EXPECT_EQ(describe(*event), "closed 1002 " + timed_out);
  EXPECT_EQ(read_as_peer_of(Role::server, out), Lines{"close 1002 "});
  EXPECT_FALSE(core.next_deadline());
  EXPECT_FALSE(core.on_deadline(at(99s), out));
}

TEST(WebSocketCoreIdle, GivesUpAClosingHandshakeWithoutASecondClose) {
  WebSocketCore core(Role::server, default_limits);
  std::string out;
  core.set_idle_timeout(1s, at(0s));
  core.close(1000, "", at(0s), out);
  out.clear();
  const auto event = core.on_deadline(at(1s), out);
  ASSERT_TRUE(event);
  EXPECT_EQ(describe(*event), "closed 1006 " + timed_out);
  EXPECT_EQ(out, "");
}
