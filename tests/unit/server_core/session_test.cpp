// The dispatch table of server.md 5.1, routing 5.2, forced disconnect 5.7, drain 14.

#include "world.hpp"

namespace phx::server::test {
namespace {

struct SessionTest : testing::Test {
  World world;
};

// 5.1 row 1; B7: join_ref null even when one was sent, null ref allowed.
TEST_F(SessionTest, HeartbeatIsAnsweredWithoutJoinRef) {
  Client c(world);
  EXPECT_THAT(c.ask(R"([null,"2","phoenix","heartbeat",{}])"),
              ElementsAre(R"([null,"2","phoenix","phx_reply",{"response":{},"status":"ok"}])"));
  EXPECT_THAT(c.ask(R"(["9",null,"phoenix","heartbeat",{}])"),
              ElementsAre(R"([null,null,"phoenix","phx_reply",{"response":{},"status":"ok"}])"));
}

// B7: other events on `phoenix`.
TEST_F(SessionTest, OtherEventsOnPhoenixAreUnmatched) {
  Client c(world);
  EXPECT_THAT(c.ask(R"([null,"2","phoenix","x",{}])"),
              ElementsAre(R"([null,"2","phoenix","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}])"));
}

// 5.1 row 2; A1.38
TEST_F(SessionTest, JoinOfAnUnknownTopicHasNullJoinRef) {
  Client c(world);
  EXPECT_THAT(c.ask(R"(["1","5","nochan","phx_join",{}])"),
              ElementsAre(R"([null,"5","nochan","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}])"));
  EXPECT_THAT(world.observer->events, testing::Contains("ignoring unmatched topic"));
}

// 5.1 row 3; A1.12
TEST_F(SessionTest, TheLimitOfChannelsRefusesWithJoinRef) {
  world.options.max_channels_per_transport = 1;
  Client c(world);
  c.join("room:a");
  EXPECT_THAT(c.ask(R"(["2","3","room:b","phx_join",{}])"),
              ElementsAre(R"(["2","3","room:b","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}])"));
}

struct Levels final : Observer {
  void channel_joined(const ChannelJoined& e) override { refused.push_back(e.log); }
  void log(const LogEvent& e) override { lines.push_back(e.level); }
  std::vector<Level> lines;
  std::vector<LogLevel> refused;
};

// server.md 13: an error, as with Phoenix; but a client that floods with joins gets one line at that level. What a channel refuses is info.
TEST_F(SessionTest, AFloodOfRefusedJoinsIsOneErrorInTheLog) {
  const auto levels = std::make_shared<Levels>();
  world.options.observer = levels;
  world.options.max_channels_per_transport = 0;
  Client c(world), other(world);
  for (int i = 0; i < 3; ++i) c.join("room:a");
  other.join("room:a");
  EXPECT_EQ(levels->lines, (std::vector{Level::error, Level::debug, Level::debug, Level::error}));

  world.script.join = [](std::string_view, const Json&, Socket&) -> JoinResult { return JoinError{}; };
  levels->lines.clear();
  ChannelSocketHandler::Options roomy = world.options;
  roomy.max_channels_per_transport = 1;
  const ChannelSocketHandler handler(std::make_shared<ScriptedSocket>(world.script), world.pubsub, roomy);
  Client refused(world, handler, 0, core::v2_serializer());
  for (int i = 0; i < 2; ++i) refused.join("room:a");
  EXPECT_EQ(levels->refused, (std::vector<LogLevel>{Level::info, Level::info}));
  EXPECT_TRUE(levels->lines.empty());
}

// design.md 7: a channel keeps its topic and join_ref.
TEST_F(SessionTest, ATopicHasABoundedLength) {
  world.options.max_topic_bytes = 10;
  Client c(world);
  EXPECT_THAT(c.ask(R"(["1","1","room:56789","phx_join",{}])"),
              ElementsAre(R"(["1","1","room:56789","phx_reply",{"response":{},"status":"ok"}])"));
  EXPECT_THAT(c.ask(R"(["2","3","room:567890","phx_join",{}])"),
              ElementsAre(R"(["2","3","room:567890","phx_reply",{"response":{"reason":"topic too long"},"status":"error"}])"));
  EXPECT_THAT(c.ask(R"(["0123456789","4","room:b","phx_join",{}])"),
              ElementsAre(R"(["0123456789","4","room:b","phx_reply",{"response":{"reason":"topic too long"},"status":"error"}])"));
}

// 5.1 last paragraph; B22
TEST_F(SessionTest, ARejoinAtTheLimitIsAllowed) {
  world.options.max_channels_per_transport = 1;
  Client c(world);
  c.join("room:a");
  EXPECT_THAT(c.ask(R"(["2","2","room:a","phx_join",{}])"),
              ElementsAre(R"(["2","2","room:a","phx_reply",{"response":{},"status":"ok"}])", R"(["1","1","room:a","phx_close",{}])"));
}

// 5.1 rows 8 and 9; B14: stale is silence, null is accepted, types are strict.
TEST_F(SessionTest, StaleJoinRefsAreDroppedSilently) {
  world.script.in = [](std::string_view, const Payload& p, Socket&) -> HandleResult { return Reply::ok(p); };
  Client c(world);
  c.join("room:a", "7");
  EXPECT_THAT(c.ask(R"(["6","2","room:a","x",{}])"), IsEmpty());
  EXPECT_THAT(c.ask(R"([7,"3","room:a","x",{}])"), IsEmpty());
  EXPECT_THAT(c.ask(R"([null,4,"room:a","x",[1]])"), ElementsAre(R"(["7",4,"room:a","phx_reply",{"response":[1],"status":"ok"}])"));
}

// 5.1 row 7
TEST_F(SessionTest, LeaveWithAnotherJoinRefIsIgnored) {
  Client c(world);
  c.join();
  EXPECT_THAT(c.ask(R"(["0","2","room:a","phx_leave",{}])"), IsEmpty());
}

// 5.1 rows 10 and 11; 19.4
TEST_F(SessionTest, UnjoinedTopics) {
  Client c(world);
  EXPECT_THAT(c.ask(R"(["1","4","room:a","phx_leave",{}])"),
              ElementsAre(R"(["1","4","room:a","phx_reply",{"response":{},"status":"ok"}])"));
  EXPECT_THAT(c.ask(R"(["1","5","room:a","x",{}])"),
              ElementsAre(R"([null,"5","room:a","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}])"));
}

// B17: golden bad_frames text_topic_number
TEST_F(SessionTest, ATopicOfAWrongTypeIsEchoed) {
  Client c(world);
  EXPECT_THAT(c.ask(R"(["1","5",42,"phx_join",{}])"),
              ElementsAre(R"([null,"5",42,"phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}])"));
}

// 5.2
TEST_F(SessionTest, PatternsMatchPrefixAndExactNames) {
  const Script script;
  const ScriptedSocket socket(script);
  EXPECT_NE(socket.find("room:"), nullptr);
  EXPECT_NE(socket.find("exact"), nullptr);
  EXPECT_EQ(socket.find("exactly"), nullptr);
  EXPECT_EQ(socket.find("roo"), nullptr);
}

struct TwoSplats : UserSocket {
  TwoSplats() { channel("a*b", ChannelFactory()); }
};
TEST_F(SessionTest, ASplatElsewhereIsADeclarationError) { EXPECT_THROW(TwoSplats(), std::invalid_argument); }

// 2.2, B26: the carrier closes with 1011 when handle_in throws.
TEST_F(SessionTest, BadFramesThrow) {
  Client c(world);
  EXPECT_THROW(c.send("["), std::system_error);
  EXPECT_THROW(c.send(R"(["1","1","room:a","phx_join"])"), std::system_error);
  EXPECT_THROW(c.send_bytes("\x01\x00\x00\x00\x00"), std::system_error);
}

// 5.7; B31
TEST_F(SessionTest, DisconnectOnTheSocketIdClosesWith1001) {
  std::vector<std::string> reasons;
  world.script.terminate = [&](const StopReason& r, Socket&) { reasons.push_back(r.detail); };
  Client c(world);
  c.join();
  world.pubsub.broadcast("user_socket:1", "other", {});
  world.run();
  EXPECT_FALSE(c.closed);
  world.pubsub.broadcast("user_socket:1", "disconnect", {});
  world.run();
  EXPECT_EQ(c.closed, 1001);
  EXPECT_THAT(reasons, ElementsAre("disconnected"));
}

// design.md 7: what a client can subscribe to is bounded by its channels.
TEST_F(SessionTest, AClientHasOneSubscriptionForEachJoinedTopic) {
  Client c(world);
  c.join();
  c.join();
  c.join("room:a", "2");
  c.frames();
  const auto heard = [&] {
    world.pubsub.broadcast("room:a", "news", {});
    return c.frames().size();
  };
  EXPECT_EQ(heard(), 1u);
  c.ask(R"(["2","3","room:a","phx_leave",{}])");
  EXPECT_EQ(heard(), 0u);
  c.join("room:a", "4");
  EXPECT_EQ(heard(), 1u);
}

// 14; B32: 1012 and no channel frames; without channels the carrier closes with 1000.
TEST_F(SessionTest, DrainClosesConnectionsWithChannelsOnly) {
  world.script.terminate = [](const StopReason&, Socket& s) { s.push("term"); };
  Client idle(world);
  EXPECT_FALSE(idle.session().drain(world.now));
  Client c(world);
  c.join();
  EXPECT_TRUE(c.session().drain(world.now));
  EXPECT_EQ(c.closed, 1012);
  EXPECT_THAT(c.frames(), IsEmpty());
}

// 5.8; A1.28
TEST_F(SessionTest, TheEndOfTheTransportEndsItsChannelsWithoutFrames) {
  std::vector<StopReason> reasons;
  world.script.terminate = [&](const StopReason& r, Socket& s) {
    reasons.push_back(r);
    s.push("term");
  };
  Client c(world);
  c.join("room:a");
  c.join("room:b", "2");
  c.hang_up();
  EXPECT_THAT(reasons, ElementsAre(StopReason::shutdown("closed"), StopReason::shutdown("closed")));
  EXPECT_THAT(c.frames(), IsEmpty());
}

struct Refusing : UserSocket {
  ConnectResult connect(const Json& params, ConnectSocket&, const ConnectInfo&) const override {
    if (params.contains("why")) return ConnectError{Payload(obj("reason", "banned"))};
    return ConnectError{};
  }
};

// 1.8
TEST_F(SessionTest, AConnectCallbackMayRefuse) {
  const ChannelSocketHandler handler(std::make_shared<Refusing>(), world.pubsub);
  const ConnectInfo info;
  const Json none = Json::object(), why = obj("why", "1");
  EXPECT_EQ(handler.connect({none, info, "websocket", &core::v2_serializer()}, world.shard()).error().reason, "");
  EXPECT_EQ(handler.connect({why, info, "websocket", &core::v2_serializer()}, world.shard()).error().reason, R"({"reason":"banned"})");
}

// 13: typed telemetry
TEST_F(SessionTest, TheObserverIsTold) {
  world.script.in = [](std::string_view, const Payload&, Socket&) -> HandleResult { return NoReply{}; };
  Client c(world);
  c.join();
  c.ask(R"(["1","2","room:a","x",{}])");
  EXPECT_THAT(world.observer->events, ElementsAre("connected websocket", "joined room:a ok", "handled x"));
}

}  // namespace
}  // namespace phx::server::test
