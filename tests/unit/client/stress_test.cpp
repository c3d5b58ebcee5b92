// Everything at once, from all sides. Seeded: PHXKIT_STRESS_SEED. PHXKIT_STRESS_SECONDS=30 and PHXKIT_STRESS_CYCLES=2 make it long, as
// docs/performance.md reports it (default: about 3 s in all).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <random>
#include <thread>

#include <boost/asio/io_context.hpp>

#include "support.hpp"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PHXKIT_COUNTS_OBJECTS 1

namespace {
std::atomic<long> live = 0;
}

void* operator new(std::size_t bytes) {
  live.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(bytes != 0 ? bytes : 1)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  if (p) live.fetch_sub(1, std::memory_order_relaxed);
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }
#endif

namespace phx::test {
namespace {

/// Allocations of this process, the test's own server included, that nobody has given back. Under a sanitizer always 0: it has its own eyes.
long live_objects() {
#ifdef PHXKIT_COUNTS_OBJECTS
  return live.load();
#else
  return 0;
#endif
}

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
    switch (random_() % 32) {
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
      case 24: return listen_to(room);
      case 25: return listen_to(socket_);
      case 26: return presences_.empty() ? void() : listen_to(presences_.back());
      case 27: return pushes_.empty() ? void() : hook(pushes_.back());
      case 28: return receivers_.empty() ? void() : void(receivers_.back().receive(0ms)), void(room.topic());
      case 29: return void(socket_.transport()), void(socket_.is_connected());
      case 30: return random_() % 8 == 0 ? void(socket_.disconnect({.code = 4000, .reason = "bye"})) : socket_.connect();
      case 31: return room = Channel(std::move(room)), void(receivers_.empty() ? 0 : receivers_.back().dropped());
    }
  }

 private:
  Channel make_room() {
    const auto topic = "room:" + std::to_string(random_() % 6);
    if (random_() % 2 == 0) return socket_.channel(topic);
    return socket_.channel(topic, [] { return Payload(obj("dynamic", true)); });
  }
  void listen_to(Channel& room) {
    subscriptions_.push_back(room.on_message([this](const Message&) { ++heard_; }));
    subscriptions_.push_back(room.on_close([this] { ++heard_; }));
    subscriptions_.push_back(room.on_error([this](const Message&) { ++heard_; }));
    subscriptions_.push_back(room.on_state([this](ChannelState) { ++heard_; }));
  }
  void listen_to(Socket& socket) {
    subscriptions_.push_back(socket.on_open([this] { ++heard_; }));
    subscriptions_.push_back(socket.on_close([this](const ConnectionClosed&) { ++heard_; }));
    subscriptions_.push_back(socket.on_error([this](const ConnectionError&) { ++heard_; }));
    subscriptions_.push_back(socket.on_reconnecting([this](const Reconnecting&) { ++heard_; }));
    subscriptions_.push_back(socket.on_message([this](const Message&) { ++heard_; }));
  }
  void listen_to(Presence& presence) {
    subscriptions_.push_back(presence.on_join([this](const PresenceJoined&) { ++heard_; }));
    subscriptions_.push_back(presence.on_leave([this](const PresenceLeft&) { ++heard_; }));
    subscriptions_.push_back(presence.on_update([this](const PresenceUpdated&) { ++heard_; }));
    subscriptions_.push_back(presence.on_sync([this] { ++heard_; }));
    subscriptions_.push_back(presence.on_error([this](std::error_code) { ++heard_; }));
    (void)presence.get("ada");
  }
  void hook(Push& push) {
    push.receive("ok", [this](const Reply&) { ++heard_; }).on_failure([this](std::error_code) { ++heard_; });
    futures_.push_back(push.future());
    if (futures_.size() > 8) futures_.clear();
  }
  void join(Channel& room) {
    try {
      pushes_.push_back(random_() % 2 == 0 ? room.join() : room.join(20ms));
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
  std::vector<std::future<Result<Reply>>> futures_;
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

/// Toggled far faster than any transport ends: what each call puts off gets its turn before all later calls, or the ends would pile up.
TEST(ClientStress, AFloodOfCallsLeavesTurnsToTheRest) {
  constexpr std::size_t calls = 20'000;
  boost::asio::io_context io;
  SocketOptions options;
  options.runtime = Runtime::on(io);
  Socket socket("ws://127.0.0.1:1/socket", options);
  std::vector<std::future<void>> ended;
  for (std::size_t i = 0; i < calls; ++i) {
    socket.connect();
    ended.push_back(socket.disconnect());
  }
  while (ended.front().wait_for(0s) != std::future_status::ready) ASSERT_EQ(io.poll_one(), 1u);
  EXPECT_EQ(ended.back().wait_for(0s), std::future_status::timeout);  // its call has not even been taken
  io.poll();
  for (auto& future : ended) EXPECT_EQ(future.wait_for(0s), std::future_status::ready);
}

/// Destroys socket, channels and the rest in any order, at any moment, from any thread; every future must end.
void destroy_at_random(StubServer& server, std::mt19937& random, long rounds) {
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

constexpr long some = 64;  // objects more or less: what the server has not yet cleared away, buckets of tables

bool at_length() { return setting("PHXKIT_STRESS_CYCLES", 1) > 1; }

TEST(ClientStress, DestructionAtAnyMomentNeverHangsAndLeavesNothingBehind) {
  StubServer server;
  std::mt19937 random(seed());
  destroy_at_random(server, random, 20);
  const long before = live_objects();
  const long rounds = at_length() ? 10'000 : 200;
  destroy_at_random(server, random, rounds);
  std::printf("%ld sockets destroyed: %ld more live objects\n", rounds, live_objects() - before);
  EXPECT_LT(live_objects() - before, some);
}

/// Nothing is under way any more: the counts are those of a socket at rest.
void settle(Socket& socket) {
  get(socket.ping());
  for (auto m = socket.metrics(); m.in_flight != 0 || m.waiting_callbacks != 0; m = socket.metrics()) std::this_thread::yield();
}

struct Footprint {
  long objects = live_objects();
  long kib = resident_kib();
};

/// Runs a tenth of the cycles to warm up, then all of them; what has grown.
template <class Cycles>
void expect_no_growth(const char* what, long count, Socket& socket, Cycles&& cycles) {
  cycles(count / 10);
  settle(socket);
  const Footprint before{};
  cycles(count);
  settle(socket);
  const Footprint after{};
  std::printf("%ld %s: %+ld live objects, %+ld KiB resident\n", count, what, after.objects - before.objects, after.kib - before.kib);
  EXPECT_LT(after.objects - before.objects, some);
#ifdef PHXKIT_COUNTS_OBJECTS
  EXPECT_LT(after.kib - before.kib, at_length() ? 1024 : 8192);  // in a short run the allocator still fills its arenas
#endif
}

TEST(ClientStress, CyclesOfJoinAndLeaveLeaveNothingBehind) {
  StubServer server;
  Socket socket(server.url(), eager());
  socket.connect();
  expect_no_growth("joins and leaves", at_length() ? 100'000 : 1000, socket, [&](long n) {
    for (long i = 0; i < n; ++i) {
      auto room = socket.channel("room:" + std::to_string(i));
      ASSERT_TRUE(get(room.join().future()).has_value());
      ASSERT_TRUE(get(room.leave().future()).has_value());
    }
  });
  EXPECT_TRUE(socket.metrics().topics.empty());
}

TEST(ClientStress, CyclesOfConnectAndDisconnectLeaveNothingBehind) {
  StubServer server;
  Socket socket(server.url(), eager());
  Seen<bool> opened;
  std::size_t opens = 0;
  const auto on_open = socket.on_open([&] { opened.add(true); });
  const auto open = [&] {
    socket.connect();
    opened.wait_for(++opens);
  };
  auto room = socket.channel("room:lobby");
  room.join();
  open();
  expect_no_growth("connections, rejoined and disconnected", at_length() ? 10'000 : 200, socket, [&](long n) {
    for (long i = 0; i < n; ++i) {
      get(socket.disconnect());
      open();
    }
  });
  EXPECT_EQ(socket.metrics().opens, opens);
}

}  // namespace
}  // namespace phx::test
