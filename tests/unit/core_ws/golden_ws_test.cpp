// tests/golden/ws_protocol.json replayed against the server core: what a real Phoenix answers below its serializers.
#include "core_feed.hpp"

using namespace phx;
using namespace phx::core;
using namespace phx::core::ws;
using namespace phx::core::ws::test;
using golden::Step;

namespace {

/// The bytes the recorder put on the wire.
std::string client_bytes(const Step& step) {
  const Json& json = step.json;
  if (step.type == "raw_bytes") return step.data;
  if (step.type == "text" || step.type == "binary") return frame(static_cast<FrameOp>(step.opcode()), step.data);
  if (step.type == "close") {
    return frame(FrameOp::close,
                 json.at("code").is_null()
                     ? ""
                     : std::string{char(json.at("code").get<int>() >> 8), char(json.at("code").get<int>())} + json.value("reason", ""));
  }
  const auto op = static_cast<FrameOp>(json.at("opcode").get<int>());
  return frame(op, step.data, {.fin = json.value("fin", true), .rsv1 = json.value("rsv", 0) == 4, .masked = json.value("mask", true)});
}

/// Plays one case in pieces of a given size. Text answers come from Phoenix's channels; here the message must arrive instead.
class Playback {
 public:
  explicit Playback(std::size_t piece) : piece_(piece) {}

  void run(const golden::Case& c) {
    limits_.max_frame = c.steps.front().json.at("path").get<std::string>().starts_with("/socket_small") ? 1000 : 10'000'000;
    for (const Step& step : c.steps) {
      if (step.kind == Step::Kind::send) send(step);
      if (step.kind == Step::Kind::recv) receive(step);
    }
    EXPECT_EQ(answers_, Lines{}) << "answered more than Phoenix";
  }

 private:
  void send(const Step& step) {
    const std::string bytes = client_bytes(step);
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += piece_) {
      for (const auto& line : feed(core_, bytes.substr(i, piece_), out)) messages_ += line.starts_with("text ") ? 1 : 0;
    }
    for (auto& line : read_as_peer_of(Role::server, out)) answers_.push_back(std::move(line));
  }

  void receive(const Step& step) {
    if (step.type == "text") {
      EXPECT_GT(messages_--, 0) << "the message did not arrive";
      return;
    }
    if (step.type == "tcp_fin") {
      EXPECT_EQ(core_.state(), WebSocketCore::State::closed);
      return;
    }
    ASSERT_FALSE(answers_.empty()) << "no answer, expected " << step.json;
    const std::string expected =
        step.type == "close" ? "close " + std::to_string(step.json.at("code").get<int>()) + " " : "pong " + step.data;
    EXPECT_EQ(answers_.front(), expected);
    answers_.erase(answers_.begin());
  }

  std::size_t piece_;
  Limits limits_;
  WebSocketCore core_{Role::server, limits_};
  Lines answers_;
  int messages_ = 0;
};

}  // namespace

TEST(GoldenWsProtocol, EveryCaseHoweverCut) {
  const auto cases = golden::load("ws_protocol");
  ASSERT_EQ(cases.size(), 26u);
  for (const auto& c : cases) {
    for (const std::size_t piece : {1'000'000u, 1u, 3u, 5u, 11u}) {
      SCOPED_TRACE(c.name + " in pieces of " + std::to_string(piece));
      Playback(piece).run(c);
    }
  }
}
