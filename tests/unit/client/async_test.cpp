// Completion tokens of Boost.Asio.

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <phx/client/async.hpp>
#include <phx/client/typed.hpp>

#include "support.hpp"

namespace phx::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Runs a coroutine to its end on a loop of its own.
template <class F>
void run(F&& coroutine) {
  asio::io_context io;
  std::exception_ptr failure;
  asio::co_spawn(io, std::forward<F>(coroutine), [&](std::exception_ptr e) { failure = e; });
  io.run_for(20s);
  if (failure) std::rethrow_exception(failure);
}

TEST(ClientAsync, CoroutinesJoinPushLeaveAndDisconnect) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  bool done = false;
  run([&]() -> asio::awaitable<void> {
    const auto joined = co_await room.async_join(asio::use_awaitable);
    EXPECT_TRUE(joined.ok());
    const auto reply = co_await room.async_push("echo", obj("n", 1), asio::use_awaitable);
    EXPECT_EQ(reply.json()->at("n"), 1);
    const auto refused = co_await room.async_push("refuse", {}, asio::use_awaitable);
    EXPECT_EQ(refused.status, "error");
    const auto rtt = co_await socket.async_ping(asio::use_awaitable);
    EXPECT_GE(rtt, Duration::zero());
    const auto left = co_await room.async_leave(asio::use_awaitable);
    EXPECT_TRUE(left.ok());
    co_await socket.async_disconnect(asio::use_awaitable);
    done = true;
  });
  EXPECT_TRUE(done);
}

struct Score {
  int n = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Score, n)

TEST(ClientAsync, CoroutinesGetTypedAnswers) {  // issue 4, points 7 and 9
  static constexpr Event<Score, Score> echo{"echo"};
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  std::vector<std::string> complaints;
  run([&]() -> asio::awaitable<void> {
    co_await room.async_join(asio::use_awaitable);
    const Score mine{7};
    const PushOptions options{.timeout = 20s};
    const TypedReply<Score> reply = co_await room.async_push(echo, mine, asio::use_awaitable);
    EXPECT_EQ(reply.value().n, 7);
    EXPECT_EQ((co_await room.async_push(echo, mine, options, asio::use_awaitable)).value().n, 7);
    EXPECT_EQ((co_await room.async_push<Score>("echo", obj("n", 8), asio::use_awaitable)).value().n, 8);
    EXPECT_EQ((co_await room.async_push<Json>("echo", obj("n", 9), options, asio::use_awaitable)).value().at("n"), 9);
    const auto wrong = co_await room.async_push<Score>("echo", obj("n", "many"), asio::use_awaitable);
    const auto refused = co_await room.async_push<Score>("refuse", {}, asio::use_awaitable);
    EXPECT_FALSE(refused.ok());
    for (const auto* bad : {&wrong, &refused}) {
      try {
        bad->value();
      } catch (const ReplyError& e) { complaints.emplace_back(e.what()); }
    }
  });
  ASSERT_EQ(complaints.size(), 2u);
  EXPECT_EQ(complaints[0].rfind("the response to 'echo' on 'room:lobby' is not of the expected type: ", 0), 0u) << complaints[0];
  EXPECT_EQ(complaints[1], "the reply to 'refuse' on 'room:lobby' has status 'error'");
  EXPECT_EQ(get(room.async_push(echo, {5}, asio::use_future)).value().n, 5);
}

TEST(ClientAsync, AFailureThrowsInACoroutine) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  run([&]() -> asio::awaitable<void> {
    co_await room.async_join(asio::use_awaitable);
    const PushOptions options{.timeout = 10ms};
    std::error_code error;
    try {
      co_await room.async_push("silent", {}, options, asio::use_awaitable);
    } catch (const boost::system::system_error& e) { error = e.code(); }
    EXPECT_EQ(error, Errc::push_timeout);
  });
}

TEST(ClientAsync, ACancelledPushEndsAtOnce) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  get(room.join().future());
  asio::cancellation_signal signal;
  Seen<std::error_code> seen;
  const PushOptions options{.timeout = 1h};
  room.async_push("silent", {}, options,
                  asio::bind_cancellation_slot(signal.slot(), [&](boost::system::error_code e, const Reply&) { seen.add(e); }));
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_EQ(seen.wait_for(1).front(), Errc::cancelled);
}

TEST(ClientAsync, ACancelledPingOrDisconnectEndsOnceWithCancelled) {
  StubServer server({}, [](StubServer::Connection&, const core::EnvelopeView& message) { return message.event == "heartbeat"; });
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  get(room.join().future());
  asio::cancellation_signal ping, disconnect;
  Seen<std::error_code> seen;
  socket.async_ping(asio::bind_cancellation_slot(ping.slot(), [&](boost::system::error_code e, Duration) { seen.add(e); }));
  ping.emit(asio::cancellation_type::terminal);
  EXPECT_EQ(seen.wait_for(1).front(), Errc::cancelled);
  socket.async_disconnect(asio::bind_cancellation_slot(disconnect.slot(), [&](boost::system::error_code e) { seen.add(e); }));
  disconnect.emit(asio::cancellation_type::terminal);
  const auto first = seen.wait_for(2).at(1);
  EXPECT_TRUE(first == Errc::cancelled || !first) << first.message();  // unless it was quicker
  get(socket.disconnect());                                            // the cancelled one went on
  EXPECT_EQ(socket.state(), SocketState::closed);
  EXPECT_EQ(seen.now().size(), 2u);
}

TEST(ClientAsync, PlainHandlersRunAsCallbacksAndFuturesWork) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  room.join();
  Seen<std::string> seen;
  room.async_push("echo", {}, [&](boost::system::error_code e, const Reply& reply) { seen.add(e ? e.message() : reply.status); });
  EXPECT_EQ(seen.wait_for(1).front(), "ok");
  EXPECT_TRUE(get(room.async_push("echo", {}, asio::use_future)).ok());
}

TEST(ClientAsync, DestroyingTheSocketEndsACoroutine) {
  StubServer server;
  auto socket = std::make_unique<Socket>(server.url());
  auto room = socket->channel("room:lobby");
  socket->connect();
  get(room.join().future());
  asio::io_context io;
  std::error_code error;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        try {
          co_await room.async_push("silent", {}, asio::use_awaitable);
        } catch (const boost::system::system_error& e) { error = e.code(); }
      },
      asio::detached);
  io.poll();
  socket.reset();
  io.restart();
  io.run_for(20s);
  EXPECT_EQ(error, Errc::cancelled);
}

}  // namespace
}  // namespace phx::test
