#include <gtest/gtest.h>

#include "world.hpp"

namespace phx::server::test {
namespace {

// The session lives on worker 0; its requests come in on worker 1.
struct LongPollWorkersTest : ::testing::Test {
  std::shared_ptr<Log> log = std::make_shared<Log>();
  World world{mount(raw_handler(log), short_window()), 2};
  std::string path = poll_path(world.open());
};

TEST_F(LongPollWorkersTest, RequestsReachTheirSessionFromAnyWorker) {
  EXPECT_EQ(world.post(path, "[1]\n[2]", "application/x-ndjson", 1)->status(), 200);
  EXPECT_EQ(log->messages, (std::vector<std::string>{"text:[1]", "text:[2]"}));
  EXPECT_EQ(world.get(path, {}, 1)->messages(), Json::parse(R"(["[1]","[2]"])"));
}

TEST_F(LongPollWorkersTest, AWaitingPollIsWokenOnItsWorker) {
  const auto waiting = world.get(path, {}, 1);
  log->shard->post([&] { log->write("hi"); });
  EXPECT_EQ(waiting->messages(), Json{"hi"});
}

TEST_F(LongPollWorkersTest, AWorkerThatIsGoneTakesItsSessionsWithIt) {
  world.servers.pop_front();
  const auto posted = world.ask("POST", path, {}, "[1]", 0);
  world.clock.advance(2s);
  EXPECT_EQ(posted->status(), 410);
}

}  // namespace
}  // namespace phx::server::test
