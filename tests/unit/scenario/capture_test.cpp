#include <phx/scenario/capture.hpp>

#include <gtest/gtest.h>

namespace phx::scenario {
namespace {

using namespace std::chrono_literals;

Instant at(Duration d) { return Instant{} + d; }

std::string whole() {
  std::string out;
  CaptureRecorder recorder({.tool = "test", .url = "ws://h/socket?token=abc", .started = "2026-01-31T12:00:00.000Z"}, at(0s), {},
                           [&](const std::string& line) { out += line + "\n"; });
  const std::uint64_t c = 1;
  recorder.opened(c, "ws://h/socket/websocket?vsn=2.0.0&token=abc", at(1ms));
  recorder.frame(c, Direction::to_server, core::Opcode::text, R"(["1","1","room:a","phx_join",{"token":"x"}])", "2.0.0", at(2ms));
  recorder.frame(c, Direction::to_client, core::Opcode::text, R"(["1","1","room:a","phx_reply",{"status":"ok","response":{}}])", "2.0.0",
                 at(3ms));
  const std::string broadcast("\x02\x06\x03room:anew\x01\xff", 14);
  recorder.frame(c, Direction::to_client, core::Opcode::binary, broadcast, "2.0.0", at(4ms));
  recorder.frame(c, Direction::to_client, core::Opcode::text, "no \xff json", "2.0.0", at(5ms));
  recorder.http(c, Direction::to_server, "GET", "/socket/longpoll?token=t", {}, "", at(6ms));
  recorder.closed(c, Direction::to_client, 1012, "deploy", at(7ms));
  recorder.error(c, "lost", at(8ms));
  recorder.note(c, "the end", at(9ms));
  return out;
}

// design.md section 5: the line that everybody reads
TEST(Capture, WritesOneObjectPerEvent) {
  const std::string text = whole();
  EXPECT_EQ(text.substr(0, text.find('\n')),
            R"({"phxkit_capture":1,"tool":"test","url":"ws://h/socket?token=[FILTERED]","transport":"websocket","vsn":"2.0.0",)"
            R"("started":"2026-01-31T12:00:00.000Z","clock":"monotonic"})");
  EXPECT_NE(
      text.find(
          R"({"t":2000000,"c":1,"d":"out","k":"frame","op":"text","raw":"[\"1\",\"1\",\"room:a\",\"phx_join\",{\"token\":\"[FILTERED]\"}]",)"
          R"("join_ref":"1","ref":"1","topic":"room:a","event":"phx_join","n":43})"),
      std::string::npos)
      << text;
  EXPECT_EQ(text.find("abc"), std::string::npos);
}

TEST(Capture, ReadsWhatItWrote) {
  const auto capture = read_capture(whole());
  ASSERT_TRUE(capture) << capture.error().message;
  EXPECT_EQ(capture->header.tool, "test");
  ASSERT_EQ(capture->events.size(), 9u);
  const auto& reply = capture->events[2];
  EXPECT_EQ(reply.direction, Direction::to_client);
  EXPECT_EQ(reply.status, "ok");
  EXPECT_EQ(reply.ref, R"("1")");
  const auto& binary = capture->events[3];
  EXPECT_EQ(binary.op, core::Opcode::binary);
  EXPECT_EQ(binary.event, "new");
  EXPECT_EQ(frame_payload(binary, core::v2_serializer())->text, "\x01\xff");
  EXPECT_EQ(capture->events[4].raw, "no \xff json");
  EXPECT_EQ(capture->events[6].code, 1012);
  std::string again = capture_line(capture->header) + "\n";
  for (const auto& event : capture->events) again += capture_line(event) + "\n";
  EXPECT_EQ(again, whole());
}

TEST(Capture, ReadsTheSameInPiecesCutAnywhere) {
  const std::string text = whole();
  for (std::size_t i = 0; i <= text.size(); ++i) {
    CaptureReader reader;
    ASSERT_TRUE(reader.feed(std::string_view(text).substr(0, i)));
    ASSERT_TRUE(reader.feed(std::string_view(text).substr(i)));
    const auto capture = reader.finish();
    ASSERT_TRUE(capture);
    ASSERT_EQ(capture->events.size(), 9u);
  }
}

TEST(Capture, LeavesOutATornLastLineAndSaysSo) {
  const std::string text = whole();
  const auto capture = read_capture(text.substr(0, text.size() - 5));
  ASSERT_TRUE(capture);
  EXPECT_EQ(capture->events.size(), 8u);
  ASSERT_EQ(capture->notes.size(), 1u);
  EXPECT_EQ(capture->notes[0], "line 10: the capture ends in the middle of a line, which was left out");
}

TEST(Capture, SaysInWhichLineWhatIsWrong) {
  const std::string head = R"({"phxkit_capture":1,"tool":"t"})"
                           "\n";
  const auto error = [&](const std::string& text) {
    const auto capture = read_capture(text);
    return capture ? std::string("fine") : capture.error().message;
  };
  EXPECT_EQ(error(""), "line 1: empty; a capture begins with {\"phxkit_capture\":1,...}");
  EXPECT_EQ(error("{}\n"), "line 1: no capture: the first line must be {\"phxkit_capture\":1,...}, as phx record writes it");
  EXPECT_EQ(error("{\"phxkit_capture\":2}\n"), "line 1: capture version 2 is unknown; this program reads version 1");
  EXPECT_EQ(error(head + "nope\n"), "line 2: not JSON; each line of a capture is one JSON object");
  EXPECT_EQ(error(head + "\n[1]\n"), "line 3: not a JSON object; each line of a capture is one");
  EXPECT_EQ(error(head + "{\"t\":-1}\n"), "line 2: \"t\" must be nanoseconds since the start");
  EXPECT_EQ(error(head + "{\"t\":1,\"k\":\"fram\"}\n"), "line 2: \"k\" must be frame, open, close, http, error or note");
  EXPECT_EQ(error(head + "{\"t\":1,\"k\":\"frame\",\"raw\":\"\"}\n"), "line 2: a frame needs \"d\": in or out");
  EXPECT_EQ(error(head + "{\"t\":1,\"k\":\"note\",\"d\":\"up\"}\n"), "line 2: \"d\" must be in or out (seen from the client)");
  EXPECT_EQ(error(head + "{\"t\":1,\"k\":\"frame\",\"d\":\"in\"}\n"),
            "line 2: a frame needs \"raw\", its text (base64 with \"op\":\"binary\")");
  EXPECT_EQ(error(head + "{\"t\":1,\"k\":\"frame\",\"d\":\"in\",\"op\":\"binary\",\"raw\":\"!\"}\n"),
            "line 2: \"raw\" must be base64 in a binary event");
  EXPECT_EQ(error(head + "{\"t\":1,\"c\":-3,\"k\":\"note\"}\n"), "line 2: \"c\" must be the number of a connection, from 1");
}

TEST(Capture, HasLimits) {
  const std::string text = whole();
  EXPECT_EQ(read_capture(text, {.line = 200, .events = 100}).error().message, "line 4: longer than 200 bytes");
  EXPECT_EQ(read_capture(text, {.line = 1000, .events = 2}).error().message, "line 4: more than 2 events; split the capture");
}

TEST(Capture, KeepsSecretsOnlyWhenAsked) {
  std::string out;
  CaptureRecorder recorder({.url = "ws://h/s?token=abc"}, at(0s), {.keep_secrets = true},
                           [&](const std::string& line) { out += line + "\n"; });
  recorder.frame(1, Direction::to_server, core::Opcode::text, R"([null,"1","t","e",{"token":"x7"}])", "2.0.0", at(1s));
  EXPECT_NE(out.find("token=abc"), std::string::npos);
  EXPECT_NE(out.find("x7"), std::string::npos);
}

TEST(Capture, TellsTheWallTime) {
  EXPECT_EQ(capture_time(std::chrono::system_clock::time_point(1'769'860'800'007ms)), "2026-01-31T12:00:00.007Z");
}

}  // namespace
}  // namespace phx::scenario
