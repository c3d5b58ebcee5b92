// Loopback smoke tests: the rules are tested on the machines in unit/server_http.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <phx/core/ws/frame.hpp>
#include <phx/server/controller.hpp>
#include <phx/server/endpoint.hpp>
#include <phx/server/router.hpp>
#include <phx/server/transport.hpp>

#include "client.hpp"

namespace phx::server {
namespace {

using namespace std::chrono_literals;
using core::ws::FrameOp;
using test::Client;
using test::close_frame;
using test::frame;

/// Echoes; some words do more: `shard` answers the shard's number, `flood` sends four megabytes, `drain` makes it drain itself.
class EchoHandler final : public TransportHandler {
 public:
  struct Counts {
    std::atomic<int> ended{0};
    std::promise<CloseCause> first_end;
  };
  explicit EchoHandler(Counts& counts) : counts_(counts) {}
  bool speaks_channels() const noexcept override { return false; }
  std::string_view name() const noexcept override { return "Echo"; }
  tl::expected<std::unique_ptr<TransportSession>, ConnectRefused> connect(const ConnectRequest&, Shard& shard) const override {
    return std::make_unique<Session>(counts_, shard);
  }

 private:
  class Session final : public TransportSession {
   public:
    Session(Counts& counts, Shard& shard) : counts_(counts), shard_(shard) {}
    void init(TransportLink& link, Instant) override { link_ = &link; }
    void handle_in(Opcode op, std::string_view bytes, Instant) override {
      drains_ = drains_ || bytes == "drain";
      if (bytes == "flood") return flood();
      if (bytes == "shard") return shard_.write_frame(link_->outbox(), op, std::to_string(shard_.index()));
      shard_.write_frame(link_->outbox(), op, bytes);
    }
    void terminate(CloseCause cause, Instant) override {
      if (counts_.ended++ == 0) counts_.first_end.set_value(cause);
    }
    bool drain(Instant) override {
      if (drains_) link_->close(1012, "");
      return drains_;
    }

   private:
    void flood() {
      const std::string block(64 * 1024, 'x');
      for (int i = 0; i < 64; ++i) shard_.write_frame(link_->outbox(), Opcode::binary, block);
    }
    Counts& counts_;
    Shard& shard_;
    TransportLink* link_ = nullptr;
    bool drains_ = false;
  };
  Counts& counts_;
};

struct EndpointTest : testing::Test {
  EchoHandler::Counts counts;
  std::unique_ptr<Endpoint> endpoint;

  void start(EndpointOptions options = {}) {
    options.workers = 2;
    options.sockets.push_back({.path = "/echo", .handler = std::make_shared<EchoHandler>(counts)});
    endpoint = std::make_unique<Endpoint>(std::move(options));
    ASSERT_TRUE(endpoint->start());
    ASSERT_NE(endpoint->port(), 0);
  }
};

TEST_F(EndpointTest, UpgradesAndEchoes) {
  start();
  Client client(endpoint->port());
  ASSERT_TRUE(client.open());
  client.send_text("hello");
  EXPECT_EQ(client.read(7), frame(FrameOp::text, "hello"));
  const std::string large(3'000'000, 'y');
  client.send_text(large);
  EXPECT_EQ(client.read(large.size() + 10), frame(FrameOp::text, large));
}

TEST_F(EndpointTest, AnswersHttpWithADate) {
  start();
  Client client(endpoint->port());
  client.send("GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto answer = client.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 Not Found\r\nconnection: close\r\ndate: ")) << answer;
  EXPECT_NE(answer.find(" GMT\r\ncontent-length: 9\r\n"), std::string::npos) << answer;
}

TEST_F(EndpointTest, SpreadsFewConnectionsOverAllWorkers) {
  start();
  std::set<std::string> shards;
  for (int i = 0; i < 2; ++i) {
    Client client(endpoint->port());
    ASSERT_TRUE(client.open());
    client.send_text("shard");
    shards.insert(client.read(3));
  }
  EXPECT_EQ(shards.size(), 2u);
}

TEST_F(EndpointTest, CloseFrameFinAndNothingElse) {  // golden client_close_1000
  start();
  Client client(endpoint->port());
  ASSERT_TRUE(client.open());
  std::string close;
  core::ws::append_frame(close, FrameOp::close, core::ws::close_payload(1000), 1u);
  client.send(close);
  EXPECT_EQ(client.read_all(), close_frame(1000));
}

TEST_F(EndpointTest, TellsTheSessionWhenThePeerVanishes) {
  start();
  {
    Client client(endpoint->port());
    ASSERT_TRUE(client.open());
  }
  auto end = counts.first_end.get_future();
  ASSERT_EQ(end.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(end.get(), CloseCause::connection_lost);
}

TEST_F(EndpointTest, CutsASlowReaderAndOnlyIt) {
  EndpointOptions options;
  options.max_queue_bytes = 1 << 20;
  start(std::move(options));
  Client slow(endpoint->port(), 4096), other(endpoint->port()), third(endpoint->port());
  ASSERT_TRUE(slow.open() && other.open() && third.open());
  for (int i = 0; i < 4; ++i) slow.send_text("flood");
  auto end = counts.first_end.get_future();
  ASSERT_EQ(end.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(end.get(), CloseCause::connection_lost);
  for (auto* client : {&other, &third}) {
    client->send_text("alive");
    EXPECT_EQ(client->read(7), frame(FrameOp::text, "alive"));
  }
  EXPECT_EQ(counts.ended, 1);
}

TEST_F(EndpointTest, APeerThatReadsLateGetsEverything) {
  start();
  Client client(endpoint->port(), 4096);
  ASSERT_TRUE(client.open());
  client.send_text("flood");
  client.send_text("after");
  const auto got = client.read(64 * (64 * 1024 + 10) + 7);
  EXPECT_TRUE(got.ends_with(frame(FrameOp::text, "after")));
}

// In real time: 100 ms.
TEST_F(EndpointTest, ReadsNothingFromAPeerThatDoesNotRead) {
  start();
  Client client(endpoint->port());
  ASSERT_TRUE(client.open());
  const std::string block(1'000'000, 'x');
  auto sender = std::async(std::launch::async, [&] {
    for (int i = 0; i < 64; ++i) client.send_text(block);
  });
  EXPECT_EQ(sender.wait_for(100ms), std::future_status::timeout) << "no kernel holds so much: it was read";
  const auto all = 64 * frame(FrameOp::text, block).size();
  EXPECT_EQ(client.read(all).size(), all);
}

// One whole answer may be larger than what a slow reader may let wait; it is sent while the peer reads on, also before a close.
TEST_F(EndpointTest, AnAnswerMayBeLargerThanTheQueue) {
  EndpointOptions options;
  options.max_queue_bytes = 100'000;
  options.linger_timeout = 1ms;
  const std::string large(8'000'000, 'z');
  options.plugs = {[&](Conn conn) {
    conn.send_resp(200, large);
    return conn;
  }};
  start(std::move(options));
  for (const std::string connection : {"keep-alive", "close"}) {
    Client client(endpoint->port(), 4096);
    client.send("GET /large HTTP/1.1\r\nHost: x\r\nConnection: " + connection + "\r\n\r\n");
    client.read_until("\r\n\r\n");
    EXPECT_EQ(client.read(large.size()).size(), large.size()) << connection;
  }
}

struct DrainCount final : Observer {
  std::atomic<std::size_t> events{0}, drained{0};
  void socket_drain(const SocketDrain& e) override {
    ++events;
    drained += e.count;
    EXPECT_LE(e.index, e.rounds);
    EXPECT_LE(e.count, e.total);
    EXPECT_EQ(e.socket, "Echo");
  }
};

// golden server_drain: 1012 with channels, 1000 without; then FIN; then nobody listens.
TEST_F(EndpointTest, DrainsOnStop) {
  DrainCount observer;
  EndpointOptions options;
  options.observer = &observer;
  options.linger_timeout = 100ms;  // these clients keep their half open
  start(std::move(options));
  const auto port = endpoint->port();
  Client with(port), without(port), plain(port);
  ASSERT_TRUE(with.open() && without.open());
  with.send_text("drain");
  EXPECT_EQ(with.read(7), frame(FrameOp::text, "drain"));
  auto stopped = std::async(std::launch::async, [&] { endpoint->stop(); });
  EXPECT_EQ(with.read(4), close_frame(1012));
  EXPECT_EQ(without.read(4), close_frame(1000));
  std::string echo;
  core::ws::append_frame(echo, FrameOp::close, core::ws::close_payload(1000), 1u);
  with.send(echo);
  without.send(echo);
  EXPECT_EQ(with.read_all() + without.read_all() + plain.read_all(), "");
  ASSERT_EQ(stopped.wait_for(10s), std::future_status::ready);
  EXPECT_FALSE(Client(port).connected());
  EXPECT_EQ(std::pair(observer.events.load(), observer.drained.load()), std::pair(1ul, 1ul));  // B32: only what has channels
  endpoint.reset();
}

// server.md 1.2 `drainer`: options of a socket, the last mount of a handler counts; false: not drained. A 88.
// A5.88
TEST_F(EndpointTest, EachSocketDrainsAsItsOwnMountSays) {
  DrainCount observer;
  EndpointOptions options;
  options.observer = &observer;
  options.linger_timeout = 100ms;
  const auto quiet = std::make_shared<EchoHandler>(counts);
  options.sockets.push_back({.path = "/quiet", .handler = quiet});
  options.sockets.push_back({.path = "/quiet_too", .handler = quiet, .drain = DrainOptions{.enabled = false}});
  start(std::move(options));
  Client drained(endpoint->port()), left(endpoint->port());
  ASSERT_TRUE(drained.open() && left.open("/quiet"));
  for (auto* client : {&drained, &left}) {
    client->send_text("drain");
    EXPECT_EQ(client->read(7), frame(FrameOp::text, "drain"));
  }
  auto stopped = std::async(std::launch::async, [&] { endpoint->stop(); });
  EXPECT_EQ(drained.read(4), close_frame(1012));
  EXPECT_EQ(left.read(4), close_frame(1000));
  std::string echo;
  core::ws::append_frame(echo, FrameOp::close, core::ws::close_payload(1000), 1u);
  drained.send(echo);
  left.send(echo);
  ASSERT_EQ(stopped.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(observer.drained, 1u);
  endpoint.reset();
}

TEST_F(EndpointTest, RefusesConnectionsOverTheLimit) {
  EndpointOptions options;
  options.max_connections = 1;
  start(std::move(options));
  Client one(endpoint->port());
  ASSERT_TRUE(one.open());
  Client two(endpoint->port());
  EXPECT_EQ(two.read_all(), "");
}

TEST_F(EndpointTest, RunsBlockingWorkAndComesBack) {
  start();
  std::promise<bool> back;
  auto& shard = endpoint->shard(1);
  shard.post([&] {
    shard.blocking_executor()->submit([&] {
      const bool elsewhere = !shard.is_current();
      shard.post([&, elsewhere] { back.set_value(elsewhere && shard.is_current()); });
    });
  });
  auto result = back.get_future();
  ASSERT_EQ(result.wait_for(10s), std::future_status::ready);
  EXPECT_TRUE(result.get());
}

/// Of the whole process, until this goes.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit now{.rlim_cur = limit, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

struct AcceptFailures final : Observer {
  std::promise<std::string> first;
  std::promise<void> second;
  std::atomic<int> count{0};
  void log(const LogEvent& e) override {
    if (e.what != "accept failed") return;
    const int n = ++count;
    if (n == 1) first.set_value(std::string(e.detail));
    if (n == 2) second.set_value();
  }
};

// In real time: 250 ms, in which it tries again twice.
TEST_F(EndpointTest, WaitsForDescriptorsAndSaysSoOnce) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan opens a pipe to look at an object, and takes the lack of descriptors for a bad one";
#endif
  AcceptFailures failures;
  EndpointOptions options;
  options.observer = &failures;
  start(std::move(options));
  std::unique_ptr<Client> client;
  {
    const int free = ::dup(0);  // the client's socket, and nothing above it
    ::close(free);
    const DescriptorLimit limit(static_cast<rlim_t>(free) + 1);
    client = std::make_unique<Client>(endpoint->port());
    ASSERT_TRUE(client->connected());
    auto said = failures.first.get_future();
    ASSERT_EQ(said.wait_for(10s), std::future_status::ready);
    EXPECT_EQ(said.get(), std::system_category().message(EMFILE));
    EXPECT_EQ(failures.second.get_future().wait_for(250ms), std::future_status::timeout);
  }
  EXPECT_TRUE(client->open());
  client.reset();
  endpoint.reset();
}

ActionResult works(Conn& conn) {
  co_await conn.blocking([] {});
  co_return text(conn, "done");
}

/// A connection that asks for "/" and then ends.
std::string ask(std::uint16_t port) {
  Client client(port);
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return client.read_all();
}

// design.md 7: a peer that asks, goes and comes again leaves work behind, so the queue has a bound of its own.
TEST_F(EndpointTest, RefusesBlockingWorkBeyondTheQueue) {
  Router router;
  router.scope("/", {}, [](Scope& all) { all.get("/", &works); });
  EndpointOptions options;
  options.plugs = {router.plug()};
  options.blocking_threads = 1;
  options.max_blocking_queue = 1;
  start(std::move(options));
  std::promise<void> running, gate, queued;
  endpoint->shard(0).post([&, pool = endpoint->shard(0).blocking_executor()] {
    pool->submit([&] {
      running.set_value();
      gate.get_future().wait();
    });
    running.get_future().wait();
    pool->submit([] {});
    queued.set_value();
  });
  ASSERT_EQ(queued.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_TRUE(ask(endpoint->port()).starts_with("HTTP/1.1 503 Service Unavailable"));
  gate.set_value();
  for (std::string answer = ask(endpoint->port());;
       answer = ask(endpoint->port()))  // until its only thread has come to the end of the queue
    if (!answer.starts_with("HTTP/1.1 503")) {
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done")) << answer;
      break;
    }
}

TEST_F(EndpointTest, SaysWhyItCannotListen) {
  start();
  EndpointOptions options;
  options.port = endpoint->port();
  Endpoint second(std::move(options));
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error(), std::errc::address_in_use);
}

TEST_F(EndpointTest, CarriesAThousandConnections) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 2'200) GTEST_SKIP() << "needs 2200 open files, the limit is " << files.rlim_cur;
  start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 1'000; ++i) {
    clients.push_back(std::make_unique<Client>(endpoint->port()));
    ASSERT_TRUE(clients.back()->connected());
    clients.back()->send(Client::upgrade());
  }
  for (auto& client : clients) ASSERT_TRUE(client->read_until("\r\n\r\n").starts_with("HTTP/1.1 101"));
  for (auto& client : clients) client->send_text("x");
  for (auto& client : clients) ASSERT_EQ(client->read(3), frame(FrameOp::text, "x"));
}

}  // namespace
}  // namespace phx::server
