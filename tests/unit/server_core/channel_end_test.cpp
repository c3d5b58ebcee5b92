// Joins and ends in the frame orders of server.md 5.3 to 5.6 and section 20.

#include <stdexcept>

#include "world.hpp"

namespace phx::server::test {
namespace {

constexpr auto reply_ok = R"(["1","2","room:a","phx_reply",{"response":{},"status":"ok"}])";
constexpr auto closed = R"(["1","1","room:a","phx_close",{}])";
constexpr auto term = R"(["1",null,"room:a","term",{}])";
constexpr auto crashed = R"(["1","1","room:a","phx_error",{"reason":"channel_crash"}])";

struct ChannelEndTest : testing::Test {
  ChannelEndTest() {
    world.script.terminate = [this](const StopReason& r, Socket& s) {
      reasons.push_back(r);
      if (s.joined()) s.push("term");
    };
  }
  /// What a client sees when handle_in does this.
  std::vector<std::string> handled(std::function<HandleResult(const Payload&, Socket&)> f) {
    world.script.in = [f](std::string_view, const Payload& p, Socket& s) { return f(p, s); };
    client.join();
    return client.ask(R"(["1","2","room:a","x",{"n":1}])");
  }
  std::vector<StopReason> reasons;  // outlives the channels
  World world;
  Client client{world};
};

// 5.3
TEST_F(ChannelEndTest, JoinRepliesWithItsResponse) {
  world.script.join = [](std::string_view, const Json& params, Socket&) -> JoinResult { return JoinOk{params}; };
  EXPECT_THAT(client.ask(R"(["1","1","room:a","phx_join",[null]])"),
              ElementsAre(R"(["1","1","room:a","phx_reply",{"response":[null],"status":"ok"}])"));
}

// 5.3; B18: no phx_close, terminate runs with shutdown and a socket that has not joined; may be retried.
TEST_F(ChannelEndTest, ARefusedJoinEndsQuietly) {
  world.script.join = [](std::string_view, const Json&, Socket&) -> JoinResult { return JoinError{obj("reason", "no")}; };
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(client.ask(R"(["1","1","room:a","phx_join",{}])"),
                ElementsAre(R"(["1","1","room:a","phx_reply",{"response":{"reason":"no"},"status":"error"}])"));
  EXPECT_THAT(reasons, ElementsAre(StopReason::shutdown(), StopReason::shutdown()));
}

// 5.3: exception, or an illegal return value
TEST_F(ChannelEndTest, ACrashedJoinSaysSo) {
  constexpr auto said = R"(["1","1","room:a","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}])";
  world.script.join = [](std::string_view, const Json&, Socket&) -> JoinResult { throw std::runtime_error("no"); };
  EXPECT_THAT(client.ask(R"(["1","1","room:a","phx_join",{}])"), ElementsAre(said));
  world.script.join = [](std::string_view, const Json&, Socket&) { return JoinResult{}; };
  EXPECT_THAT(client.ask(R"(["1","1","room:a","phx_join",{}])"), ElementsAre(said));
  world.script.join = [](std::string_view, const Json&, Socket& s) -> JoinResult {
    s.push("too early");  // 6.2
    return JoinOk{};
  };
  EXPECT_THAT(client.ask(R"(["1","1","room:a","phx_join",{}])"), ElementsAre(said));
  EXPECT_THAT(reasons, IsEmpty());
}

// B15; golden v2_join/join_null_join_ref
TEST_F(ChannelEndTest, AJoinWithoutJoinRefUsesItsRef) {
  world.script.in = [](std::string_view, const Payload&, Socket&) -> HandleResult { return Reply::ok(); };
  EXPECT_THAT(client.ask(R"([null,"1","room:a","phx_join",{}])"),
              ElementsAre(R"([null,"1","room:a","phx_reply",{"response":{},"status":"ok"}])"));
  EXPECT_THAT(client.ask(R"([null,"2","room:a","x",{}])"), ElementsAre(reply_ok));
  EXPECT_THAT(client.ask(R"(["1","3","room:a","x",{}])"), IsEmpty());
  EXPECT_THAT(
      client.ask(R"([null,"5","room:a","phx_leave",{}])"),
      ElementsAre(R"(["1","5","room:a","phx_reply",{"response":{},"status":"ok"}])", R"([null,null,"room:a","phx_close",{}])", term));
}

// 5.5; B8, 19.2
TEST_F(ChannelEndTest, LeaveRepliesThenClosesThenTerminates) {
  client.join();
  EXPECT_THAT(client.ask(R"(["1","2","room:a","phx_leave",{}])"), ElementsAre(reply_ok, closed, term));
  EXPECT_THAT(reasons, ElementsAre(StopReason::shutdown("left")));
}

// 5.5; B10, golden v2_lifecycle/leave_twice
TEST_F(ChannelEndTest, WhatFollowsALeaveInOneBurstIsSwallowed) {
  client.join();
  client.send(R"(["1","2","room:a","phx_leave",{}])");
  client.send(R"(["1","3","room:a","phx_leave",{}])");
  client.send(R"(["1","4","room:a","x",{}])");
  EXPECT_THAT(client.frames(), ElementsAre(reply_ok, closed, term));
}

// 5.4; B11: the new reply, what the old one had queued, the old close with its own refs, the new pushes
TEST_F(ChannelEndTest, ADuplicateJoinIsAnsweredBeforeTheOldOneCloses) {
  world.script.join = [](std::string_view, const Json&, Socket& s) -> JoinResult {
    s.send_self("after_join");
    return JoinOk{};
  };
  world.script.info = [](const Info&, Socket& s) -> HandleResult {
    s.push("joined");
    return NoReply{};
  };
  client.join("room:a", "6");
  EXPECT_THAT(client.ask(R"(["7","7","room:a","phx_join",{}])"),
              ElementsAre(R"(["7","7","room:a","phx_reply",{"response":{},"status":"ok"}])", R"(["6","6","room:a","phx_close",{}])",
                          R"(["7",null,"room:a","joined",{}])"));
  EXPECT_THAT(reasons, IsEmpty());  // no callbacks: it does not trap exits
}

// 5.4; golden v2_lifecycle/duplicate_join_refused
TEST_F(ChannelEndTest, ARefusedDuplicateJoinStillClosesTheOldOne) {
  client.join();
  world.script.join = [](std::string_view, const Json&, Socket&) -> JoinResult { return JoinError{}; };
  EXPECT_THAT(client.ask(R"(["2","2","room:a","phx_join",{}])"),
              ElementsAre(R"(["2","2","room:a","phx_reply",{"response":{},"status":"error"}])", closed));
}

// 5.5; B13, golden v2_lifecycle/leave_then_join_back_to_back
TEST_F(ChannelEndTest, LeaveAndJoinInOneBurstIsADuplicateJoin) {
  client.join();
  client.send(R"(["1","3","room:a","phx_leave",{}])");
  client.send(R"(["4","4","room:a","phx_join",{}])");
  EXPECT_THAT(client.frames(), ElementsAre(R"(["4","4","room:a","phx_reply",{"response":{},"status":"ok"}])", closed));
}

// 5.6; B19
TEST_F(ChannelEndTest, AGracefulStopClosesFirst) {
  for (const auto& reason : {StopReason::normal(), StopReason::shutdown(), StopReason::shutdown("x")})
    EXPECT_THAT(handled([&](const Payload&, Socket&) -> HandleResult { return Stop{reason}; }), ElementsAre(closed, term));
}

TEST_F(ChannelEndTest, StopWithAReplyRepliesFirst) {
  EXPECT_THAT(handled([](const Payload& p, Socket&) -> HandleResult {
                return StopReply{StopReason::shutdown("bye"), Reply::error(p)};
              }),
              ElementsAre(R"(["1","2","room:a","phx_reply",{"response":{"n":1},"status":"error"}])", closed, term));
}

// 5.6: terminate frames, then phx_error
TEST_F(ChannelEndTest, CrashesTerminateFirst) {
  const std::vector<std::function<HandleResult(const Payload&, Socket&)>> ways{
      [](const Payload&, Socket&) -> HandleResult { return Stop{StopReason::other("bad")}; },
      [](const Payload&, Socket&) -> HandleResult { throw std::runtime_error("boom"); },
      [](const Payload&, Socket&) -> HandleResult { throw 42; },
      [](const Payload&, Socket&) { return HandleResult{}; },
      [](const Payload&, Socket& s) -> HandleResult {
        s.push("x", Json::array());
        return NoReply{};
      },
      [](const Payload&, Socket& s) -> HandleResult {
        s.broadcast("x", Json("text"));
        return NoReply{};
      },
      [](const Payload&, Socket&) -> HandleResult { return Reply::ok(obj("x", "\xff")); },
      [](const Payload&, Socket& s) -> HandleResult {  // golden v2_binary/binary_long_event
        s.push(std::string(256, 'e'), Payload::binary("x"));
        return NoReply{};
      },
  };
  for (const auto& way : ways) EXPECT_THAT(handled(way), ElementsAre(term, crashed));
  EXPECT_THAT(client.ask(R"(["1","5","room:a","x",{}])"), testing::Contains(testing::HasSubstr("unmatched topic")));
}

// 5.6; golden v2_lifecycle/channel_no_such_event
TEST_F(ChannelEndTest, AnUnknownEventCrashes) {
  client.join();
  EXPECT_THAT(client.ask(R"(["1","2","room:a","what",{}])"), ElementsAre(term, crashed));
}

// 5.6; golden v2_lifecycle/channel_exit_kill
TEST_F(ChannelEndTest, AKilledChannelDoesNotTerminate) {
  EXPECT_THAT(handled([](const Payload&, Socket& s) -> HandleResult { s.kill(); }), ElementsAre(crashed));
  EXPECT_THAT(reasons, IsEmpty());
}

// 4.3, 5.5: V1 frames carry the join_ref as ref, normally null
TEST_F(ChannelEndTest, V1Forms) {
  Client v1(world, 0, core::v1_serializer());
  EXPECT_THAT(v1.ask(R"({"topic":"room:z","event":"phx_join","payload":{},"ref":"7"})"), testing::SizeIs(1));
  const auto frames = v1.ask(R"({"topic":"room:z","event":"crash","payload":{},"ref":"8"})");
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(Json::parse(frames[1]),
            Json::parse(R"({"event":"phx_error","payload":{"reason":"channel_crash"},"ref":null,"topic":"room:z"})"));
}

// golden v1/v1_binary_reply: bytes to a V1 client crash the channel
TEST_F(ChannelEndTest, BytesToAV1ClientCrashTheChannel) {
  world.script.in = [](std::string_view, const Payload&, Socket&) -> HandleResult { return Reply::ok(Payload::binary("x")); };
  Client v1(world, 0, core::v1_serializer());
  v1.ask(R"({"topic":"room:z","event":"phx_join","payload":{},"ref":"7"})");
  EXPECT_THAT(v1.ask(R"({"topic":"room:z","event":"x","payload":{},"ref":"8"})"), testing::Contains(testing::HasSubstr("phx_error")));
}

}  // namespace
}  // namespace phx::server::test
