// Handlers that suspend: order of a channel and the join gate hold across suspension (server.md 0.1, B23).

#include <deque>
#include <stdexcept>

#include "world.hpp"

namespace phx::server::test {
namespace {

/// A pool that works when the test says so.
struct ManualPool final : BlockingExecutor {
  std::deque<std::function<void()>> work;
  std::size_t most = 100;
  void submit(std::function<void()> item) override {
    if (work.size() >= most) throw std::runtime_error("too busy");
    work.push_back(std::move(item));
  }
  void work_all() {
    while (!work.empty()) {
      const auto item = std::move(work.front());
      work.pop_front();
      item();
    }
  }
};

HandleResult echo_slowly(const Payload& payload, Socket& socket) {
  co_await socket.sleep(300ms);
  co_return Reply::ok(payload);
}

JoinResult join_slowly(Socket& socket) {
  co_await socket.sleep(300ms);
  co_return JoinOk{};
}

HandleResult fail_slowly(Socket& socket) {
  co_await socket.sleep(300ms);
  throw std::runtime_error("late");
}

HandleResult divide(std::string_view event, const Payload& payload, Socket& socket) {
  const int n = payload.json().at("n");
  auto work = [n] {
    if (n == 0) throw std::invalid_argument("zero");
    return 100 / n;
  };
  const int result = co_await socket.blocking(work);
  co_return Reply::ok(obj(event, result));
}

HandleResult at_once() { co_return Reply::ok(); }

struct SuspendTest : testing::Test {
  SuspendTest() {
    world.script.in = [](std::string_view e, const Payload& p, Socket& s) -> HandleResult {
      if (e == "slow") return echo_slowly(p, s);
      if (e == "fail") return fail_slowly(s);
      if (e == "divide") return divide(e, p, s);
      if (e == "at_once") return at_once();
      return Reply::ok(p);
    };
    world.shard().set_blocking_executor(&pool);
  }
  ManualPool pool;
  World world;
};

constexpr auto fast = R"(["1","3","room:a","fast",{}])";
constexpr auto slow = R"(["1","2","room:a","slow",{"n":1}])";
constexpr auto slow_reply = R"(["1","2","room:a","phx_reply",{"response":{"n":1},"status":"ok"}])";

/// Has joined; its channel is busy for 300 ms while messages wait.
struct Busy : Client {
  explicit Busy(World& world, int waiting = 0) : Client(world) {
    join();
    send(slow);
    for (int i = 0; i < waiting; ++i) send(fast);
  }
};

TEST_F(SuspendTest, ACoroutineThatNeverWaitsAnswersAtOnce) {
  Client c(world);
  c.join();
  EXPECT_THAT(c.ask(R"(["1","2","room:a","at_once",{}])"), ElementsAre(R"(["1","2","room:a","phx_reply",{"response":{},"status":"ok"}])"));
}

TEST_F(SuspendTest, AChannelHandlesOneMessageAtATime) {
  Busy c(world);
  c.send(R"(["1","3","room:a","fast",{"n":2}])");
  EXPECT_THAT(c.ask(R"([null,"4","phoenix","heartbeat",{}])"), testing::SizeIs(1));  // the connection goes on
  world.advance(300ms);
  EXPECT_THAT(c.frames(), ElementsAre(slow_reply, R"(["1","3","room:a","phx_reply",{"response":{"n":2},"status":"ok"}])"));
}

TEST_F(SuspendTest, OtherChannelsGoOn) {
  Client c(world);
  c.join();
  c.join("room:b", "5");
  c.send(slow);
  EXPECT_THAT(c.ask(R"(["5","6","room:b","fast",{}])"), testing::SizeIs(1));
}

// 0.1.3, 5.3; B23, golden v2_join/join_slow
TEST_F(SuspendTest, ASlowJoinBlocksItsConnection) {
  Client c(world), other(world);
  c.join("room:b", "5");
  other.join("room:b", "6");
  world.script.join = [](std::string_view, const Json&, Socket& s) { return join_slowly(s); };
  EXPECT_THAT(c.ask(R"(["1","1","room:a","phx_join",{}])"), IsEmpty());
  EXPECT_EQ(c.holds, 1);
  world.pubsub.broadcast("room:b", "meanwhile", {});
  EXPECT_THAT(other.frames(), testing::SizeIs(1));
  EXPECT_THAT(c.frames(), IsEmpty());
  world.advance(300ms);
  EXPECT_EQ(c.holds, 0);
  EXPECT_THAT(c.frames(),
              ElementsAre(R"(["1","1","room:a","phx_reply",{"response":{},"status":"ok"}])", R"([null,null,"room:b","meanwhile",{}])"));
}

// 5.4 with a slow join: the old close and everything else wait behind the reply
TEST_F(SuspendTest, ASlowDuplicateJoinHoldsTheCloseBack) {
  Client c(world);
  c.join();
  world.script.join = [](std::string_view, const Json&, Socket& s) { return join_slowly(s); };
  EXPECT_THAT(c.ask(R"(["7","7","room:a","phx_join",{}])"), IsEmpty());
  world.advance(300ms);
  EXPECT_THAT(c.frames(),
              ElementsAre(R"(["7","7","room:a","phx_reply",{"response":{},"status":"ok"}])", R"(["1","1","room:a","phx_close",{}])"));
}

TEST_F(SuspendTest, ADuplicateJoinAbandonsASuspendedHandler) {
  Busy c(world);
  c.send(R"(["7","7","room:a","phx_join",{}])");
  world.advance(300ms);
  EXPECT_THAT(c.frames(),
              ElementsAre(R"(["7","7","room:a","phx_reply",{"response":{},"status":"ok"}])", R"(["1","1","room:a","phx_close",{}])"));
}

// 5.7: the transport is blocked by the join
TEST_F(SuspendTest, ADisconnectWaitsForARunningJoin) {
  Client c(world);
  world.script.join = [](std::string_view, const Json&, Socket& s) { return join_slowly(s); };
  c.send(R"(["1","1","room:a","phx_join",{}])");
  world.pubsub.broadcast("user_socket:1", "disconnect", {});
  world.run();
  EXPECT_FALSE(c.closed);
  world.advance(300ms);
  EXPECT_EQ(c.closed, 1001);
}

TEST_F(SuspendTest, ALeaveWaitsForTheHandler) {
  Busy c(world);
  EXPECT_THAT(c.ask(R"(["1","3","room:a","phx_leave",{}])"), IsEmpty());
  world.advance(300ms);
  EXPECT_THAT(c.frames(), ElementsAre(slow_reply, R"(["1","3","room:a","phx_reply",{"response":{},"status":"ok"}])",
                                      R"(["1","1","room:a","phx_close",{}])"));
}

TEST_F(SuspendTest, AnExceptionAfterSuspensionCrashes) {
  Client c(world);
  c.join();
  c.send(R"(["1","2","room:a","fail",{}])");
  world.advance(300ms);
  EXPECT_THAT(c.frames(), ElementsAre(R"(["1","1","room:a","phx_error",{"reason":"channel_crash"}])"));
}

TEST_F(SuspendTest, BlockingWorkGoesToThePool) {
  Client c(world);
  c.join();
  EXPECT_THAT(c.ask(R"(["1","2","room:a","divide",{"n":4}])"), IsEmpty());
  pool.work_all();
  EXPECT_THAT(c.frames(), ElementsAre(R"(["1","2","room:a","phx_reply",{"response":{"divide":25},"status":"ok"}])"));
  c.send(R"(["1","3","room:a","divide",{"n":0}])");
  pool.work_all();
  EXPECT_THAT(c.frames(), ElementsAre(R"(["1","1","room:a","phx_error",{"reason":"channel_crash"}])"));
}

JoinResult join_with_work(Socket& socket) {
  co_await socket.blocking([] {});
  co_return JoinOk{};
}

// design.md 7: BlockingExecutor refuses what is too much
TEST_F(SuspendTest, WorkThatThePoolRefusesCrashesItsChannelOnly) {
  pool.most = 1;
  Client c(world), other(world);
  c.join();
  other.join();
  c.send(R"(["1","2","room:a","divide",{"n":4}])");
  EXPECT_THAT(other.ask(R"(["1","2","room:a","divide",{"n":4}])"),
              ElementsAre(R"(["1","1","room:a","phx_error",{"reason":"channel_crash"}])"));
  world.script.join = [](std::string_view, const Json&, Socket& s) { return join_with_work(s); };
  EXPECT_THAT(other.ask(R"(["3","3","room:a","phx_join",{}])"),
              ElementsAre(R"(["3","3","room:a","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}])"));
  pool.work_all();
  EXPECT_THAT(c.frames(), ElementsAre(R"(["1","2","room:a","phx_reply",{"response":{"divide":25},"status":"ok"}])"));
  other.send(R"(["4","4","room:a","phx_join",{}])");
  pool.work_all();
  EXPECT_THAT(other.frames(), ElementsAre(R"(["4","4","room:a","phx_reply",{"response":{},"status":"ok"}])"));
}

// 5.8: the callback ends first, then terminate runs; nobody is told
TEST_F(SuspendTest, TheTransportMayGoWhileAHandlerWaits) {
  int terminated = 0;
  world.script.terminate = [&](const StopReason&, Socket&) { ++terminated; };
  {
    Busy c(world);
    c.hang_up();
  }
  world.run();
  EXPECT_EQ(terminated, 0);
  world.advance(300ms);
  EXPECT_EQ(terminated, 1);
}

// The connection is freed at the end of the turn; broadcasts go on while its channel still waits.
TEST_F(SuspendTest, ABroadcastReachesNoTransportThatIsGone) {
  Busy c(world);
  c.hang_up();
  world.run();
  world.pubsub.broadcast("room:a", "news", {});
  EXPECT_THAT(c.frames(), IsEmpty());
  world.advance(300ms);
  EXPECT_THAT(c.frames(), IsEmpty());
}

TEST_F(SuspendTest, TheTransportMayGoWhileAJoinWaits) {
  int terminated = 0;
  world.script.terminate = [&](const StopReason&, Socket&) { ++terminated; };
  world.script.join = [](std::string_view, const Json&, Socket& s) { return join_slowly(s); };
  {
    Client c(world);
    c.send(R"(["1","1","room:a","phx_join",{}])");
  }
  world.advance(300ms);
  EXPECT_EQ(terminated, 1);
}

// design.md 7, "what a peer can make us keep is bounded": a client that is quicker than its channel is not read for a while.
TEST_F(SuspendTest, AClientThatSendsTooMuchIsNotRead) {
  world.options.max_waiting_messages = 4;
  Busy c(world, 4);
  EXPECT_EQ(c.holds, 0);
  c.send(fast);
  c.send(fast);
  EXPECT_EQ(c.holds, 1);
  world.advance(300ms);
  EXPECT_EQ(c.holds, 0);
  EXPECT_THAT(c.frames(), testing::SizeIs(7)) << "nothing is lost";
}

TEST_F(SuspendTest, BytesCountToo) {
  world.options.max_waiting_bytes = 1'000;
  Busy c(world);
  c.send(R"(["1","3","room:a","fast",{"x":")" + std::string(1'000, 'x') + R"("}])");
  EXPECT_EQ(c.holds, 1);
  world.advance(300ms);
  EXPECT_EQ(c.holds, 0);
}

TEST_F(SuspendTest, AClientIsReadAgainWhenItsBusyChannelEnds) {
  world.options.max_waiting_messages = 1;
  Busy c(world, 3);
  EXPECT_EQ(c.holds, 1);
  c.send(R"(["2","2","room:a","phx_join",{}])");  // the old channel goes on the spot
  world.run();
  EXPECT_EQ(c.holds, 0);
}

TEST_F(SuspendTest, AChannelThatOthersFloodIsKilled) {
  world.options.max_mailbox = 10;
  world.script.info = [](const Info&, Socket&) -> HandleResult { return NoReply{}; };
  std::optional<ChannelRef> room;
  world.script.join = [&](std::string_view, const Json&, Socket& s) -> JoinResult {
    room = s.self();
    return JoinOk{};
  };
  Busy c(world);
  for (int i = 0; i < 10; ++i) room->send("tick");
  EXPECT_THAT(c.frames(), IsEmpty());
  room->send("tick");
  EXPECT_THAT(c.frames(), ElementsAre(R"(["1","1","room:a","phx_error",{"reason":"channel_crash"}])"));
  world.advance(300ms);
  EXPECT_THAT(c.frames(), IsEmpty());
}

// Freed by the shard: no leak under ASan.
TEST_F(SuspendTest, AShardMayEndWithSuspendedHandlers) {
  Busy c(world);
  c.send(R"(["1","3","room:a","divide",{"n":4}])");
}

}  // namespace
}  // namespace phx::server::test
