// server.md 13: log lines and parameter filtering.

#include <phx/server/log_lines.hpp>

#include "world.hpp"

namespace phx::server::test {
namespace {

Json json(std::string_view text) { return parse_json(text).value(); }

TEST(ParameterFilter, DiscardHidesKeysThatContainAWordAndTextsWithTheWordAssigned) {
  const ParameterFilter filter;
  EXPECT_EQ(
      filter.apply(json(R"({"user":"ada","password":"p","password_confirmation":{"x":1},"n":[{"my_token":1},"a&token=xyz",7]})")),
      json(
          R"({"user":"ada","password":"[FILTERED]","password_confirmation":"[FILTERED]","n":[{"my_token":"[FILTERED]"},"[FILTERED]",7]})"));
}

TEST(ParameterFilter, WordsAreCaseSensitive) {
  EXPECT_EQ(ParameterFilter().apply(json(R"({"PASSWORD":"p"})")), json(R"({"PASSWORD":"p"})"));
}

TEST(ParameterFilter, KeepHidesAllLeavesButTheSubtreesOfExactlyTheseKeys) {
  const ParameterFilter filter{ParameterFilter::Mode::keep, {"id"}};
  EXPECT_EQ(filter.apply(json(R"({"id":{"a":[1,"x"]},"ids":3,"user":{"name":"ada","id":5,"tags":["t"]}})")),
            json(R"({"id":{"a":[1,"x"]},"ids":"[FILTERED]","user":{"name":"[FILTERED]","id":5,"tags":["[FILTERED]"]}})"));
}

TEST(ParameterFilter, ShowsNothingBelowItsDepth) {
  for (const auto mode : {ParameterFilter::Mode::discard, ParameterFilter::Mode::keep}) {
    const ParameterFilter filter{mode, {"k"}};
    const auto shown = filter.apply(json(std::string(5000, '[') + std::string(5000, ']')), 3);
    EXPECT_EQ(shown, json(R"([[[["[FILTERED]"]]]])"));
  }
}

TEST(LogDuration, IsInMillisecondsAboveAThousandMicroseconds) {
  EXPECT_EQ(log_duration(1000us), "1000us");
  EXPECT_EQ(log_duration(1001us), "1ms");
  EXPECT_EQ(log_duration(25'900us), "25ms");
}

struct LogLinesTest : testing::Test {
  std::vector<std::string> lines;
  LineLogger::Options options{.level = Level::debug};
  World world;

  LogLinesTest() {
    world.script.in = [](std::string_view, const Payload&, Socket&) -> HandleResult { return Reply::ok(); };
  }
  void listen() {
    world.options.observer = std::make_shared<LineLogger>(options, [this](Level, std::string_view line) { lines.emplace_back(line); });
  }
};

// A1.23, A1.25, A1.26, A3.73
TEST_F(LogLinesTest, TellsTheLifeOfAChannel) {
  listen();
  Client c(world);
  c.ask(R"(["1","1","room:a","phx_join",{"nick":"ada","token":"t"}])");
  c.ask(R"(["1","2","room:a","ping",{"password":"p","n":1}])");
  EXPECT_THAT(
      lines,
      ElementsAre("CONNECTED TO UserSocket duration=0us transport=websocket serializer=Phoenix.Socket.V2.JSONSerializer params={}",
                  R"(JOINED room:a duration=0us transport=websocket params={"nick":"ada","token":"[FILTERED]"})",
                  R"(HANDLED ping INCOMING ON room:a (ScriptedChannel) duration=0us ref="2" params={"n":1,"password":"[FILTERED]"})"));
}

TEST_F(LogLinesTest, TellsRefusals) {
  world.script.join = [](std::string_view, const Json&, Socket&) -> JoinResult { return JoinError{}; };
  listen();
  Client c(world);
  lines.clear();
  c.join("room:a");
  EXPECT_THAT(lines, ElementsAre("REFUSED JOIN room:a duration=0us transport=websocket params={}"));
}

// A1.24
TEST_F(LogLinesTest, TheLevelLeavesMessagesOut) {
  options.level = Level::info;
  listen();
  Client c(world);
  c.join();
  c.ask(R"(["1","2","room:a","ping",{}])");
  EXPECT_EQ(lines.size(), 2u);
  EXPECT_EQ(world.options.observer->durations(), Durations::life_cycle);
}

TEST_F(LogLinesTest, BoundsValuesAndKeepsLinesWhole) {
  options.max_value = 20;
  listen();
  Client c(world);
  lines.clear();
  c.ask(R"(["1","1","room:a\nFAKE LINE and much more text","phx_join",{"nick":"ééééééééééééé"}])");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            "JOINED room:a?FAKE LINE and...(35 bytes) duration=0us transport=websocket "
            "params={\"nick\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9...(37 bytes)");
}

TEST_F(LogLinesTest, DoesNotParseBigOrBinaryPayloads) {
  options.max_params = 100;
  listen();
  Client c(world);
  c.join();
  lines.clear();
  c.ask(R"(["1","2","room:a","big",{"x":")" + std::string(200, 'x') + R"("}])");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].ends_with("params=(208 bytes)")) << lines[0];
}

TEST_F(LogLinesTest, SaysNothingWhereNobodyWantsALine) {
  class Quiet final : public Channel {
   public:
    JoinResult join(std::string_view, const Json&, Socket&) override { return JoinOk{}; }
    HandleResult handle_in(std::string_view, const Payload&, Socket&) override { return NoReply{}; }
    LogLevel log_join() const noexcept override { return std::nullopt; }
    LogLevel log_handle_in() const noexcept override { return std::nullopt; }
  };
  class QuietSocket final : public UserSocket {
   public:
    QuietSocket() {
      channel<Quiet>("quiet:*");
      channel<Quiet>("phoenix:*");
    }
  };
  world.options.log = std::nullopt;
  listen();
  const ChannelSocketHandler handler(std::make_shared<QuietSocket>(), world.pubsub, world.options);
  Client c(world, handler, 0, core::v2_serializer());
  c.join("quiet:a");
  c.ask(R"(["1","2","quiet:a","ping",{}])");
  EXPECT_THAT(lines, IsEmpty());
}

}  // namespace
}  // namespace phx::server::test
