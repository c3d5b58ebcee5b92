#include <gtest/gtest.h>

#include <stdexcept>

#include "world.hpp"

namespace phx::server::test {
namespace {

struct LongPollSessionTest : ::testing::Test {
  std::shared_ptr<Log> log = std::make_shared<Log>();
  World world{mount(raw_handler(log), short_window())};
  std::string token = world.open();
  const std::string path = poll_path(token);

  std::unique_ptr<Exchange> poll() { return world.get(path); }
  std::unique_ptr<Exchange> post(std::string_view body) { return world.post(path, body); }
  using Ends = std::vector<CloseCause>;
};

TEST_F(LongPollSessionTest, APollWaitsItsWindow) {  // A3 58, server.md 3.1
  const auto waiting = poll();
  world.clock.advance(399ms);
  EXPECT_FALSE(waiting->answered());
  world.clock.advance(1ms);
  EXPECT_EQ(waiting->status(), 204);
  EXPECT_EQ(waiting->token(), token);
}

TEST_F(LongPollSessionTest, AWaitingPollIsWoken) {  // A4 84, golden poll_wakes
  const auto waiting = poll();
  log->shard->post([&] { log->write("a"), log->write("b"); });
  EXPECT_EQ(waiting->messages(), Json::parse(R"(["a","b"])"));
  EXPECT_EQ(waiting->status(), 200);
}

TEST_F(LongPollSessionTest, FramesOfEverySizeAreUnpacked) {  // TransportLink::outbox: whole WebSocket frames
  const std::string medium(126, 'm'), large(70'000, 'l');
  log->shard->post([&] {
    for (const auto& text : {std::string(), std::string("\"\\\n"), medium, large}) log->write(text);
  });
  EXPECT_EQ(poll()->messages(), (Json{"", "\"\\\n", medium, large}));
}

TEST_F(LongPollSessionTest, TheLaterOfTwoPollsGetsTheMessages) {  // B36, golden two_polls
  const auto first = poll();
  world.clock.advance(100ms);
  const auto second = poll();
  log->shard->post([&] { log->write("a"); });
  EXPECT_EQ(second->status(), 200);
  world.clock.advance(299ms);
  EXPECT_FALSE(first->answered());
  world.clock.advance(1ms);
  EXPECT_EQ(first->status(), 204);
}

TEST_F(LongPollSessionTest, APollWhoseClientIsGoneTakesNothing) {
  poll()->hang_up();
  log->shard->post([&] { log->write("kept"); });
  world.clock.settle();
  EXPECT_EQ(poll()->messages(), Json{"kept"});
}

TEST_F(LongPollSessionTest, AMessageThatRaisesEndsTheSession) {  // B34, golden bad_json: 408 now, 410 later
  log->act = [](TransportLink&, std::string_view) { throw std::runtime_error("bad"); };
  const auto posted = post("[1]\n[2]");
  EXPECT_EQ(log->ends, (Ends{CloseCause::protocol_error}));
  world.clock.advance(399ms);
  EXPECT_FALSE(posted->answered());
  world.clock.advance(1ms);
  EXPECT_EQ(posted->status(), 408);
  EXPECT_EQ(log->messages.size(), 1u);
}

TEST_F(LongPollSessionTest, ADeadSessionIsLookedForThenReplaced) {  // B35
  log->link->close(1000, "");
  world.clock.settle();
  const auto polled = poll();
  const auto posted = post("[1]");
  world.clock.advance(1999ms);
  EXPECT_FALSE(polled->answered());
  EXPECT_FALSE(posted->answered());
  world.clock.advance(1ms);
  EXPECT_EQ(posted->status(), 410);
  EXPECT_FALSE(posted->body().contains("token"));
  EXPECT_EQ(polled->status(), 410);
  EXPECT_NE(polled->token(), token);
}

TEST_F(LongPollSessionTest, AnOrderlyStopRefusesTheRestOfTheBatchAtOnce) {  // server.md 3.1: not acknowledged
  log->act = [](TransportLink& link, std::string_view) { link.close(1000, ""); };
  EXPECT_EQ(post("[1]\n[2]")->status(), 408);
  EXPECT_EQ(log->messages.size(), 1u);
  EXPECT_EQ(log->ends, (Ends{CloseCause::local_close}));
}

TEST_F(LongPollSessionTest, ABatchStopsWhereItIsBadAndTheSessionLives) {  // golden bad_base64
  EXPECT_EQ(post("[1]\n!\n[3]")->http_status(), 500);
  EXPECT_EQ(log->messages, (std::vector<std::string>{"text:[1]"}));
  EXPECT_EQ(poll()->status(), 200);
}

TEST_F(LongPollSessionTest, WhatIsNotUtf8FailsThePollAndIsLost) {  // B38, golden binary_reply_not_utf8
  log->shard->post([&] { log->write("\xff\xfe", Opcode::binary); });
  EXPECT_EQ(poll()->http_status(), 500);
  const auto next = poll();
  world.clock.advance(400ms);
  EXPECT_EQ(next->status(), 204);
}

TEST_F(LongPollSessionTest, WhileAJoinRunsRequestsWait) {  // server.md 0.1.3
  log->act = [](TransportLink& link, std::string_view bytes) {
    if (bytes == "[1]") link.pause_reading();
  };
  const auto posted = post("[1]\n[2]");
  const auto polled = poll();
  world.clock.advance(300ms);
  EXPECT_FALSE(posted->answered());
  EXPECT_EQ(log->messages.size(), 1u);
  log->shard->post([&] { log->link->resume_reading(); });
  EXPECT_EQ(posted->status(), 200);
  EXPECT_EQ(log->messages.size(), 2u);
  world.clock.advance(400ms);
  EXPECT_EQ(polled->status(), 204);
}

// design.md 7: clients that give up and ask again while a join runs do not pile up requests.
TEST_F(LongPollSessionTest, RequestsThatWaitForAJoinAreBounded) {
  auto options = short_window();
  options.max_queue_bytes = 2'000;
  World small(mount(raw_handler(log), options));
  const auto own = poll_path(small.open());
  log->act = [](TransportLink& link, std::string_view) { link.pause_reading(); };
  std::vector<std::unique_ptr<Exchange>> waiting;
  waiting.push_back(small.post(own, "[1]"));
  EXPECT_TRUE(log->ends.empty());
  for (int i = 0; i < 100 && log->ends.empty(); ++i) waiting.push_back(small.get(own));
  EXPECT_EQ(log->ends, (Ends{CloseCause::protocol_error}));
  EXPECT_GT(waiting.size(), 5u);
  EXPECT_LT(waiting.size(), 50u);
}

TEST_F(LongPollSessionTest, AHandlerThatNeverReturnsIsGivenUp) {  // A3 69
  log->act = [](TransportLink& link, std::string_view) { link.pause_reading(); };
  const auto posted = post("[1]\n[2]");
  world.clock.advance(400ms);
  EXPECT_EQ(posted->status(), 408);
  EXPECT_EQ(log->messages.size(), 1u);
}

TEST_F(LongPollSessionTest, WithoutPollsItEndsAfterThreeHalvesToThreeWindows) {  // A3 68, server.md 3.5
  world.clock.advance(600ms);
  EXPECT_TRUE(log->ends.empty());
  world.clock.advance(599ms);
  EXPECT_TRUE(log->ends.empty());
  world.clock.advance(1ms);
  EXPECT_EQ(log->ends, (Ends{CloseCause::inactive}));
}

TEST_F(LongPollSessionTest, PollsKeepItAndPostsDoNot) {  // B37
  for (int i = 0; i < 5; ++i) {
    poll();
    world.clock.advance(400ms);
  }
  EXPECT_TRUE(log->ends.empty());
  for (int i = 0; i < 5; ++i) {
    post("[1]");
    world.clock.advance(400ms);
  }
  EXPECT_EQ(log->ends, (Ends{CloseCause::inactive}));
}

TEST_F(LongPollSessionTest, WhatWaitsForAClientIsBounded) {
  auto options = short_window();
  options.max_queue_bytes = 1000;
  World other(mount(raw_handler(log), options));
  other.open();
  log->shard->post([&] { log->write(std::string(990, 'x')); });
  other.clock.settle();
  EXPECT_TRUE(log->ends.empty());
  log->shard->post([&] { log->write(std::string(20, 'x')); });
  other.clock.settle();
  EXPECT_EQ(log->ends, (Ends{CloseCause::connection_lost}));
}

TEST_F(LongPollSessionTest, ADrainEndsItAndAnswersWhoWaits) {  // server.md 14.2
  const auto waiting = poll();
  world.servers.front().drain();
  EXPECT_EQ(waiting->status(), 204);
  EXPECT_EQ(log->ends, (Ends{CloseCause::local_close}));
}

TEST_F(LongPollSessionTest, EndsWithItsWorker) {
  world.servers.clear();
  EXPECT_EQ(log->ends, (Ends{CloseCause::connection_lost}));
}

}  // namespace
}  // namespace phx::server::test
