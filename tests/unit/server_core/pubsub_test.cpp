// server.md 4.5 and 7.1; server-behaviours A11 (one node).

#include <stdexcept>

#include "world.hpp"

namespace phx::server::test {
namespace {

constexpr auto hello = R"([null,null,"room:a","hello",{"n":1}])";

struct PubSubTest : testing::Test {
  World world{2};
  std::vector<std::string> told;
  std::unique_ptr<PubSub::Subscription> listen(std::size_t shard, std::string_view topic) {
    return world.pubsub.subscribe(world.shard(shard), topic, [this](const Broadcast& b) { told.push_back(b.topic + " " + b.event); });
  }
};

// A11.169; 6.6: plain subscribers get the structure
TEST_F(PubSubTest, ReachesSubscribersOfTheTopicOnEveryShard) {
  const auto a = listen(0, "t"), b = listen(1, "t"), c = listen(0, "other");
  world.pubsub.broadcast("t", "e", {});
  world.run();
  EXPECT_THAT(told, ElementsAre("t e", "t e"));
}

// A11.168
TEST_F(PubSubTest, AnEndedSubscriptionIsNotTold) {
  auto a = listen(0, "t");
  world.pubsub.broadcast("t", "e", {});
  a.reset();
  world.pubsub.broadcast("t", "e", {});
  world.run();
  EXPECT_THAT(told, IsEmpty());
}

// A11.172
TEST_F(PubSubTest, DirectBroadcastToAnUnknownNodeIsFine) {
  const auto a = listen(0, "t");
  EXPECT_FALSE(world.pubsub.direct_broadcast("elsewhere", "t", "e", {}));
  world.run();
  EXPECT_THAT(told, IsEmpty());
  EXPECT_FALSE(world.pubsub.direct_broadcast(PubSub::local_node_name, "t", "e", {}));
  world.run();
  EXPECT_THAT(told, ElementsAre("t e"));
}

struct FailingAdapter final : PubSubAdapter {
  std::string_view node_name() const noexcept override { return "n1"; }
  std::error_code broadcast(std::string_view, std::string_view, const Payload&) override {
    return make_error_code(Errc::connection_closed);
  }
  std::error_code direct_broadcast(std::string_view, std::string_view, std::string_view, const Payload&) override { return {}; }
};

// 7.1: local dispatch only when the adapter said ok
TEST_F(PubSubTest, AFailingAdapterKeepsABroadcastFromEverybody) {
  FailingAdapter adapter;
  world.pubsub.use(adapter);
  const auto a = listen(0, "t");
  EXPECT_EQ(world.pubsub.broadcast("t", "e", {}), Errc::connection_closed);
  world.run();
  EXPECT_THAT(told, IsEmpty());
  world.pubsub.local_broadcast("t", "e", {});
  world.run();
  EXPECT_THAT(told, ElementsAre("t e"));
}

TEST_F(PubSubTest, MembersOfAllShardsGetTheFrame) {
  Client a(world, 0), b(world, 1);
  a.join();
  b.join();
  world.pubsub.broadcast("room:a", "hello", obj("n", 1));
  EXPECT_THAT(a.frames(), ElementsAre(hello));
  EXPECT_THAT(b.frames(), ElementsAre(hello));
}

// 4.5: encoded once per serializer; the bytes are shared, and joined within a turn
TEST_F(PubSubTest, MembersShareTheBytesOfATurn) {
  Client a(world), b(world);
  a.join();
  b.join();
  {
    const Shard::Entered here(world.shard());
    for (int i = 0; i < 64; ++i) world.pubsub.broadcast("room:a", "hello", obj("n", 1));
  }
  ASSERT_EQ(a.outbox().slices().size(), 1U);
  ASSERT_EQ(b.outbox().slices().size(), 1U);
  EXPECT_EQ(a.outbox().slices()[0].chunk.get(), b.outbox().slices()[0].chunk.get());
  EXPECT_EQ(a.written().size(), 64U);
}

// golden v1/v1_v2_mixed_broadcast
TEST_F(PubSubTest, EachSerializerHasItsForm) {
  Client a(world), b(world, 0, core::v1_serializer());
  a.join();
  b.ask(R"({"topic":"room:a","event":"phx_join","payload":{},"ref":"1"})");
  world.pubsub.broadcast("room:a", "hello", obj("n", 1));
  EXPECT_THAT(a.frames(), ElementsAre(hello));
  const auto v1 = b.frames();
  ASSERT_EQ(v1.size(), 1U);
  EXPECT_EQ(Json::parse(v1[0]), Json::parse(R"({"event":"hello","payload":{"n":1},"ref":null,"topic":"room:a"})"));
}

// 4.5: an unencodable payload fails the broadcaster, not the subscribers
TEST_F(PubSubTest, WhatCannotBeEncodedFailsTheBroadcaster) {
  Client a(world), b(world, 0, core::v1_serializer());
  a.join();
  b.ask(R"({"topic":"room:a","event":"phx_join","payload":{},"ref":"1"})");
  const Shard::Entered here(world.shard());
  EXPECT_THROW(world.pubsub.broadcast("room:a", "bin", Payload::binary("x")), std::invalid_argument);
  EXPECT_THROW(world.pubsub.broadcast("room:a", "list", Json::array()), std::invalid_argument);
  EXPECT_THAT(a.frames(), IsEmpty());
}

// 6.5: others on the topic keep the fastlane; 139-141
TEST_F(PubSubTest, AnInterceptingChannelMayStop) {
  world.script.intercepts = {"secret"};
  world.script.out = [](std::string_view, const Payload&, Socket&) -> HandleResult { return Stop{StopReason::normal()}; };
  Client a(world);
  a.join();
  world.pubsub.broadcast("room:a", "open", {});
  world.pubsub.broadcast("room:a", "secret", {});
  EXPECT_THAT(a.frames(), ElementsAre(R"([null,null,"room:a","open",{}])", R"(["1","1","room:a","phx_close",{}])"));
}

TEST_F(PubSubTest, MembersMayLeaveInAnyOrder) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 10; ++i) clients.emplace_back(std::make_unique<Client>(world))->join();
  for (const std::ptrdiff_t left : {0, 8, 3, 0, 2}) clients.erase(clients.begin() + left);
  world.pubsub.broadcast("room:a", "hello", obj("n", 1));
  for (auto& client : clients) EXPECT_THAT(client->frames(), ElementsAre(hello));
}

}  // namespace
}  // namespace phx::server::test
