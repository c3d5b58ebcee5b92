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
