// Who is connected: server.md 6.7; server-behaviours A15.
#include <phx/server/introspection.hpp>

#include "world.hpp"

namespace phx::server::test {
namespace {

std::vector<std::string> topics(const SocketInfo& socket) {
  std::vector<std::string> out;
  for (const auto& channel : socket.channels)
    out.push_back(channel.topic + (channel.status == ChannelInfo::Status::joined ? " joined" : " leaving"));
  return out;
}

// A15.213
TEST(Introspection, ListsSocketsAndTheirChannels) {
  World world;
  EXPECT_THAT(list_sockets(world.pubsub, world.shard()), IsEmpty());
  Client first(world), second(world);
  first.join("room:a");
  first.join("exact");
  const auto sockets = list_sockets(world.pubsub, world.shard());
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_THAT(topics(sockets[0]), IsEmpty()) << "the latest is the first";
  EXPECT_THAT(topics(sockets[1]), ElementsAre("room:a joined", "exact joined"));
  EXPECT_EQ(sockets[1].handler, "UserSocket");
  EXPECT_EQ(sockets[1].transport, "websocket");
  EXPECT_EQ(sockets[1].id, "user_socket:1");

  first.send(R"(["1","2","room:a","phx_leave",{}])");
  EXPECT_THAT(topics(list_sockets(world.pubsub, world.shard())[1]), ElementsAre("room:a leaving", "exact joined"));
  world.run();
  EXPECT_THAT(topics(list_sockets(world.pubsub, world.shard())[1]), ElementsAre("exact joined"));
  first.hang_up();
  EXPECT_EQ(list_sockets(world.pubsub, world.shard()).size(), 1u);
}

// A15.213
TEST(Introspection, AChannelKnowsItsSocketUntilItEnds) {
  World world;
  std::optional<ChannelRef> channel;
  world.script.in = [&](std::string_view, const Payload&, Socket& socket) -> HandleResult {
    channel = socket.self();
    return NoReply{};
  };
  Client client(world);
  client.join();
  EXPECT_EQ(socket_of(ChannelRef()), std::nullopt);
  client.ask(R"(["1","2","room:a","x",{}])");
  ASSERT_TRUE(socket_of(*channel));
  EXPECT_THAT(topics(*socket_of(*channel)), ElementsAre("room:a joined"));
  client.ask(R"(["1","3","room:a","phx_leave",{}])");
  EXPECT_EQ(socket_of(*channel), std::nullopt);
}

TEST(Introspection, AsksAllShards) {
  World world(3);
  Client zero(world, 0), two(world, 2);
  std::optional<std::size_t> count;
  list_sockets(world.pubsub, [&](std::vector<SocketInfo> sockets) { count = sockets.size(); });
  EXPECT_EQ(count, std::nullopt);
  world.run();
  EXPECT_EQ(count, 2u);
}

}  // namespace
}  // namespace phx::server::test
