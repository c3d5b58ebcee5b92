// A recorded session replayed as a mock to the SDK, over loopback: the client cannot tell.
#include <phx/client/socket.hpp>
#include <phx/mock/mock_server.hpp>
#include <phx/scenario/capture_convert.hpp>

#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <future>

namespace phx::mock {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view original = R"yaml(
phxkit_mock: 1
channels:
  "room:*":
    join: { reply: { response: { id: 7 } }, push: { event: hello, payload: { to: "{{ join_payload.name }}" } } }
    on:
      ping: { reply: { response: "{{ payload }}" } }
      new_msg: { broadcast: { event: new_msg, payload: "{{ payload }}" }, reply: { status: error, response: { reason: late } } }
)yaml";

/// What a client of the SDK sees of one visit.
std::vector<std::string> visit(std::uint16_t port, core::ws::FrameTap* tap) {
  std::vector<std::string> seen;
  client::Socket socket("ws://127.0.0.1:" + std::to_string(port) + "/socket", {.frame_tap = tap});
  client::Channel room = socket.channel("room:a", client::Payload(Json{{"name", "ada"}}));
  std::promise<std::string> hello, message;
  const auto one = room.on("hello", [&](const client::Message& m) { hello.set_value(m.payload.text()); });
  const auto two = room.on("new_msg", [&](const client::Message& m) { message.set_value(m.payload.text()); });
  socket.connect();
  const auto tell = [&](client::Push push) {
    const auto reply = push.future().get();
    seen.push_back(reply ? reply->status + " " + reply->response.text() : reply.error().message());
  };
  tell(room.join());
  seen.push_back(hello.get_future().get());
  tell(room.push("ping", client::Payload(Json{{"n", 1}})));
  tell(room.push("ping", client::Payload(Json{{"n", 2}})));
  tell(room.push("new_msg", client::Payload(Json{{"body", "hi"}})));
  seen.push_back(message.get_future().get());
  tell(room.leave());
  socket.disconnect().wait();
  return seen;
}

class Recording final : public core::ws::FrameTap {
 public:
  explicit Recording(scenario::CaptureRecorder& recorder) : recorder_(recorder) {}
  void on_frame(Direction d, core::ws::FrameOp op, std::string_view payload, Instant now) override {
    if (op != core::ws::FrameOp::text) return;
    recorder_.frame(1, d == Direction::in ? scenario::Direction::to_client : scenario::Direction::to_server, core::Opcode::text, payload,
                    "2.0.0", now);
  }

 private:
  scenario::CaptureRecorder& recorder_;
};

TEST(MockServer, ReplaysARecordedSessionAndTheClientCannotTell) {
  std::string text;
  scenario::CaptureRecorder recorder({.tool = "test", .url = "ws://h/socket"}, std::chrono::steady_clock::now(), {},
                                     [&](const std::string& line) { text += line + "\n"; });
  Recording tap(recorder);
  MockServer first(MockFile::parse(original, "m.yaml"), {});
  ASSERT_TRUE(first.start());
  const auto seen = visit(first.port(), &tap);
  EXPECT_EQ(seen, (std::vector<std::string>{R"(ok {"id":7})", R"({"to":"ada"})", R"(ok {"n":1})", R"(ok {"n":2})",
                                            R"(error {"reason":"late"})", R"({"body":"hi"})", "ok {}"}));
  const auto capture = scenario::read_capture(text);
  ASSERT_TRUE(capture) << capture.error().message;
  MockServer second(MockFile::parse(scenario::capture_to_mock(*capture), "made"), {});
  ASSERT_TRUE(second.start());
  EXPECT_EQ(visit(second.port(), nullptr), seen);
  EXPECT_EQ(second.journal().summary()["unexpected"], 0);
}

TEST(FileWatch, TellsOfChangesOnce) {
  const auto path = std::filesystem::temp_directory_path() / ("phxkit_watch_" + std::to_string(::getpid()));
  std::ofstream(path) << "a";
  FileWatch watch(path);
  EXPECT_FALSE(watch.changed());
  std::ofstream(path) << "ab";
  EXPECT_TRUE(watch.changed());
  EXPECT_FALSE(watch.changed());
  std::filesystem::remove(path);
  EXPECT_FALSE(watch.changed());
}

}  // namespace
}  // namespace phx::mock
