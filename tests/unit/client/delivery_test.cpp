// Deliveries through the shell, and the store that outlives a program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <boost/asio/io_context.hpp>

#include <phx/client/async.hpp>

#include "support.hpp"

namespace phx::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// A path of this test's own, and what a run left there before is gone.
std::string fresh_path() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const auto path = std::filesystem::temp_directory_path() / (std::string("phxkit-") + test->name() + "-" + std::to_string(::getpid()));
  std::filesystem::remove(path);
  return path.string();
}

std::shared_ptr<client::FilePushStore> open_store(const std::string& path, client::FilePushStoreOptions options = {}) {
  auto store = client::FilePushStore::open(path, options);
  if (!store) throw std::runtime_error("store: " + store.error().message());
  return *store;
}

std::vector<std::string> ids(const client::PushStore& store) {
  std::vector<std::string> out;
  for (const auto& push : store.pending("room:lobby")) out.push_back(push.id);
  return out;
}

StoredPush stored(std::string id) {
  const auto later = std::chrono::system_clock::now().time_since_epoch() + 1h;
  return {.id = std::move(id),
          .topic = "room:lobby",
          .event = "echo",
          .payload = R"({"n":1})",
          .until = std::chrono::duration_cast<std::chrono::milliseconds>(later).count()};
}

PushOptions at_least_once(std::string id) { return {.delivery = AtLeastOnce{std::move(id), 1h}}; }

TEST(ClientDelivery, IfJoinedFailsWhileNotJoined) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  room.join();
  EXPECT_EQ(get(room.push("typing", {}, {.delivery = IfJoined{}}).future()).error(), std::errc::not_connected);
}

TEST(ClientDelivery, LatestLeavesTheNewestOne) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  room.join();
  auto old = room.push("echo", obj("n", 1), {.delivery = Latest{"cursor"}}).future();
  auto newest = room.push("echo", obj("n", 2), {.delivery = Latest{"cursor"}}).future();
  EXPECT_EQ(get(std::move(old)).error(), Errc::cancelled);
  socket.connect();
  EXPECT_EQ(get(std::move(newest))->response.text(), R"({"n":2})");
}

TEST(ClientDelivery, AtLeastOnceSurvivesALostConnection) {
  std::atomic<int> seen = 0;
  StubServer server({}, [&](StubServer::Connection& connection, const core::EnvelopeView& message) {
    if (message.event != "order" || seen++ > 0) return false;
    connection.cut();  // the first copy is lost with its connection
    return true;
  });
  Socket socket(server.url(), eager());
  auto room = socket.channel("room:lobby");
  socket.connect();
  room.join();
  const auto reply = get(room.push("order", obj("id", "o-1"), at_least_once("o-1")).future());
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->response.text(), R"({"id":"o-1"})");
  EXPECT_EQ(seen, 2);
}

TEST(ClientDelivery, AStoredPushIsSentByTheNextProgram) {
  const auto path = fresh_path();
  Seen<std::string> orders;
  StubServer server({}, [&](StubServer::Connection&, const core::EnvelopeView& message) {
    if (message.event == "echo") orders.add(std::string(message.payload));
    return false;
  });
  {
    SocketOptions options;
    options.store = open_store(path);
    Socket socket(server.url(), options);
    auto room = socket.channel("room:lobby");
    room.join();  // never connects
    room.push("echo", obj("n", 1), at_least_once("o-1"));
    room.push("echo", obj("n", 2), at_least_once("o-2"));
  }
  SocketOptions options;
  const auto store = open_store(path);
  options.store = store;
  EXPECT_THAT(ids(*store), ElementsAre("o-1", "o-2"));
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  socket.connect();
  room.join();
  EXPECT_TRUE(get(room.push("ping").future()));  // in order behind them
  EXPECT_THAT(orders.now(), ElementsAre(R"({"n":1})", R"({"n":2})"));
  EXPECT_THAT(ids(*store), IsEmpty());
  std::filesystem::remove(path);
}

TEST(ClientDelivery, AStoredPushThatIsOutOfTimeIsNotSentAndLeavesTheStore) {  // P3
  const auto path = fresh_path();
  Seen<std::string> events;
  StubServer server({}, [&](StubServer::Connection&, const core::EnvelopeView& message) {
    events.add(std::string(message.event));
    return false;
  });
  SocketOptions options;
  const auto store = open_store(path);
  options.store = store;
  auto old = stored("old");
  old.until = 1;
  EXPECT_FALSE(store->put(old));
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  socket.connect();
  room.join();
  EXPECT_TRUE(get(room.push("ping").future()));
  EXPECT_THAT(events.now(), ElementsAre("phx_join", "ping"));
  EXPECT_THAT(ids(*store), IsEmpty());
  std::filesystem::remove(path);
}

TEST(ClientDelivery, AStoreThatRefusesFailsThePush) {
  struct Full final : client::PushStore {
    std::error_code put(const StoredPush&) override { return std::make_error_code(std::errc::no_space_on_device); }
    std::error_code remove(std::string_view) override { return {}; }
    std::vector<StoredPush> pending(std::string_view) const override { return {}; }
  };
  StubServer server;
  SocketOptions options;
  options.store = std::make_shared<Full>();
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  room.join();
  EXPECT_EQ(get(room.push("echo", {}, at_least_once("o-1")).future()).error(), std::errc::no_space_on_device);
}

// ---- pushes that the socket's own thread has not taken yet ----

/// A joined socket whose thread does nothing until run().
class ClientPending : public testing::Test {
 protected:
  void TearDown() override {
    socket.reset();
    io.restart();
    io.poll();
  }
  void start(SocketOptions options) {
    options.runtime = Runtime::on(io);
    socket = std::make_unique<Socket>(server.url(), options);
    room = std::make_unique<Channel>(socket->channel("room:lobby"));
    socket->connect();
    run(room->join().future());
  }
  template <class T>
  T run(std::future<T> until) {
    while (until.wait_for(0s) != std::future_status::ready)
      if (io.run_one_for(20s) == 0) throw std::runtime_error("nothing came within 20 s");
    return until.get();
  }
  std::future<Result<Reply>> echo(int n, PushOptions options = {}) { return room->push("echo", obj("n", n), std::move(options)).future(); }
  /// Known although nothing runs.
  static bool refused(std::future<Result<Reply>> outcome) {
    return outcome.wait_for(0s) == std::future_status::ready && outcome.get().error() == Errc::queue_full;
  }

  StubServer server;
  boost::asio::io_context io;
  std::unique_ptr<Socket> socket;
  std::unique_ptr<Channel> room;
};

TEST_F(ClientPending, BeyondTheLimitPushesAndPingsFailAtOnceAndControlCallsDoNot) {  // issue 4, point 6
  SocketOptions options;
  options.max_pending_pushes = 2;
  start(options);
  auto other = socket->channel("room:other");
  auto first = echo(1);
  auto second = echo(2);
  auto third = room->push("echo", obj("n", 3));
  EXPECT_TRUE(refused(third.future()));
  EXPECT_EQ(get(socket->ping()).error(), Errc::queue_full);
  EXPECT_EQ(socket->metrics().refused_pushes, 2u);
  Seen<std::error_code> failures;
  third.on_failure([&](std::error_code error) { failures.add(error); });
  auto joined = other.join().future();
  EXPECT_EQ(run(std::move(first))->response.text(), R"({"n":1})");
  EXPECT_EQ(run(std::move(second))->response.text(), R"({"n":2})");
  EXPECT_TRUE(run(std::move(joined))->ok());
  EXPECT_THAT(failures.now(), ElementsAre(make_error_code(Errc::queue_full)));

  EXPECT_FALSE(refused(echo(4)));  // there is room again
  EXPECT_FALSE(refused(echo(5)));
  EXPECT_TRUE(refused(echo(6)));
  EXPECT_TRUE(run(other.leave().future())->ok());
  EXPECT_FALSE(refused(echo(7)));
  EXPECT_FALSE(refused(echo(8)));
  run(socket->disconnect());
  EXPECT_EQ(socket->state(), SocketState::closed);
  EXPECT_FALSE(refused(echo(9)));
  EXPECT_FALSE(refused(echo(10)));
  auto unanswered = room->push("echo").future();
  socket.reset();  // hands its end to the loop, however much waits there
  EXPECT_EQ(run(std::move(unanswered)).error(), Errc::queue_full);
}

TEST_F(ClientPending, BytesCountToo) {
  SocketOptions options;
  options.max_pending_bytes = 20;
  start(options);
  auto first = echo(1);  // 11 bytes
  auto second = echo(2);
  EXPECT_TRUE(refused(echo(3)));
  EXPECT_TRUE(run(std::move(second))->ok());
}

TEST_F(ClientPending, SuspendedCallersAreLetInWhereThePolicySaysWait) {
  SocketOptions options;
  options.max_pending_pushes = 1;
  options.policy.push_buffer.on_full = core::OnFull::wait;
  start(options);
  auto first = echo(1);
  EXPECT_TRUE(refused(echo(2)));
  std::promise<Result<Reply>> third;
  room->async_push("echo", obj("n", 3), [&](boost::system::error_code error, const Reply& reply) {
    third.set_value(error ? Result<Reply>(tl::unexpected(std::error_code(error))) : Result<Reply>(reply));
  });
  EXPECT_EQ(run(third.get_future())->response.text(), R"({"n":3})");
}

TEST_F(ClientPending, ARefusedPushIsNotInTheStore) {
  const auto path = fresh_path();
  SocketOptions options;
  options.max_pending_pushes = 1;
  const auto pushes = open_store(path);
  options.store = pushes;
  start(options);
  auto kept = echo(1, at_least_once("o-1"));
  EXPECT_TRUE(refused(echo(2, at_least_once("o-2"))));
  EXPECT_THAT(ids(*pushes), ElementsAre("o-1"));
  EXPECT_TRUE(run(std::move(kept))->ok());
  std::filesystem::remove(path);
}

TEST(ClientPendingThreads, ACallbackOnTheOnlyThreadIsRefusedAndDoesNotHang) {
  StubServer server;
  SocketOptions options;
  options.max_pending_pushes = 3;
  options.runtime = Runtime::single_thread();
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  Seen<std::string> outcomes;
  room.join().receive("ok", [&](const Reply&) {
    for (int n = 1; n <= 5; ++n)
      room.push("echo", Json(n))
          .receive("ok", [&](const Reply& reply) { outcomes.add(reply.response.text()); })
          .on_failure([&](std::error_code error) { outcomes.add(error.message()); });
  });
  socket.connect();
  const auto full = make_error_code(Errc::queue_full).message();
  EXPECT_THAT(outcomes.wait_for(5), testing::UnorderedElementsAre("1", "2", "3", full, full));
}

TEST(FilePushStore, KeepsOrderReplacesAndRemoves) {
  const auto path = fresh_path();
  {
    const auto store = open_store(path);
    for (const auto* id : {"a", "b", "c", "a"}) EXPECT_FALSE(store->put(stored(id)));
    EXPECT_FALSE(store->remove("b"));
    EXPECT_THAT(ids(*store), ElementsAre("c", "a"));
  }
  EXPECT_THAT(ids(*open_store(path)), ElementsAre("c", "a"));
  std::filesystem::remove(path);
}

TEST(FilePushStore, RecoversFromATornTailAtEveryByte) {
  const auto path = fresh_path();
  {
    const auto store = open_store(path);
    EXPECT_FALSE(store->put(stored("a")));
    EXPECT_FALSE(store->put(stored("b")));
  }
  std::stringstream whole;
  whole << std::ifstream(path, std::ios::binary).rdbuf();
  const auto record = core::put_size(stored("b"));
  for (std::size_t torn = 1; torn <= record; ++torn) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.str().substr(0, whole.str().size() - torn);
    {
      const auto store = open_store(path, {.fsync = client::Fsync::never});
      EXPECT_EQ(store->recovered_bytes(), record - torn);
      EXPECT_THAT(ids(*store), ElementsAre("a"));
      EXPECT_FALSE(store->put(stored("c")));
    }
    EXPECT_THAT(ids(*open_store(path)), ElementsAre("a", "c")) << torn;
    std::stringstream kept;
    kept << std::ifstream(path + ".damaged", std::ios::binary).rdbuf();
    EXPECT_EQ(kept.str(), whole.str().substr(whole.str().size() - record, record - torn));
    std::filesystem::remove(path + ".damaged");
  }
  std::filesystem::remove(path);
}

TEST(FilePushStore, ForgetsItsHistoryWhenThatGrows) {
  const auto path = fresh_path();
  const auto store = open_store(path, {.fsync = client::Fsync::never, .compact_above = 4096});
  EXPECT_FALSE(store->put(stored("kept")));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(store->put(stored(std::to_string(i))));
    EXPECT_FALSE(store->remove(std::to_string(i)));
  }
  EXPECT_LT(std::filesystem::file_size(path), 8192u);
  EXPECT_THAT(ids(*store), ElementsAre("kept"));
  EXPECT_EQ(client::FilePushStore::open(path).error(), std::errc::device_or_resource_busy);  // the new file is locked too
  std::filesystem::remove(path);
}

TEST(FilePushStore, RefusesOtherFilesAndASecondOwner) {
  const auto path = fresh_path();
  std::ofstream(path) << "dear diary\n";
  EXPECT_EQ(client::FilePushStore::open(path).error(), Errc::bad_envelope);
  std::filesystem::remove(path);
  const auto store = open_store(path);
  EXPECT_EQ(client::FilePushStore::open(path).error(), std::errc::device_or_resource_busy);
  EXPECT_EQ(client::FilePushStore::open("/no/such/folder/x").error(), std::errc::no_such_file_or_directory);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace phx::test
