// Everything at once, from all sides. Seeded; PHXKIT_STRESS_SECONDS and PHXKIT_STRESS_CYCLES make it long (default: about 3 s in all).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "support.hpp"

namespace phx::test {
namespace {

using namespace std::chrono_literals;

long setting(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atol(text) : otherwise;
}

std::uint32_t seed() { return static_cast<std::uint32_t>(setting("PHXKIT_STRESS_SEED", 4711)); }

long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  return 0;
}

/// One thread's share of the chaos: any public function, in any order.
class Monkey {
 public:
  Monkey(Socket& socket, StubServer& server, std::uint32_t its_seed) : socket_(socket), server_(server), random_(its_seed) {
    for (int i = 0; i < 3; ++i) rooms_.push_back(make_room());
  }

  void act() {
    Channel& room = rooms_[random_() % rooms_.size()];
    switch (random_() % 24) {
      case 0: return room = make_room(), void();
      case 1: return join(room);
      case 2: return room.leave(), void();
      case 3: return push(room, Queue{});
      case 4: return push(room, IfJoined{});
      case 5: return push(room, Latest{"key"});
      case 6: return push(room, AtLeastOnce{std::to_string(random_() % 4), 10ms});
      case 7: return subscriptions_.push_back(room.on("shout", [this](const Message&) { ++heard_; }));
      case 8: return subscriptions_.clear();
      case 9: return socket_.connect();
      case 10: return random_() % 8 == 0 ? void(socket_.disconnect()) : socket_.connect();
      case 11: return socket_.suspend(), socket_.resume();
      case 12: return socket_.network_changed();
      case 13: return void(socket_.ping());
      case 14: return void(socket_.metrics());
      case 15: return receivers_.emplace_back(room, ReceiverOptions{.max_count = 2}), void();
      case 16: return receivers_.clear();
      case 17: return receivers_.empty() ? void() : void(receivers_.back().try_receive());
      case 18: return presences_.emplace_back(room), void();
      case 19: return presences_.clear();
      case 20: return presences_.empty() ? void() : void(presences_.back().list());
      case 21: return random_() % 16 == 0 ? server_.cut_all() : void();
      case 22: return pushes_.empty() ? void() : pushes_.back().cancel();
      case 23: return void(room.state()), void(room.can_push()), void(socket_.state()), pushes_.clear();
    }
  }

 private:
  Channel make_room() {
    const auto topic = "room:" + std::to_string(random_() % 6);
    if (random_() % 2 == 0) return socket_.channel(topic);
    return socket_.channel(topic, [] { return Payload(obj("dynamic", true)); });
  }
  void join(Channel& room) {
    try {
      pushes_.push_back(room.join());
      pushes_.back().receive("ok", [this](const Reply&) { ++heard_; });
    } catch (const std::logic_error&) { ++refused_; }  // joined already
  }
  void push(Channel& room, client::Delivery delivery) {
    static constexpr const char* events[] = {"echo", "shout", "silent", "refuse", "crash", "twice"};
    try {
      pushes_.push_back(room.push(events[random_() % std::size(events)], obj("n", 1), {.timeout = 20ms, .delivery = std::move(delivery)}));
    } catch (const std::logic_error&) { ++refused_; }  // not joined yet
  }

  Socket& socket_;
  StubServer& server_;
  std::mt19937 random_;
  std::vector<Channel> rooms_;
  std::vector<Push> pushes_;
  std::vector<Subscription> subscriptions_;
  std::vector<Receiver> receivers_;
  std::vector<Presence> presences_;
  std::atomic<long> heard_ = 0;
  long refused_ = 0;
};

TEST(ClientStress, EightThreadsCallEverythingAtRandom) {
  StubServer server;
  std::atomic<long> acts = 0;
  {
    Socket socket(server.url(), eager());
    socket.connect();
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(setting("PHXKIT_STRESS_SECONDS", 1) * 1000);
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        Monkey monkey(socket, server, seed() + t);
        for (; std::chrono::steady_clock::now() < end; ++acts) monkey.act();
      });
    }
    for (auto& thread : threads) thread.join();
    // Afterwards it still works.
    socket.connect();
    auto room = socket.channel("room:after");
    EXPECT_TRUE(get(room.join().future()).has_value());
  }
  RecordProperty("acts", std::to_string(acts));
  std::printf("%ld calls\n", acts.load());
}

/// Destroys socket, channels and the rest in any order, at any moment, from any thread; every future must end.
TEST(ClientStress, DestructionAtAnyMomentNeverHangs) {
  StubServer server;
  std::mt19937 random(seed());
  const long rounds = setting("PHXKIT_STRESS_CYCLES", 1) > 1 ? 5000 : 200;
  const auto runtime = Runtime::create();
  for (long i = 0; i < rounds; ++i) {
    auto options = eager();
    if (random() % 2 == 0) options.runtime = runtime;
    auto socket = std::make_unique<Socket>(server.url(), options);
    std::optional<Channel> room = socket->channel("room:lobby");
    std::optional<Presence> presence(*room);
    std::optional<Receiver> inbox(*room);
    const auto inside = random() % 4 == 0;
    if (inside) socket->on_open([&room] { room.reset(); }).detach();
    socket->connect();
    auto joined = room->join().future();
    auto pushed = room->push("silent", {}, {.timeout = 1h}).future();
    const auto pause = std::chrono::microseconds(random() % 2000);
    const auto until = std::chrono::steady_clock::now() + pause;
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    switch (random() % 3) {
      case 0: std::thread([&] { socket.reset(); }).join(); break;
      case 1:
        if (!inside) room.reset();
        break;
      case 2: inbox.reset(), presence.reset(); break;
    }
    socket.reset();
    get(std::move(joined));
    EXPECT_FALSE(get(std::move(pushed)).has_value());
  }
}

/// Memory must not grow with what is over: resident memory after a warm-up and at the end.
TEST(ClientStress, CyclesOfJoinAndLeaveAndOfConnectionsLeaveNothingBehind) {
  const long cycles = setting("PHXKIT_STRESS_CYCLES", 1);
  const long joins = cycles > 1 ? 100'000 : 500, connects = cycles > 1 ? 10'000 : 100;
  StubServer server;
  Socket socket(server.url(), eager());
  socket.connect();
  const auto join_and_leave = [&](long n) {
    for (long i = 0; i < n; ++i) {
      auto room = socket.channel("room:" + std::to_string(i));
      ASSERT_TRUE(get(room.join().future()).has_value());
      ASSERT_TRUE(get(room.leave().future()).has_value());
    }
  };
  join_and_leave(joins / 10);
  const long before_joins = resident_kib();
  join_and_leave(joins);
  const long after_joins = resident_kib();
  while (socket.metrics().in_flight != 0) std::this_thread::yield();  // counted behind the answer
  EXPECT_LE(socket.metrics().topics.size(), 1u);                      // the removal of the last channel may be on its way
  std::printf("%ld joins and leaves: %ld KiB more resident\n", joins, after_joins - before_joins);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(after_joins - before_joins, 1024);
#endif
  for (long i = 0; i < connects; ++i) {
    get(socket.disconnect());
    Seen<bool> opened;
    const auto on_open = socket.on_open([&] { opened.add(true); });
    socket.connect();
    opened.wait_for(1);
  }
  EXPECT_EQ(socket.metrics().opens, static_cast<std::uint64_t>(connects) + 1);
  std::printf("%ld connections: %ld KiB more resident, the test's server included\n", connects, resident_kib() - after_joins);
}

}  // namespace
}  // namespace phx::test
