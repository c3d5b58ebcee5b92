// Several shards on their threads: what may cross them does so without races (run under TSan).

#include <atomic>
#include <thread>

#include "world.hpp"

namespace phx::server::test {
namespace {

TEST(ThreadsTest, PostsFromManyThreadsArriveInEachOnesOrder) {
  Shard shard(0);
  std::vector<std::pair<int, int>> seen;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&shard, &seen, t] {
      for (int i = 0; i < 1000; ++i) shard.post([&seen, t, i] { seen.emplace_back(t, i); });
    });
  while (seen.size() < 4000) shard.run();
  for (auto& thread : threads) thread.join();
  std::array<int, 4> next{};
  for (const auto& [t, i] : seen) EXPECT_EQ(i, next[static_cast<std::size_t>(t)]++);
}

/// Each shard runs on its thread until all clients have what they wait for.
struct Crowd {
  static constexpr std::size_t shards = 3, clients = 4;
  static constexpr int rounds = 50;

  World world{shards};
  std::atomic<std::size_t> done{0};

  void run(std::size_t expected) {
    std::vector<std::thread> threads;
    static_cast<void>(world.handler());
    for (std::size_t s = 0; s < shards; ++s) threads.emplace_back([this, s, expected] { work(s, expected); });
    for (auto& thread : threads) thread.join();
  }

  void work(std::size_t s, std::size_t expected) {
    Shard& shard = world.shard(s);
    std::vector<std::unique_ptr<Client>> mine;
    for (std::size_t i = 0; i < clients; ++i) {
      mine.push_back(std::make_unique<Client>(world, s));
      mine.back()->send(R"(["1","1","room:a","phx_join",{}])");
    }
    arrive();
    for (int i = 0; i < rounds; ++i) mine.front()->send(R"(["1","2","room:a","x",{"n":1}])");
    std::size_t frames = 0;
    while (frames < clients * expected) {
      shard.run();
      for (auto& client : mine) frames += client->written().size();
    }
    EXPECT_EQ(frames, clients * expected);
    arrive();
  }

  /// A barrier, so that nobody misses a broadcast or outlives another's presence.
  void arrive() {
    const std::size_t all = (done.fetch_add(1) / shards + 1) * shards;
    while (done.load() < all) std::this_thread::yield();
  }
};

TEST(ThreadsTest, BroadcastsCrossShards) {
  Crowd crowd;
  crowd.world.options.observer = nullptr;
  crowd.world.script.in = [](std::string_view, const Payload& p, Socket& s) -> HandleResult {
    s.broadcast("new_msg", p);
    return NoReply{};
  };
  crowd.run(1 + Crowd::shards * Crowd::rounds);
}

TEST(ThreadsTest, RepliesComeFromOtherThreads) {
  World world;
  std::thread answerer;
  world.script.in = [&](std::string_view, const Payload& p, Socket& s) -> HandleResult {
    answerer = std::thread([ref = s.socket_ref(), self = s.self(), p] {
      reply(ref, Reply::ok(p));
      self.send("done");
    });
    return NoReply{};
  };
  world.script.info = [](const Info&, Socket& s) -> HandleResult {
    s.push("done");
    return NoReply{};
  };
  Client c(world);
  c.join();
  c.send(R"(["1","2","room:a","x",{"n":1}])");
  answerer.join();
  EXPECT_THAT(c.frames(),
              ElementsAre(R"(["1","2","room:a","phx_reply",{"response":{"n":1},"status":"ok"}])", R"(["1",null,"room:a","done",{}])"));
}

TEST(ThreadsTest, PresenceIsSharedByShards) {
  Crowd crowd;
  crowd.world.options.observer = nullptr;
  Presence presence(crowd.world.pubsub);
  crowd.world.script.in = [&](std::string_view, const Payload& p, Socket& s) -> HandleResult {
    if (!presence.track(s, "k", p.json())) presence.update(s, "k", p.json());
    return NoReply{};
  };
  crowd.run(1 + Crowd::shards * Crowd::rounds);
}

struct Pool final : BlockingExecutor {
  std::vector<std::thread> threads;
  void submit(std::function<void()> work) override { threads.emplace_back(std::move(work)); }
  ~Pool() override {
    for (auto& thread : threads) thread.join();
  }
};

HandleResult on_the_pool(const Payload& payload, Socket& socket) {
  auto work = [&payload] { return payload.json().at("n").get<int>() + 1; };
  const int n = co_await socket.blocking(work);
  co_return Reply::ok(obj("n", n));
}

TEST(ThreadsTest, BlockingWorkReturnsToItsShard) {
  World world;
  Pool pool;
  world.shard().set_blocking_executor(&pool);
  world.script.in = [](std::string_view, const Payload& p, Socket& s) { return on_the_pool(p, s); };
  Client c(world);
  c.join();
  c.send(R"(["1","2","room:a","x",{"n":1}])");
  std::vector<std::string> frames;
  while (frames.empty()) frames = c.frames();
  EXPECT_THAT(frames, ElementsAre(R"(["1","2","room:a","phx_reply",{"response":{"n":2},"status":"ok"}])"));
}

}  // namespace
}  // namespace phx::server::test
