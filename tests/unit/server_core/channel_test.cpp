// The Channel API: server.md 6, server-behaviours A8.

#include <stdexcept>

#include "world.hpp"

namespace phx::server::test {
namespace {

struct ChannelTest : testing::Test {
  void on_event(std::function<HandleResult(std::string_view, const Payload&, Socket&)> f) { world.script.in = std::move(f); }
  World world;
};

constexpr auto event = R"(["1","2","room:a","x",{"n":1}])";
constexpr auto ok = R"(["1","2","room:a","phx_reply",{"response":{},"status":"ok"}])";

// 0.1.4, 19.9; A1.4, B25: join reply, then own broadcast, then own push
TEST_F(ChannelTest, NothingOvertakesTheJoinReply) {
  world.script.join = [](std::string_view, const Json&, Socket& s) -> JoinResult {
    s.send_self("after_join");
    return JoinOk{obj("j", 1)};
  };
  world.script.info = [](const Info& info, Socket& s) -> HandleResult {
    EXPECT_TRUE(info.is("after_join"));
    s.broadcast("hello", obj("from", "1"));
    s.push("joined", obj("a", 1));
    return NoReply{};
  };
  Client c(world);
  EXPECT_THAT(c.ask(R"(["1","1","room:a","phx_join",{}])"),
              ElementsAre(R"(["1","1","room:a","phx_reply",{"response":{"j":1},"status":"ok"}])",
                          R"([null,null,"room:a","hello",{"from":"1"}])", R"(["1",null,"room:a","joined",{"a":1}])"));
}

// A9.132, A9.151: keys are strings all the way down, values arrive as they were sent
TEST_F(ChannelTest, NestedPayloadsArriveAsTheyWereSent) {
  const auto nested = Json::parse(R"({"1":[{"a":{"2":null}},1.5,true],"b":{}})");
  std::vector<Json> seen;
  world.script.join = [&](std::string_view, const Json& params, Socket&) -> JoinResult {
    seen.push_back(params);
    return JoinOk{};
  };
  on_event([&](std::string_view, const Payload& p, Socket&) -> HandleResult {
    seen.push_back(p.json());
    return Reply::ok(p);
  });
  Client c(world);
  c.send(R"(["1","1","room:a","phx_join",)" + nested.dump() + "]");
  const auto frames = c.ask(R"(["1","2","room:a","x",)" + nested.dump() + "]");
  EXPECT_EQ(seen, (std::vector<Json>{nested, nested}));
  EXPECT_EQ(Json::parse(frames.back())[4]["response"], nested);
}

// A11.171
TEST_F(ChannelTest, UnsubscribingFromWhatWasNeverSubscribedIsHarmless) {
  on_event([](std::string_view, const Payload&, Socket& s) -> HandleResult {
    s.unsubscribe("elsewhere");
    s.unsubscribe("elsewhere");
    return Reply::ok();
  });
  Client c(world);
  c.join();
  EXPECT_THAT(c.ask(event), ElementsAre(ok));
}

// 6.3; B24
TEST_F(ChannelTest, TheOwnBroadcastComesBeforeTheReply) {
  on_event([](std::string_view, const Payload& p, Socket& s) -> HandleResult {
    s.broadcast("new_msg", p);
    return Reply::ok();
  });
  Client c(world);
  c.join();
  c.send(event);
  EXPECT_THAT(c.written(), ElementsAre(R"([null,null,"room:a","new_msg",{"n":1}])", ok));  // in place: no turn was needed
}

// 6.3; B24
TEST_F(ChannelTest, AnInterceptedBroadcastComesAfterTheReply) {
  world.script.intercepts = {"secret"};
  world.script.out = [](std::string_view e, const Payload& p, Socket& s) -> HandleResult {
    s.push(e, obj("p", p.json(), "seen_by", Json::parse(s.join_ref())));
    return NoReply{};
  };
  on_event([](std::string_view, const Payload& p, Socket& s) -> HandleResult {
    s.broadcast("secret", p);
    s.broadcast("open", p);
    return Reply::ok();
  });
  Client c(world);
  c.join();
  EXPECT_THAT(c.ask(event),
              ElementsAre(R"([null,null,"room:a","open",{"n":1}])", ok, R"(["1",null,"room:a","secret",{"p":{"n":1},"seen_by":"1"}])"));
}

// 6.2; A8.120
TEST_F(ChannelTest, BroadcastFromSkipsTheSender) {
  on_event([](std::string_view, const Payload&, Socket& s) -> HandleResult {
    s.broadcast_from("shout");
    return NoReply{};
  });
  Client a(world), b(world);
  a.join();
  b.join();
  EXPECT_THAT(a.ask(event), IsEmpty());
  EXPECT_THAT(b.frames(), ElementsAre(R"([null,null,"room:a","shout",{}])"));
}

// 6.2; A8.123, A8.124: later, any number of times, also after the channel has gone
TEST_F(ChannelTest, ASocketRefRepliesAnyTime) {
  std::optional<SocketRef> ref;
  on_event([&](std::string_view, const Payload&, Socket& s) -> HandleResult {
    ref = s.socket_ref();
    return NoReply{};
  });
  Client c(world);
  c.join();
  EXPECT_THAT(c.ask(event), IsEmpty());
  reply(*ref, Reply::ok());
  EXPECT_THAT(c.frames(), ElementsAre(ok));
  c.ask(R"(["1","3","room:a","phx_leave",{}])");
  reply(*ref, {"accepted", obj("late", true)});
  EXPECT_THAT(c.frames(), ElementsAre(R"(["1","2","room:a","phx_reply",{"response":{"late":true},"status":"accepted"}])"));
  c.hang_up();
  reply(*ref, Reply::ok());
  EXPECT_THAT(c.frames(), IsEmpty());
}

// 6.2; A8.125
TEST_F(ChannelTest, ASocketRefNeedsAMessageWithARef) {
  std::vector<std::string> refused;
  const auto attempt = [&](Socket& s) {
    try {
      static_cast<void>(s.socket_ref());
    } catch (const std::logic_error& e) { refused.emplace_back(e.what()); }
  };
  world.script.join = [&](std::string_view, const Json&, Socket& s) -> JoinResult {
    attempt(s);
    s.send_self(1);
    return JoinOk{};
  };
  world.script.info = [&](const Info&, Socket& s) -> HandleResult {
    attempt(s);
    return NoReply{};
  };
  Client c(world);
  c.join();
  EXPECT_EQ(refused.size(), 2U);
}

// 6.2, 1.2: assigns of socket, pattern and channel
TEST_F(ChannelTest, AssignsAreTheChannelsOwn) {
  const auto doubled = [](const Json& assigns) { return obj("twice", 2 * assigns.at("n").get<int>()); };
  on_event([doubled](std::string_view, const Payload& p, Socket& s) -> HandleResult {
    s.assign("n", p.json().at("n")).assign(obj("t", std::string(s.topic())));
    s.assign(doubled(s.assigns()));  // Phoenix: assign(socket, fun)
    return Reply::ok(s.assigns());
  });
  Client c(world);
  c.join();
  c.join("room:b", "5");
  EXPECT_THAT(c.ask(event), ElementsAre(R"(["1","2","room:a","phx_reply",{"response":{"n":1,"t":"room:a","twice":2},"status":"ok"}])"));
  EXPECT_THAT(c.ask(R"(["5","6","room:b","x",{"n":2}])"),
              ElementsAre(R"(["5","6","room:b","phx_reply",{"response":{"n":2,"t":"room:b","twice":4},"status":"ok"}])"));
}

// 6.1: timers come to handle_info
TEST_F(ChannelTest, TimersFireAtTheirTime) {
  world.script.join = [](std::string_view, const Json&, Socket& s) -> JoinResult {
    s.send_after(10s, std::string("late"));
    s.cancel_timer(s.send_after(5s, std::string("never")));
    return JoinOk{};
  };
  world.script.info = [](const Info& info, Socket& s) -> HandleResult {
    s.push(*info.get_if<std::string>());
    return NoReply{};
  };
  Client c(world);
  c.join();
  world.advance(9999ms);
  EXPECT_THAT(c.frames(), IsEmpty());
  world.advance(1ms);
  EXPECT_THAT(c.frames(), ElementsAre(R"(["1",null,"room:a","late",{}])"));
  EXPECT_FALSE(world.shard().next_deadline());
}

TEST_F(ChannelTest, TimersEndWithTheirChannel) {
  world.script.join = [](std::string_view, const Json&, Socket& s) -> JoinResult {
    s.send_after(10s, 1);
    return JoinOk{};
  };
  Client c(world);
  c.join();
  c.hang_up();
  EXPECT_FALSE(world.shard().next_deadline());
}

// 6.1: noreply with a timeout; anything else in between cancels it
TEST_F(ChannelTest, ATimeoutResultComesBackWhenNothingElseDoes) {
  on_event([](std::string_view e, const Payload&, Socket&) -> HandleResult {
    if (e == "y") return NoReply{};
    return NoReply{.timeout = 1s};
  });
  world.script.info = [](const Info& info, Socket& s) -> HandleResult {
    EXPECT_TRUE(info.get_if<Timeout>());
    s.push("timeout");
    return NoReply{};
  };
  Client c(world);
  c.join();
  c.send(event);
  c.send(R"([null,null,"room:a","y",{}])");
  world.advance(2s);
  EXPECT_THAT(c.frames(), IsEmpty());
  c.send(event);
  world.advance(1s);
  EXPECT_THAT(c.frames(), ElementsAre(R"(["1",null,"room:a","timeout",{}])"));
}

// 6.1, 7.1: other topics come structured; twice subscribed is twice told; unsubscribe removes all
TEST_F(ChannelTest, OtherTopicsComeToHandleInfo) {
  on_event([](std::string_view e, const Payload&, Socket& s) -> HandleResult {
    if (e == "sub")
      s.subscribe("news");
    else
      s.unsubscribe("news");
    return NoReply{};
  });
  world.script.info = [](const Info& info, Socket& s) -> HandleResult {
    const auto* b = info.get_if<Broadcast>();
    s.push(b->topic + "/" + b->event, b->payload);
    return NoReply{};
  };
  Client c(world);
  c.join();
  c.send(R"([null,null,"room:a","sub",{}])");
  c.send(R"([null,null,"room:a","sub",{}])");
  world.pubsub.broadcast("news", "flash", obj("n", 1));
  const auto one = R"(["1",null,"room:a","news/flash",{"n":1}])";
  EXPECT_THAT(c.frames(), ElementsAre(one, one));
  c.send(R"([null,null,"room:a","unsub",{}])");
  world.pubsub.broadcast("news", "flash", {});
  EXPECT_THAT(c.frames(), IsEmpty());
}

// 6.1: only handle_in may reply
TEST_F(ChannelTest, AReplyFromHandleInfoCrashes) {
  world.script.join = [](std::string_view, const Json&, Socket& s) -> JoinResult {
    s.send_self(1);
    return JoinOk{};
  };
  world.script.info = [](const Info&, Socket&) -> HandleResult { return Reply::ok(); };
  Client c(world);
  EXPECT_THAT(c.ask(R"(["1","1","room:a","phx_join",{}])"), testing::Contains(testing::HasSubstr("channel_crash")));
}

// A9.148
TEST_F(ChannelTest, UnhandledMessagesOnlyWarn) {
  std::optional<ChannelRef> self;
  on_event([&](std::string_view, const Payload&, Socket& s) -> HandleResult {
    self = s.self();
    return NoReply{};
  });
  Client c(world);
  c.join();
  c.send(event);
  self->send("what");
  EXPECT_THAT(c.frames(), IsEmpty());
  EXPECT_THAT(world.observer->events, testing::Contains(testing::HasSubstr("unexpected message")));
  c.hang_up();
  self->send("what");  // vanishes
  world.run();
}

// 4.4, A1.43: bytes in both directions
TEST_F(ChannelTest, BytesAreBytes) {
  on_event([](std::string_view, const Payload& p, Socket& s) -> HandleResult {
    EXPECT_TRUE(p.is_binary());
    EXPECT_TRUE(p.json().is_binary());
    s.push("bin", p);
    return Reply::ok(p);
  });
  Client c(world);
  c.join();
  c.send_bytes(
      std::string("\0\1\1\6\1"
                  "12room:ax\xca\xfe",
                  16));
  EXPECT_THAT(c.frames(), ElementsAre(std::string("\0\1\6\3"
                                                  "1room:abin\xca\xfe",
                                                  16),
                                      std::string("\1\1\1\6\2"
                                                  "12room:aok\xca\xfe",
                                                  17)));
}

// 5.2: a kept payload survives its call, also when the buffer is used again
TEST_F(ChannelTest, ACopiedPayloadIsKept) {
  std::vector<Payload> kept;
  on_event([&](std::string_view, const Payload& p, Socket&) -> HandleResult {
    kept.push_back(p);
    return NoReply{};
  });
  Client c(world);
  c.join();
  c.send(event);
  c.send(R"(["1","3","room:a","x",{"n":22}])");
  EXPECT_EQ(kept[0].raw(), R"({"n":1})");
  EXPECT_EQ(kept[1].json().at("n"), 22);
}

}  // namespace
}  // namespace phx::server::test
