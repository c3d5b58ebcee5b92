// Threads and lifetime: meant for TSan.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <optional>
#include <thread>

#include <boost/asio/io_context.hpp>

#include "support.hpp"

namespace phx::test {
namespace {

using namespace std::chrono_literals;

TEST(ClientLifetime, ASocketMayBeDestroyedInsideItsOwnCallback) {
  StubServer server;
  Seen<bool> destroyed;
  auto socket = std::make_unique<Socket>(server.url());
  socket
      ->on_open([&] {
        socket.reset();
        destroyed.add(true);
      })
      .detach();
  socket->connect();
  destroyed.wait_for(1);
}

TEST(ClientLifetime, AChannelMayBeDestroyedInsideItsOwnHook) {
  StubServer server;
  Socket socket(server.url());
  Seen<bool> destroyed;
  std::optional<Channel> room = socket.channel("room:lobby");
  room->join().receive("ok", [&](const Reply&) {
    room.reset();
    destroyed.add(true);
  });
  socket.connect();
  destroyed.wait_for(1);
}

TEST(ClientLifetime, TheDestructorWaitsForTheRunningCallbackAndNoneFollows) {
  StubServer server;
  std::promise<void> entered, may_leave;
  std::atomic<bool> left = false, gone = false, after = false;
  {
    Socket socket(server.url());
    auto room = socket.channel("room:lobby");
    socket
        .on_open([&] {
          entered.set_value();
          may_leave.get_future().wait();
          left = true;
        })
        .detach();
    room.join().receive("ok", [&](const Reply&) { after = gone.load(); });
    socket.connect();
    get(entered.get_future());
    may_leave.set_value();
  }
  EXPECT_TRUE(left);
  gone = true;
  EXPECT_FALSE(after);
}

TEST(ClientLifetime, ResettingASubscriptionWaitsForItsHandler) {
  StubServer server;
  Socket socket(server.url());
  std::promise<void> entered, may_leave;
  std::atomic<bool> left = false;
  auto subscription = socket.on_open([&] {
    entered.set_value();
    may_leave.get_future().wait();
    left = true;
  });
  socket.connect();
  get(entered.get_future());
  may_leave.set_value();
  subscription.reset();
  EXPECT_TRUE(left);
}

TEST(ClientLifetime, ACallbackMayWaitForAReply) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  Seen<bool> answered;
  room.join().receive("ok", [&](const Reply&) { answered.add(get(room.push("echo").future())->ok()); });
  socket.connect();
  EXPECT_TRUE(answered.wait_for(1).front());
}

/// Destroys something while a callback waits for the reply to a push that never comes; what the callback then got.
template <class Destroy>
std::error_code error_of_a_waiting_callback(Destroy&& destroy) {
  StubServer server;
  std::promise<void> entered;
  Seen<std::error_code> seen;
  std::optional<Socket> socket(std::in_place, server.url());
  std::optional<Channel> room = socket->channel("room:lobby");
  room->join().receive("ok", [&](const Reply&) {
    auto reply = room->push("silent", {}, {.timeout = 1h}).future();
    entered.set_value();
    seen.add(get(std::move(reply)).error());
  });
  socket->connect();
  get(entered.get_future());
  destroy(socket, room);
  const auto errors = seen.now();  // the callback has ended
  return errors.empty() ? std::error_code() : errors.front();
}

TEST(ClientLifetime, DestroyingASocketFreesACallbackThatWaitsForAReply) {
  EXPECT_EQ(error_of_a_waiting_callback([](auto& socket, auto&) { socket.reset(); }), Errc::cancelled);
}

TEST(ClientLifetime, DestroyingAChannelFreesACallbackThatWaitsForAReply) {
  EXPECT_EQ(error_of_a_waiting_callback([](auto&, auto& room) { room.reset(); }), Errc::channel_closed);
}

TEST(ClientLifetime, AChannelThatOutlivesItsSocketIsClosed) {
  StubServer server;
  std::optional<Socket> socket(std::in_place, server.url());
  auto room = socket->channel("room:lobby");
  socket->connect();
  get(room.join().future());
  auto pending = room.push("silent").future();
  socket.reset();
  EXPECT_EQ(get(std::move(pending)).error(), Errc::cancelled);
  EXPECT_EQ(get(room.push("late").future()).error(), Errc::cancelled);
  EXPECT_EQ(room.state(), ChannelState::closed);
  EXPECT_FALSE(room.can_push());
}

TEST(ClientLifetime, DestructionNeverHangsWhateverTheConnectionIsDoing) {
  StubServer mute([](const std::string&) -> std::string {
    return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";  // the body never comes
  });
  for (const auto& url : {mute.url(), std::string("ws://no-such-host.invalid/socket"), std::string("ws://127.0.0.1:1/socket")}) {
    Socket socket(url, eager());
    auto room = socket.channel("room:lobby");
    room.join();
    socket.connect();
  }
}

TEST(ClientThreads, ManyThreadsPushWhileTheSocketIsDestroyed) {
  StubServer server;
  for (int round = 0; round < 5; ++round) {
    auto socket = std::make_unique<Socket>(server.url());
    std::atomic<int> answered = 0;
    std::vector<Channel> rooms;
    for (int i = 0; i < 4; ++i) rooms.push_back(socket->channel("room:" + std::to_string(i)));
    for (auto& room : rooms) room.join();
    socket->connect();
    std::vector<std::thread> threads;
    std::promise<void> busy;
    std::atomic<int> pushed = 0;
    for (auto& room : rooms) {
      threads.emplace_back([&] {
        auto handler = room.on("shout", [&](const Message&) { ++answered; });
        for (int n = 0; n < 300; ++n) {
          auto push = room.push(n % 3 == 0 ? "shout" : "echo", obj("n", n)).receive("ok", [&](const Reply&) { ++answered; });
          if (n % 7 == 0) push.cancel();
          if (++pushed == 300) busy.set_value();
          (void)room.state();
        }
      });
    }
    get(busy.get_future());
    socket.reset();
    for (auto& thread : threads) thread.join();
  }
}

TEST(ClientThreads, EveryThreadMayUseEverything) {
  StubServer server;
  const auto runtime = Runtime::create();
  auto options = eager();
  options.runtime = runtime;
  Socket socket(server.url(), options);
  socket.connect();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < 10; ++n) {
        auto room = socket.channel("room:" + std::to_string(t));
        Presence presence(room);
        auto joined = room.join().future();
        if (n % 4 == 3) server.cut_all();
        EXPECT_TRUE(get(std::move(joined)).has_value());
        (void)presence.list();
        (void)socket.ping();
        room.leave();
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(ClientThreads, CallbacksRunOnTheExecutorOfTheOptions) {
  StubServer server;
  std::mutex mutex;
  std::deque<std::function<void()>> tasks;  // a game's queue
  SocketOptions options;
  options.callback_executor = [&](std::function<void()> task) {
    const std::scoped_lock lock(mutex);
    tasks.push_back(std::move(task));
  };
  std::optional<std::thread::id> ran_on;
  {
    Socket socket(server.url(), options);
    auto room = socket.channel("room:lobby");
    socket.connect();
    auto push = room.join().receive("ok", [&](const Reply&) { ran_on = std::this_thread::get_id(); });
    EXPECT_TRUE(get(push.future())->ok());
    while (!ran_on) {
      std::function<void()> task;
      {
        const std::scoped_lock lock(mutex);
        if (tasks.empty()) continue;
        task = std::move(tasks.front());
        tasks.pop_front();
      }
      task();
    }
  }
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(ClientThreads, ARuntimeOnAForeignIoContextNeedsNoThread) {
  StubServer server;
  boost::asio::io_context io;
  auto socket = std::make_unique<Socket>(server.url(), SocketOptions{.runtime = Runtime::on(io)});
  auto room = socket->channel("room:lobby");
  bool joined = false;
  room.join().receive("ok", [&](const Reply&) {
    joined = true;
    socket.reset();
  });
  socket->connect();
  io.run();
  EXPECT_TRUE(joined);
}

}  // namespace
}  // namespace phx::test
