// Pulling, polling, one thread, and what a socket tells about itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <thread>

#include <phx/client/async.hpp>

#include "support.hpp"

namespace phx::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::ElementsAre;

class ClientReceiver : public testing::Test {
 protected:
  ClientReceiver() {
    socket.connect();
    get(room.join().future());
  }
  /// Returns when the message has been received: replies come behind it.
  void shout(int n) { get(room.push("shout", obj("n", n)).future()); }
  void flush() {
    Seen<bool> done;
    room.push("echo").receive("ok", [&](const Reply&) { done.add(true); });
    done.wait_for(1);
  }

  StubServer server;
  Socket socket{server.url()};
  Channel room = socket.channel("room:lobby");
};

TEST_F(ClientReceiver, PullsInOrder) {
  Receiver inbox(room, {.event = "shout"});
  shout(1), shout(2);
  EXPECT_EQ(inbox.receive(20s)->payload.text(), R"({"n":1})");
  EXPECT_EQ(inbox.receive(20s)->payload.text(), R"({"n":2})");
  EXPECT_FALSE(inbox.try_receive());
  EXPECT_EQ(inbox.receive(1ms).error(), std::errc::timed_out);
}

TEST_F(ClientReceiver, AFullOneDropsTheOldestOrTheNewestAndCounts) {
  Receiver newest(room, {.event = "shout", .max_count = 2});
  Receiver oldest(room, {.event = "shout", .max_count = 2, .when_full = WhenFull::drop_newest});
  Receiver small(room, {.event = "shout", .max_bytes = 10});
  for (const int n : {1, 2, 3}) shout(n);
  flush();
  const auto take = [](Receiver& r) {
    std::vector<std::string> out;
    while (auto m = r.try_receive()) out.push_back(m->payload.text());
    return out;
  };
  EXPECT_THAT(take(newest), ElementsAre(R"({"n":2})", R"({"n":3})"));
  EXPECT_THAT(take(oldest), ElementsAre(R"({"n":1})", R"({"n":2})"));
  EXPECT_THAT(take(small), ElementsAre(R"({"n":3})"));
  EXPECT_EQ(newest.dropped(), 1u);
  EXPECT_EQ(oldest.dropped(), 1u);
  EXPECT_EQ(small.dropped(), 2u);
}

TEST_F(ClientReceiver, AFullOneMayFailOnceWhereTheGapIs) {  // issue 4, point 9
  Receiver inbox(room, {.event = "shout", .max_count = 2, .when_full = WhenFull::fail});
  const auto text = [&] {
    const auto m = inbox.receive(20s);
    return m ? m->payload.text() : m.error().message();
  };
  for (const int n : {1, 2, 3, 4}) shout(n);
  flush();
  EXPECT_EQ(text(), R"({"n":1})");
  shout(5);  // there would be room, but what comes behind a gap must not look as if it came next
  flush();
  EXPECT_EQ(text(), R"({"n":2})");
  EXPECT_EQ(inbox.dropped(), 3u);
  EXPECT_EQ(inbox.receive(20s).error(), Errc::queue_full);
  shout(6);
  EXPECT_EQ(text(), R"({"n":6})");
  for (const int n : {7, 8, 9}) shout(n);
  flush();
  EXPECT_TRUE(inbox.try_receive() && inbox.try_receive());
  Seen<std::error_code> error;
  inbox.async_receive([&](boost::system::error_code e, const Message&) { error.add(e); });
  EXPECT_EQ(error.wait_for(1).front(), Errc::queue_full);
  shout(10);
  EXPECT_EQ(text(), R"({"n":10})");
}

TEST_F(ClientReceiver, AMessageThatNeverFitsDropsNoOther) {
  Receiver inbox(room, {.event = "shout", .max_bytes = 10});
  shout(1);
  get(room.push("shout", obj("text", "longer than ten bytes")).future());
  flush();
  EXPECT_EQ(inbox.receive(20s)->payload.text(), R"({"n":1})");
  EXPECT_EQ(inbox.dropped(), 1u);
}

TEST_F(ClientReceiver, CoroutinesPullAndHearOfTheEnd) {
  Receiver inbox(room, {.event = "shout"});
  asio::io_context io;
  std::vector<std::string> heard;
  std::error_code end;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        try {
          while (true) heard.push_back((co_await inbox.async_receive(asio::use_awaitable)).payload.text());
        } catch (const boost::system::system_error& e) { end = e.code(); }
      },
      [](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
      });
  io.poll();
  shout(1), shout(2);
  get(room.leave().future());
  io.restart();
  io.run_for(20s);
  EXPECT_THAT(heard, ElementsAre(R"({"n":1})", R"({"n":2})"));
  EXPECT_EQ(end, Errc::channel_closed);
}

TEST_F(ClientReceiver, OneReceiveIsCancelledAndTheNextGetsTheMessage) {
  Receiver inbox(room, {.event = "shout"});
  asio::cancellation_signal signal;
  Seen<std::error_code> first;
  Seen<std::string> second;
  inbox.async_receive(asio::bind_cancellation_slot(signal.slot(), [&](boost::system::error_code e, const Message&) { first.add(e); }));
  inbox.async_receive([&](boost::system::error_code, const Message& m) { second.add(m.payload.text()); });
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_EQ(first.wait_for(1).front(), Errc::cancelled);
  shout(7);
  EXPECT_EQ(second.wait_for(1).front(), R"({"n":7})");
}

TEST(ClientReceiverLifetime, TheEndOfTheSocketOrTheChannelEndsAReceive) {
  StubServer server;
  auto socket = std::make_unique<Socket>(server.url());
  auto room = socket->channel("room:a");
  std::optional<Channel> gone = socket->channel("room:b");
  Receiver inbox(room), other(*gone);
  std::future<Result<Message>> waiting = std::async(std::launch::async, [&] { return inbox.receive(20s); });
  gone.reset();
  EXPECT_EQ(other.receive(20s).error(), Errc::channel_closed);
  socket.reset();
  EXPECT_EQ(get(std::move(waiting)).error(), Errc::cancelled);
}

TEST(ClientPolled, CallbacksRunInPollOnTheCallersThreadAndNowhereElse) {
  StubServer server;
  SocketOptions options;
  options.runtime = Runtime::polled();
  const auto runtime = options.runtime;
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  std::vector<int> heard;
  std::thread::id where;
  const auto messages = room.on("shout", [&](const Message& m) {
    heard.push_back(m.json()->at("n").get<int>());
    where = std::this_thread::get_id();
  });
  socket.connect();
  get(room.join().future());  // futures need no poll
  for (const int n : {1, 2, 3}) get(room.push("shout", obj("n", n)).future());
  EXPECT_TRUE(heard.empty());
  EXPECT_EQ(runtime->poll(0), 0u);
  while (heard.empty()) EXPECT_LE((runtime->wait_for(20s), runtime->poll(1)), 1u);
  EXPECT_EQ(heard.size(), 1u);
  while (heard.size() < 3 && runtime->wait_for(20s)) runtime->poll();
  EXPECT_THAT(heard, ElementsAre(1, 2, 3));
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(ClientPolled, ASocketMayGoWithCallbacksUnpolled) {
  StubServer server;
  SocketOptions options;
  options.runtime = Runtime::polled();
  const auto runtime = options.runtime;
  bool ran = false;
  {
    Socket socket(server.url(), options);
    auto room = socket.channel("room:lobby");
    socket.on_open([&] { ran = true; }).detach();
    socket.connect();
    get(room.join().future());
  }
  runtime->poll();
  EXPECT_FALSE(ran);
}

TEST(ClientSingleThread, EverythingRunsOnOneThread) {
  StubServer server;
  SocketOptions options;
  options.runtime = Runtime::single_thread();
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  Seen<std::string> heard;
  const auto messages = room.on("shout", [&](const Message& m) { heard.add(m.payload.text()); });
  socket.connect();
  room.join();
  room.push("shout", obj("n", 1));
  EXPECT_EQ(heard.wait_for(1).front(), R"({"n":1})");
  EXPECT_EQ(options.runtime->poll(), 0u);
}

TEST(ClientMetrics, CountWhatHappenedByTopicAndCause) {
  StubServer server;
  auto options = eager();
  options.heartbeat_interval = 1ms;
  options.policy.heartbeat.max_missed = 1000;
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  room.join();
  room.push("echo", obj("n", 1));  // waits
  const auto waits = [&] {
    while (socket.metrics().waiting_pushes == 0) std::this_thread::yield();
  };
  waits();
  socket.connect();
  get(room.push("refuse").future());
  get(room.push("shout", obj("n", 1)).future());
  Seen<bool> opened;
  socket.on_open([&] { opened.add(true); }).detach();
  room.push("cut");
  opened.wait_for(1);
  get(room.push("echo").future());
  while (socket.metrics().heartbeats.count == 0) std::this_thread::yield();
  const auto m = socket.metrics();
  EXPECT_EQ(m.opens, 2u);
  EXPECT_EQ(m.closes, 1u);
  EXPECT_EQ(m.reconnects.at(core::ReconnectWhy::connection_lost), 1u);
  while (socket.metrics().waiting_pushes != 0) std::this_thread::yield();
  EXPECT_GT(m.bytes_in, 100u);
  EXPECT_GT(m.frames_out, 5u);
  EXPECT_EQ(m.replies.count, 4u);
  EXPECT_LE(m.replies.min, m.replies.mean());
  const auto& lobby = m.topics.at("room:lobby");
  EXPECT_EQ(lobby.pushes, 5u);
  EXPECT_EQ(lobby.replies, 4u);
  EXPECT_EQ(lobby.refusals, 1u);
  EXPECT_EQ(lobby.messages, 1u);
  EXPECT_EQ(lobby.message_bytes, 7u);
  EXPECT_EQ(lobby.joins, 2u);
}

TEST(ClientObserver, HearsTheLifeOfASocketInOrder) {
  struct Log final : client::Observer {
    void socket_connecting(core::OpenReason, core::TransportKind) noexcept override { seen.add("connecting"); }
    void socket_opened(std::uint32_t) noexcept override { seen.add("opened"); }
    void socket_closed(const ConnectionClosed&) noexcept override { seen.add("closed"); }
    void channel_changed(std::string_view topic, ChannelState, ChannelState to) noexcept override {
      if (to == ChannelState::joined) seen.add("joined " + std::string(topic));
    }
    void pushed(std::string_view, std::string_view event, std::size_t) noexcept override { seen.add("pushed " + std::string(event)); }
    void push_replied(std::string_view, std::string_view event, std::string_view status, Duration) noexcept override {
      seen.add(std::string(status) + " " + std::string(event));
    }
    Seen<std::string> seen;
  };
  StubServer server;
  SocketOptions options;
  const auto log = std::make_shared<Log>();
  options.observer = log;
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  socket.connect();
  get(room.join().future());
  get(room.push("refuse").future());
  get(socket.disconnect());
  EXPECT_THAT(log->seen.wait_for(6), ElementsAre("connecting", "opened", "joined room:lobby", "pushed refuse", "error refuse", "closed"));
}

}  // namespace
}  // namespace phx::test
