// Numbered behaviours (docs/conformance.md) that no other test is about.

#include <optional>

#include "world.hpp"

namespace phx::server::test {
namespace {

// A1.11
TEST(Behaviours, HundredChannelsPerTransportUnlessTold) {
  World world;
  Client client(world);
  for (int i = 1; i <= 100; ++i) client.join("room:" + std::to_string(i), std::to_string(i));
  EXPECT_THAT(client.ask(R"(["101","101","room:101","phx_join",{}])"),
              ElementsAre(R"(["101","101","room:101","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}])"));
}

// A8.121: on behalf of another channel, which does not get it; the caller does
TEST(Behaviours, BroadcastFromAnotherReachesTheCaller) {
  struct Somebody final : Subscriber {
    void on_broadcast(const BroadcastPtr&) override {}
  };
  World world;
  const Somebody other;
  world.script.in = [&](std::string_view, const Payload&, Socket& socket) -> HandleResult {
    world.pubsub.broadcast_from(other, socket.topic(), "shout", Payload{});
    return NoReply{};
  };
  Client client(world);
  client.join();
  EXPECT_THAT(client.ask(R"(["1","2","room:a","x",{}])"), ElementsAre(R"([null,null,"room:a","shout",{}])"));
}

// A9.142
TEST(Behaviours, HandleInfoMayPushBroadcastAndStop) {
  World world;
  world.script.join = [](std::string_view, const Json&, Socket& socket) -> JoinResult {
    for (const char* what : {"push", "broadcast", "stop", "late"}) socket.send_self(what);
    return JoinOk{};
  };
  world.script.info = [](const Info& message, Socket& socket) -> HandleResult {
    if (message.is("push")) socket.push("pushed");
    if (message.is("broadcast")) socket.broadcast("shout");
    if (message.is("stop")) return Stop{StopReason::normal()};
    EXPECT_FALSE(message.is("late"));
    return NoReply{};
  };
  Client client(world);
  EXPECT_THAT(client.ask(R"(["1","1","room:a","phx_join",{}])"),
              ElementsAre(R"(["1","1","room:a","phx_reply",{"response":{},"status":"ok"}])", R"(["1",null,"room:a","pushed",{}])",
                          R"([null,null,"room:a","shout",{}])", R"(["1","1","room:a","phx_close",{}])"));
}

class SocketWithAssigns final : public UserSocket {
 public:
  explicit SocketWithAssigns(const Script& script) {
    const Json assigns = obj("role", "guest", "room", true);
    channel(
        "room:*", [&script] { return std::make_unique<ScriptedChannel>(&script); }, &assigns);
  }
  ConnectResult connect(const Json&, ConnectSocket& socket, const ConnectInfo&) const override {
    socket.assign("role", "user").assign("id", 7);
    return ConnectOk{};
  }
};

// A9.150, 5.2: merged over the socket's own
TEST(Behaviours, APatternHasAssignsOfItsOwn) {
  World world;
  Json seen;
  world.script.join = [&](std::string_view, const Json&, Socket& socket) -> JoinResult {
    seen = socket.assigns();
    return JoinOk{};
  };
  const ChannelSocketHandler handler(std::make_shared<SocketWithAssigns>(world.script), world.pubsub);
  Client client(world, handler, 0, core::v2_serializer());
  client.join();
  EXPECT_EQ(seen, obj("role", "guest", "room", true, "id", 7));
}

// A9.140: what is not intercepted reaches the client by itself, also from outside of all channels
TEST(Behaviours, ABroadcastFromOutsideIsPushed) {
  World world;
  Client client(world);
  client.join();
  world.pubsub.broadcast("room:a", "news", obj("n", 1));
  EXPECT_THAT(client.frames(), ElementsAre(R"([null,null,"room:a","news",{"n":1}])"));
}

// A11.170, A11.173
TEST(Behaviours, LocalBroadcastSkipsTheSenderIfAsked) {
  struct Counter final : Subscriber {
    void on_broadcast(const BroadcastPtr&) override { ++count; }
    int count = 0;
  };
  World world;
  int told = 0;
  const auto subscription = world.pubsub.subscribe(world.shard(), "t", [&](const Broadcast&) { ++told; });
  const Counter sender;
  world.pubsub.local_broadcast_from(sender, "t", "e", Payload{});
  world.pubsub.local_broadcast("t", "e", Payload{});
  world.pubsub.broadcast("other", "e", Payload{});
  world.run();
  EXPECT_EQ(told, 2);
  EXPECT_EQ(sender.count, 0);
}

// A11.174: subscribed twice is told twice
TEST(Behaviours, TwoSubscriptionsAreToldOfEachBroadcast) {
  World world;
  int told = 0;
  const auto one = world.pubsub.subscribe(world.shard(), "t", [&](const Broadcast&) { ++told; });
  const auto two = world.pubsub.subscribe(world.shard(), "t", [&](const Broadcast&) { ++told; });
  world.pubsub.broadcast("t", "e", Payload{});
  world.run();
  EXPECT_EQ(told, 2);
}

// A10.152, A10.153, A10.156: without a fetch of its own a presence lists what was tracked
TEST(Behaviours, APresenceListsWhatWasTracked) {
  World world;
  Presence presence(world.pubsub);
  std::optional<Json> before, after;
  world.script.in = [&](std::string_view, const Payload&, Socket& socket) -> HandleResult {
    before = presence.list("room:a");
    presence.track(socket, "ada", obj("device", "phone"));
    after = presence.list("room:a");
    return NoReply{};
  };
  Client client(world);
  client.join();
  const auto frames = client.ask(R"(["1","2","room:a","x",{}])");
  EXPECT_EQ(before, Json::object());
  ASSERT_EQ(after->size(), 1u);
  const Json& meta = after->at("ada").at("metas").at(0);
  EXPECT_EQ(meta.at("device"), "phone");
  EXPECT_THAT(frames, ElementsAre(testing::HasSubstr(meta.at("phx_ref").get<std::string>()))) << "the diff has the same phx_ref";
}

}  // namespace
}  // namespace phx::server::test
