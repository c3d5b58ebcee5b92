// Custom channels: server.md 5.10.
#include <stdexcept>

#include "world.hpp"

namespace phx::server::test {
namespace {

/// Its process is scripted: what Channel does by itself happens only where the script says so.
class OwnChannel final : public CustomChannel {
 public:
  explicit OwnChannel(const Script* script) : script_(*script) {}
  JoinResult join(std::string_view topic, const Json& params, Socket& socket) override { return script_.join(topic, params, socket); }
  HandleResult handle_in(std::string_view event, const Payload& payload, Socket& socket) override {
    return script_.in(event, payload, socket);
  }
  HandleResult handle_info(const Info& message, Socket& socket) override { return script_.info(message, socket); }
  void terminate(const StopReason& reason, Socket& socket) override {
    if (script_.terminate) script_.terminate(reason, socket);
  }

 private:
  const Script& script_;
};

class OwnSocket final : public UserSocket {
 public:
  explicit OwnSocket(const Script& script) { channel<OwnChannel>("room:*", &script); }
};

struct CustomChannelTest : testing::Test {
  CustomChannelTest() {
    world.script.join = [](std::string_view, const Json&, Socket&) -> JoinResult { return JoinOk{}; };
    world.script.in = [](std::string_view, const Payload&, Socket&) -> HandleResult { return NoReply{}; };
    world.script.terminate = [this](const StopReason& reason, Socket&) { reasons.push_back(reason); };
  }
  std::vector<StopReason> reasons;  // outlives the channels
  World world;
  ChannelSocketHandler handler{std::make_shared<OwnSocket>(world.script), world.pubsub};
  Client client{world, handler, 0, core::v2_serializer()};
};

// A1.39
TEST_F(CustomChannelTest, AnswersItsJoinItself) {
  world.script.join = [](std::string_view, const Json& params, Socket&) -> JoinResult { return JoinOk{params}; };
  EXPECT_THAT(client.ask(R"(["1","1","room:a","phx_join",{"n":1}])"),
              ElementsAre(R"(["1","1","room:a","phx_reply",{"response":{"n":1},"status":"ok"}])"));
}

// A1.40
TEST_F(CustomChannelTest, RefusesItsJoinItself) {
  world.script.join = [](std::string_view, const Json&, Socket&) -> JoinResult { return JoinError{obj("why", "full")}; };
  EXPECT_THAT(client.ask(R"(["1","1","room:a","phx_join",{}])"),
              ElementsAre(R"(["1","1","room:a","phx_reply",{"response":{"why":"full"},"status":"error"}])"));
}

// A1.41
TEST_F(CustomChannelTest, ACrashDuringTheJoinIsAnswered) {
  world.script.join = [](std::string_view, const Json&, Socket&) -> JoinResult { throw std::runtime_error("no"); };
  EXPECT_THAT(client.ask(R"(["1","1","room:a","phx_join",{}])"),
              ElementsAre(R"(["1","1","room:a","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}])"));
}

TEST_F(CustomChannelTest, NobodyAnswersALeaveForIt) {
  std::vector<std::string> events;
  world.script.in = [&](std::string_view event, const Payload&, Socket& socket) -> HandleResult {
    events.push_back(std::string(event) + " " + std::string(socket.ref()));
    return NoReply{};
  };
  client.join();
  EXPECT_THAT(client.ask(R"(["1","2","room:a","phx_leave",{}])"), IsEmpty());
  EXPECT_THAT(client.ask(R"(["1","3","room:a","x",{}])"), IsEmpty()) << "it is still there";
  EXPECT_THAT(events, ElementsAre(R"(phx_leave "2")", R"(x "3")"));
  EXPECT_THAT(reasons, IsEmpty());
}

// A1.42
TEST_F(CustomChannelTest, AnAnnouncedEndIsPhxClose) {
  world.script.in = [&](std::string_view, const Payload&, Socket& socket) -> HandleResult {
    socket.push("bye");
    socket.announce_close();
    return NoReply{};
  };
  client.join();
  EXPECT_THAT(client.ask(R"(["1","2","room:a","phx_leave",{}])"),
              ElementsAre(R"(["1",null,"room:a","bye",{}])", R"(["1","1","room:a","phx_close",{}])"));
  EXPECT_THAT(reasons, ElementsAre(StopReason::normal()));
  EXPECT_THAT(client.ask(R"(["1","3","room:a","x",{}])"),
              ElementsAre(R"([null,"3","room:a","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}])"));
}

TEST_F(CustomChannelTest, AnyOtherEndIsPhxError) {
  const auto error = R"(["1","1","room:a","phx_error",{"reason":"channel_crash"}])";
  world.script.in = [](std::string_view event, const Payload&, Socket&) -> HandleResult {
    if (event == "raise") throw std::runtime_error("raised");
    return Stop{StopReason::normal()};
  };
  client.join();
  EXPECT_THAT(client.ask(R"(["1","2","room:a","stop",{}])"), ElementsAre(error));
  client.join();
  EXPECT_THAT(client.ask(R"(["1","2","room:a","raise",{}])"), ElementsAre(error));
  EXPECT_THAT(reasons, ElementsAre(StopReason::normal(), StopReason::other("raised")));
}

TEST_F(CustomChannelTest, HearsOfBroadcastsOnlyWhereItSubscribed) {
  std::vector<std::string> heard;
  world.script.info = [&](const Info& message, Socket&) -> HandleResult {
    if (const auto* broadcast = message.get_if<Broadcast>()) heard.push_back(broadcast->topic + " " + broadcast->event);
    return NoReply{};
  };
  world.script.in = [](std::string_view event, const Payload&, Socket& socket) -> HandleResult {
    if (event == "subscribe") socket.subscribe(socket.topic());
    return NoReply{};
  };
  client.join();
  world.pubsub.broadcast("room:a", "one", Payload{});
  EXPECT_THAT(client.frames(), IsEmpty());
  EXPECT_THAT(client.ask(R"(["1","2","room:a","subscribe",{}])"), IsEmpty());
  world.pubsub.broadcast("room:a", "two", Payload{});
  EXPECT_THAT(client.frames(), IsEmpty()) << "nothing reaches its client by itself";
  EXPECT_THAT(heard, ElementsAre("room:a two"));
}

TEST_F(CustomChannelTest, TheEndOfTheTransportIsItsTerminate) {
  client.join();
  client.session().drain(world.now);
  EXPECT_EQ(client.closed, 1012);
  EXPECT_THAT(reasons, ElementsAre(StopReason::shutdown("draining")));
}

TEST_F(CustomChannelTest, OtherChannelsHaveNothingToAnnounce) {
  world.script.in = [](std::string_view, const Payload&, Socket& socket) -> HandleResult {
    EXPECT_THROW(socket.announce_close(), std::logic_error);
    return NoReply{};
  };
  Client other{world};
  other.join();
  EXPECT_THAT(other.ask(R"(["1","2","room:a","x",{}])"), IsEmpty());
}

}  // namespace
}  // namespace phx::server::test
