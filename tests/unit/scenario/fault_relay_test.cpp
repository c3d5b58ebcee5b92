#include <phx/scenario/fault_relay.hpp>

#include <gtest/gtest.h>

namespace phx::scenario {
namespace {

using namespace std::chrono_literals;
using core::ws::FrameOp;

constexpr Instant at(Duration d) { return Instant{} + d; }

constexpr std::string_view request = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nhost: x\r\n\r\n";
constexpr std::string_view accepted = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
constexpr std::string_view news = R"([null,null,"room:lobby","news",{}])";

std::string frame(FrameOp op, std::string_view payload, bool masked = false) {
  std::string out;
  core::ws::append_frame(out, op, payload, masked ? std::optional<std::uint32_t>(0x01020304) : std::nullopt);
  return out;
}

struct Rig {
  explicit Rig(std::vector<FaultRule> rules, bool handshake = true)
      : engine(std::move(rules)), relay(engine, core::v2_serializer(), {.handshake = handshake}) {}

  RelayActions pass(Direction direction, std::string bytes, Instant now = at(0s)) {
    RelayActions out;
    relay.on_bytes(direction, bytes, now, out);
    return out;
  }

  FaultEngine engine;
  FaultRelay relay;
};

// Joins the bytes of consecutive writes in one direction.
std::string written(const RelayActions& actions, Direction direction) {
  std::string all;
  for (const RelayAction& a : actions) {
    if (const auto* w = std::get_if<RelayWrite>(&a); w != nullptr && w->direction == direction) all += w->bytes;
  }
  return all;
}

TEST(FaultRelay, PassesHeadsAsTheyAreAndFramesAfterThem) {
  Rig rig({});
  EXPECT_EQ(written(rig.pass(Direction::to_server, std::string(request)), Direction::to_server), request);
  const std::string answer = std::string(accepted) + frame(FrameOp::text, news);
  EXPECT_EQ(written(rig.pass(Direction::to_client, answer), Direction::to_client), answer);
  EXPECT_EQ(written(rig.pass(Direction::to_client, frame(FrameOp::ping, "x")), Direction::to_client), frame(FrameOp::ping, "x"));
}

TEST(FaultRelay, ByteByByteItBehavesTheSame) {
  Rig rig({{.when = {.event = "news", .nth = 1}, .fault = Drop{}}});
  std::string got;
  for (const char c : std::string(request)) got += written(rig.pass(Direction::to_server, std::string(1, c)), Direction::to_server);
  EXPECT_EQ(got, request);
  got.clear();
  const std::string answer = std::string(accepted) + frame(FrameOp::text, news) + frame(FrameOp::text, news) + frame(FrameOp::pong, "y");
  for (const char c : answer) got += written(rig.pass(Direction::to_client, std::string(1, c)), Direction::to_client);
  EXPECT_EQ(got, std::string(accepted) + frame(FrameOp::text, news) + frame(FrameOp::pong, "y"));
}

TEST(FaultRelay, MasksAnewTowardsTheServer) {
  Rig rig({}, false);
  std::string bytes = written(rig.pass(Direction::to_server, frame(FrameOp::text, "hello", true)), Direction::to_server);
  core::ws::Decoder decoder(core::ws::Role::server);
  decoder.feed(bytes);
  const auto event = decoder.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<core::ws::MessageEvent>(*event).data, "hello");
}

TEST(FaultRelay, RefusesAnUpgradeAndCuts) {
  Rig rig({{.when = {}, .fault = RefuseUpgrade{.status = 503, .headers = {{"retry-after", "1"}}, .body = "later"}}});
  const auto out = rig.pass(Direction::to_server, std::string(request));
  EXPECT_EQ(written(out, Direction::to_client),
            "HTTP/1.1 503 Refused\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 5\r\n\r\nlater");
  EXPECT_TRUE(std::holds_alternative<RelayCut>(out.back()));
  EXPECT_TRUE(rig.pass(Direction::to_client, std::string(accepted)).empty());
}

TEST(FaultRelay, PassesTheRefusalOfTheServer) {
  Rig rig({});
  EXPECT_EQ(written(rig.pass(Direction::to_client, "HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\nnot"), Direction::to_client),
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\nnot");
  EXPECT_EQ(written(rig.pass(Direction::to_client, "you"), Direction::to_client), "you");
}

TEST(FaultRelay, AControlFrameWaitsBehindADelayedMessage) {
  Rig rig({{.when = {.event = "news"}, .fault = Delay{.by = 50ms}}}, false);
  const auto out = rig.pass(Direction::to_client, frame(FrameOp::text, news) + frame(FrameOp::ping, "x"));
  EXPECT_EQ(out, (RelayActions{RelayWrite{Direction::to_client, frame(FrameOp::text, news), at(50ms)},
                               RelayWrite{Direction::to_client, frame(FrameOp::ping, "x"), at(50ms)}}));
}

TEST(FaultRelay, ClosesBothSides) {
  Rig rig({{.when = {.event = "news"}, .fault = CloseWith{.code = 1011, .reason = {}}}}, false);
  const auto out = rig.pass(Direction::to_client, frame(FrameOp::text, news));
  EXPECT_EQ(written(out, Direction::to_client), frame(FrameOp::close, core::ws::close_payload(1011)));
  EXPECT_FALSE(written(out, Direction::to_server).empty());
}

TEST(FaultRelay, Code1006Cuts) {
  Rig rig({{.when = {.event = "news"}, .fault = CloseWith{.code = 1006, .reason = {}}}}, false);
  EXPECT_EQ(rig.pass(Direction::to_client, frame(FrameOp::text, news)), (RelayActions{RelayCut{}}));
}

TEST(FaultRelay, AHalfOpenLinkSwallowsControlFramesToo) {
  Rig rig({{.when = {.event = "news"}, .fault = HalfOpen{}}}, false);
  EXPECT_TRUE(rig.pass(Direction::to_client, frame(FrameOp::text, news) + frame(FrameOp::ping, "x")).empty());
  EXPECT_TRUE(rig.pass(Direction::to_server, frame(FrameOp::close, "", true)).empty());
}

TEST(FaultRelay, APeerThatBreaksTheProtocolIsCut) {
  Rig rig({}, false);
  EXPECT_EQ(rig.pass(Direction::to_server, frame(FrameOp::text, "unmasked")), (RelayActions{RelayCut{}}));
}

TEST(FaultRelay, AHeadWithoutEndIsCut) {
  Rig rig({});
  EXPECT_EQ(rig.pass(Direction::to_server, std::string((64u << 10) + 1, 'a')), (RelayActions{RelayCut{}}));
}

}  // namespace
}  // namespace phx::scenario
