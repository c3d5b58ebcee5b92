// server.md 13: events, their metadata, and durations that are real where somebody wants them; figures of a worker.

#include "world.hpp"

namespace phx::server::test {
namespace {

/// A clock that moves by a millisecond whenever it is read.
Instant ticking;
int looks = 0;
Instant read_ticking() noexcept {
  ++looks;
  return ticking += 1ms;
}

struct Timed final : Observer {
  Durations wanted = Durations::none;
  std::vector<Duration> connect, join, handle_in;
  std::vector<LogLevel> levels;

  Durations durations() const noexcept override { return wanted; }
  void socket_connected(const SocketConnected& e) override { connect.push_back(e.duration), levels.push_back(e.log); }
  void channel_joined(const ChannelJoined& e) override { join.push_back(e.duration), levels.push_back(e.log); }
  void channel_handled_in(const ChannelHandledIn& e) override { handle_in.push_back(e.duration), levels.push_back(e.log); }
};

struct TelemetryTest : testing::Test {
  World world;
  std::shared_ptr<Timed> timed = std::make_shared<Timed>();

  TelemetryTest() {
    ticking = Instant{};
    looks = 0;
    world.options.observer = timed;
    world.shard().set_clock(&read_ticking);
    world.script.in = [](std::string_view, const Payload&, Socket&) -> HandleResult { return Reply::ok(); };
  }
  void talk() {
    Client c(world);
    c.join("room:a");
    c.ask(R"(["1","2","room:a","ping",{}])");
  }
};

TEST_F(TelemetryTest, NobodyLooksAtTheClockWhenNobodyListens) {
  talk();
  EXPECT_EQ(looks, 0);
  EXPECT_EQ(timed->handle_in, std::vector<Duration>{0ms});
}

TEST_F(TelemetryTest, TheLifeCycleIsTimedWithoutTimingMessages) {
  timed->wanted = Durations::life_cycle;
  talk();
  EXPECT_EQ(timed->connect, std::vector<Duration>{1ms});
  EXPECT_EQ(timed->join, std::vector<Duration>{1ms});
  EXPECT_EQ(timed->handle_in, std::vector<Duration>{0ms});
  EXPECT_EQ(looks, 4);
}

TEST_F(TelemetryTest, SynchronousHandlersHaveRealDurations) {
  timed->wanted = Durations::all;
  talk();
  EXPECT_EQ(timed->handle_in, std::vector<Duration>{1ms});
}

TEST_F(TelemetryTest, AMeasuredWorkerFillsItsHistograms) {
  world.shard().measure();
  talk();
  const auto& measured = *world.shard().stats().durations;
  EXPECT_EQ(measured.connect.count(), 1u);
  EXPECT_EQ(measured.join.count(), 1u);
  EXPECT_EQ(measured.handle_in.max(), 1'000'000u);  // ns
}

TEST_F(TelemetryTest, EventsCarryTheLogLevelsOfSocketAndChannel) {  // 6.4: info and debug by default
  talk();
  EXPECT_EQ(timed->levels, (std::vector<LogLevel>{Level::info, Level::info, Level::debug}));
  world.options.log = std::nullopt;
  timed->levels.clear();
  const ChannelSocketHandler quiet(std::make_shared<ScriptedSocket>(world.script), world.pubsub, world.options);
  Client c(world, quiet, 0, core::v2_serializer());
  EXPECT_EQ(timed->levels, (std::vector<LogLevel>{std::nullopt}));
}

TEST_F(TelemetryTest, CountsChannelsAndJoins) {
  world.script.join = [](std::string_view topic, const Json&, Socket&) -> JoinResult {
    if (topic == "room:no") return JoinError{};
    if (topic == "room:crash") throw std::runtime_error("no");
    return JoinOk{};
  };
  {
    Client c(world), d(world);
    c.join("room:a", "1");
    d.join("room:a", "1");
    c.join("room:b", "2");
    c.join("room:no", "3");
    c.join("room:crash", "4");
    const auto& stats = world.shard().stats();
    EXPECT_EQ(stats.channels_now, 3u);
    EXPECT_EQ(stats.joins_ok, 3u);
    EXPECT_EQ(stats.joins_refused, 1u);
    EXPECT_EQ(stats.joins_crashed, 1u);
    c.ask(R"(["2","9","room:b","phx_leave",{}])");
    EXPECT_EQ(stats.channels_now, 2u);
  }
  world.run();
  EXPECT_EQ(world.shard().stats().channels_now, 0u);
  EXPECT_EQ(world.shard().stats().mailbox_now, 0u);
}

TEST_F(TelemetryTest, CountsBroadcastsFramesAndWhatIsJoined) {
  Client c(world), d(world);
  c.join();
  d.join();
  auto& stats = world.shard().stats();
  const auto frames_before = stats.messages_out;
  const auto merged_before = world.shard().dirty().merged;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(world.pubsub.broadcast("room:a", "x", Payload::raw_json("{}")));
  world.run();
  EXPECT_EQ(stats.broadcasts, 3u);
  EXPECT_EQ(stats.messages_out, frames_before + 6);
  EXPECT_EQ(world.shard().dirty().merged, merged_before + 4);  // two per member continued the first
}

TEST_F(TelemetryTest, KnowsTheLongestMailbox) {
  world.script.in = [](std::string_view, const Payload&, Socket& s) -> HandleResult {
    for (int i = 0; i < 5; ++i) s.send_self("x");
    return NoReply{};
  };
  world.script.info = [](const Info&, Socket&) -> HandleResult { return NoReply{}; };
  Client c(world);
  c.join();
  c.ask(R"(["1","2","room:a","go",{}])");
  EXPECT_EQ(world.shard().stats().mailbox_longest, 5u);
  EXPECT_EQ(world.shard().stats().mailbox_now, 0u);
}

TEST(ShardStats, AddUp) {
  ShardStats a, b;
  a.messages_in = 2;
  a.mailbox_longest = 7;
  a.count_request("/items/:id", 200);
  b.messages_in = 3;
  b.mailbox_longest = 4;
  b.count_request("/items/:id", 200);
  b.upgrades_refused[403] = 1;
  b.durations = std::make_unique<ShardDurations>();
  b.durations->join.record(Duration(1us));
  a.merge(b);
  EXPECT_EQ(a.messages_in, 5u);
  EXPECT_EQ(a.mailbox_longest, 7u);
  EXPECT_EQ((a.requests.at({"/items/:id", 200})), 2u);
  EXPECT_EQ(a.upgrades_refused.at(403), 1u);
  EXPECT_EQ(a.copy().durations->join.count(), 1u);
}

}  // namespace
}  // namespace phx::server::test
