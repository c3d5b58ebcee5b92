// server.md 15 (Phoenix.ChannelTest), behaviours A9: each function, its success and its failure message, over every way.
#include <phx/server/pubsub.hpp>
#include <phx/server/socket.hpp>
#include <phx/server/user_socket.hpp>
#include <phx/testing/channel_case.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "failure_of.hpp"

namespace phx::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using namespace server;

constexpr Limit soon{1ms};  // of assertions that are to fail

class RoomChannel final : public server::Channel {
 public:
  JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override {
    if (topic == "room:private") return JoinError{obj("reason", "unauthorized")};
    if (topic == "room:crash") throw std::runtime_error("join crashed");
    if (params.is_object() && params.contains("nick")) socket.assign("nick", params["nick"]);
    return JoinOk{obj("assigns", socket.assigns())};
  }
  HandleResult handle_in(std::string_view event, const Payload& payload, server::Socket& socket) override {
    if (event == "ping") return Reply::ok(payload);
    if (event == "new_msg") {
      socket.broadcast("new_msg", payload);
      return NoReply{};
    }
    if (event == "shout") {
      socket.broadcast_from("shout", payload);
      return NoReply{};
    }
    if (event == "push_me") {
      socket.push("pushed", payload);
      return NoReply{};
    }
    if (event == "later") return later(payload, socket);
    if (event == "stop") return Stop{StopReason::normal()};
    if (event == "crash") throw std::runtime_error("crashed on request");
    return Reply::error(obj("reason", "unknown event"));
  }

  HandleResult handle_info(const Info& message, server::Socket& socket) override {
    if (message.is("tell")) socket.push("told", obj());
    return NoReply{};
  }

 private:
  HandleResult later(const Payload& payload, server::Socket& socket) {
    co_await socket.sleep(20ms);
    co_return Reply::ok(payload);
  }
};

class RoomSocket final : public server::UserSocket {
 public:
  RoomSocket() { channel<RoomChannel>("room:*"); }
  ConnectResult connect(const Json& params, ConnectSocket& socket, const ConnectInfo&) const override {
    if (params.contains("token") && params["token"] == "bad") return ConnectError{Payload(obj("reason", "bad token"))};
    socket.assign("user_id", params.value("user_id", Json("anonymous")));
    return ConnectOk{};
  }
  std::optional<std::string> id(const ConnectSocket& socket) const override {
    return "user:" + socket.assigns().at("user_id").get<std::string>();
  }
};

class RoomTest : public EveryWay {
 protected:
  Application application() override { return {.user_socket = std::make_shared<RoomSocket>()}; }
};
INSTANTIATE_TEST_SUITE_P(Every, RoomTest, ::testing::ValuesIn(all_ways()), way_name);

TEST_P(RoomTest, ConnectsJoinsAndGetsTheReply) {
  auto [reply, room] = subscribe_and_join(connect(obj("user_id", "7")), "room:lobby", obj("nick", "ada"));
  EXPECT_THAT(reply, HasSubset(obj("assigns", obj("user_id", "7", "nick", "ada"))));
  EXPECT_TRUE(room.joined());
}

TEST_P(RoomTest, ConnectMayBeRefused) {
  const auto refused = try_connect(obj("token", "bad"));
  ASSERT_FALSE(refused);
  if (GetParam().where == Where::in_process) {
    EXPECT_EQ(refused.error().reason, R"({"reason":"bad token"})");
  } else {
    EXPECT_FALSE(refused.error().reason.empty());
  }
  const auto failure = failure_of([&] { connect(obj("token", "bad")); });
  EXPECT_THAT(failure.message, HasSubstr("could not connect to "));
}

TEST_P(RoomTest, JoinErrorsAreReturned) {
  const auto refused = join(connect(), "room:private");
  EXPECT_EQ(refused.status, "error");
  EXPECT_EQ(refused.response, obj("reason", "unauthorized"));
  EXPECT_FALSE(refused.channel.joined());
  EXPECT_EQ(join(connect(), "room:crash").response, obj("reason", "join crashed"));
  EXPECT_EQ(join(connect(), "nowhere").response, obj("reason", "unmatched topic"));
}

TEST_P(RoomTest, SubscribeAndJoinFailsWithTheReason) {
  const auto user = connect();
  const int line = __LINE__ + 1;
  const auto failure = failure_of([&] { subscribe_and_join(user, "room:private"); });
  EXPECT_EQ(failure.line, line);
  EXPECT_THAT(failure.message, HasSubstr(R"(could not join channel, got error: {"reason":"unauthorized"})"));
}

TEST_P(RoomTest, AssertReplyTakesTheReplyOfItsPush) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  const auto first = push(room, "ping", obj("n", 1));
  const auto second = push(room, "ping", obj("n", 2));
  EXPECT_EQ(assert_reply(second, "ok", obj("n", 2)), obj("n", 2));
  int n = 0;
  assert_reply(first, "ok", At("n", Capture(&n)));
  EXPECT_EQ(n, 1);
  assert_reply(push(room, "pinng"), "error", HasSubset(obj("reason", "unknown event")));
}

TEST_P(RoomTest, AssertReplyFailsWithTheNearestMessage) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  const auto ref = push(room, "pinng");
  assert_reply(push(room, "ping"), "ok");  // so that the answer before it is here
  const int line = __LINE__ + 1;
  const auto failure = failure_of([&] { assert_reply(ref, "ok", obj("id", 1), soon); });
  EXPECT_EQ(failure.line, line);
  EXPECT_THAT(failure.message,
              HasSubstr("assert_reply: no reply to " + ref.token + R"( whose status is equal to "ok" and whose payload fits {"id": 1})"));
  EXPECT_THAT(failure.message, HasSubstr(R"(status: got "error", awaited one that is equal to "ok")"));
  EXPECT_THAT(failure.message, HasSubstr("payload: /id: expected 1, got nothing"));
}

TEST_P(RoomTest, AsynchronousRepliesCome) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  assert_reply(push(room, "later", obj("x", 1)), "ok", obj("x", 1));
}

TEST_P(RoomTest, RefuteReplyWantsSilence) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  refute_reply(push(room, "new_msg", obj("body", "hi")));
  const auto ref = push(room, "ping", obj("n", 1));
  refute_reply(ref, "error");
  const auto answered = push(room, "ping");
  assert_reply(push(room, "ping"), "ok");
  const int line = __LINE__ + 1;
  const auto failure = failure_of([&] { refute_reply(answered, "ok"); });
  EXPECT_EQ(failure.line, line);
  EXPECT_THAT(failure.message, HasSubstr("refute_reply: a reply to "));
  EXPECT_THAT(failure.message, HasSubstr("has come"));
}

TEST_P(RoomTest, AssertPushSeesPushesAndBroadcasts) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  push(room, "push_me", obj("n", 1));
  push(room, "new_msg", obj("body", "hi"));
  assert_push("new_msg", obj("body", "hi"));
  assert_push(room, "pushed", Satisfies("n == 1"));  // earlier ones stay until somebody takes them
  refute_push("pushed");
}

TEST_P(RoomTest, AssertPushFailsWithTheNearestMessage) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  push(room, "push_me", obj("n", 1, "user", obj("id", 7)));
  assert_reply(push(room, "ping"), "ok");  // so that the push before it is here
  const int line = __LINE__ + 1;
  const auto failure = failure_of([&] { assert_push("pushed", obj("n", 2, "user", obj("id", 8, "name", "ada")), soon); });
  EXPECT_EQ(failure.line, line);
  EXPECT_THAT(failure.message, HasSubstr(R"(assert_push: no message whose event is equal to "pushed")"));
  EXPECT_THAT(failure.message, HasSubstr("within 1 ms"));
  EXPECT_THAT(failure.message, HasSubstr("/n: expected 2, got 1"));
  EXPECT_THAT(failure.message, HasSubstr("/user/id: expected 8, got 7"));
  EXPECT_THAT(failure.message, HasSubstr(R"(/user/name: expected "ada", got nothing)"));
  EXPECT_THAT(failure.message, HasSubstr("Mailbox, oldest first"));
}

TEST_P(RoomTest, RefutePushFailsWithWhatCame) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  push(room, "push_me", obj("n", 1));
  assert_reply(push(room, "ping"), "ok");
  const auto failure = failure_of([&] { refute_push(room, "pushed"); });
  EXPECT_THAT(failure.message, HasSubstr(R"(refute_push: a message whose event is equal to "pushed" has come)"));
  EXPECT_THAT(failure.message, HasSubstr(R"(room:lobby pushed {"n":1})"));
}

TEST_P(RoomTest, AssertBroadcastHearsTheSubscription) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  push(room, "shout", obj("body", "hey"));
  assert_broadcast("shout", obj("body", "hey"));
  refute_push("shout");  // broadcast_from: not to the sender
  push(room, "new_msg", obj("body", "hi"));
  assert_broadcast("new_msg");
  assert_push("new_msg");  // it comes twice: to the subscriber, and through the channel
}

TEST_P(RoomTest, BroadcastAssertionsFailWithTheirText) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  auto failure = failure_of([&] { assert_broadcast("shout", {}, soon); });
  EXPECT_THAT(failure.message, HasSubstr("assert_broadcast: no broadcast whose event"));
  push(room, "shout", obj("body", "hey"));
  assert_reply(push(room, "ping"), "ok");
  failure = failure_of([&] { refute_broadcast("shout", obj("body", "hey")); });
  EXPECT_THAT(failure.message, HasSubstr(R"(broadcast  room:lobby shout {"body":"hey"})"));
  refute_broadcast("shout");
}

TEST_P(RoomTest, WithoutSubscriptionBroadcastsAreNotHeard) {
  const auto joined = join(connect(), "room:lobby");
  push(joined.channel, "new_msg", obj("body", "hi"));
  assert_push("new_msg");
  refute_broadcast("new_msg");
}

TEST_P(RoomTest, BroadcastFromReachesTheChannelAndNotTheTest) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  broadcast_from(room, "news", obj("n", 1));
  assert_push("news", obj("n", 1));
  refute_broadcast("news");
  broadcast("room:lobby", "news", obj("n", 2));
  assert_broadcast("news", obj("n", 2));
}

TEST_P(RoomTest, SendReachesHandleInfo) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  send(room, "tell");
  assert_push(room, "told");
}

TEST_P(RoomTest, JoinWithoutAClassIsLookedUpByItsPattern) {
  EXPECT_EQ(join(connect(), "room:lobby").status, "ok");
  EXPECT_THROW(join(connect(), ""), std::invalid_argument);
}

TEST_P(RoomTest, AssertionsOnOneChannelLeaveTheOthersAlone) {
  auto [one, lobby] = subscribe_and_join(connect(), "room:lobby");
  auto [two, other] = subscribe_and_join(connect(), "room:other");
  push(lobby, "push_me", obj("n", 1));
  assert_push(lobby, "pushed");
  refute_push(other, "pushed");
  EXPECT_THAT(failure_of([&, room = other] { assert_push(room, "pushed", {}, soon); }).message, HasSubstr("it belongs to another channel"));
}

TEST_P(RoomTest, DisconnectedTwiceIsHarmless) {
  const auto user = connect();
  disconnect(user);
  disconnect(user);
  EXPECT_FALSE(user.is_open());
}

TEST_P(RoomTest, LeaveIsAnsweredAndClosesTheChannel) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  assert_reply(leave(room), "ok");
  assert_closed(room);
  const auto failure = failure_of([&, left = room] { assert_closed(left, soon); });
  EXPECT_THAT(failure.message, HasSubstr("assert_closed: room:lobby did not close"));
}

TEST_P(RoomTest, StoppingChannelsClose) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  push(room, "stop");
  assert_closed(room);
}

TEST_P(RoomTest, CloseEndsTheConnectionAndIsIdempotent) {
  const auto user = connect();
  auto [reply, room] = subscribe_and_join(user, "room:lobby");
  close(room);
  close(room);
  EXPECT_FALSE(user.is_open());
}

TEST_P(RoomTest, CrashesAreExpectedOrFailTheTest) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  auto failure = failure_of([&, joined = room] { assert_crashed(joined, soon); });
  EXPECT_THAT(failure.message, HasSubstr("did not crash"));
  push(room, "crash");
  assert_crashed(room);
}

TEST_P(RoomTest, ServerMayDisconnectTheSocket) {
  const auto user = connect(obj("user_id", "9"));
  broadcast("user:9", "disconnect");
  assert_disconnected(user);
  const auto other = connect();
  EXPECT_THAT(failure_of([&] { assert_disconnected(other, soon); }).message, HasSubstr("the connection is still open"));
}

}  // namespace
}  // namespace phx::testing
