#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "unit/testing/world.hpp"

#include <phx/core/json.hpp>

// The client's machines and the server's machines talk to each other: the fixture application (golden/FIXTURE.md) on wires in
// memory, in virtual time.

namespace phx::testing {
namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;

TEST(Peers, TwoClientsChat) {
  World world;
  Member ada(world, "room:lobby");
  Member bob(world, "room:lobby");
  world.clock.advance(1s);
  ASSERT_EQ(ada.log, (Log{"open", "join ok {}"}));
  ada.log.clear();
  bob.log.clear();

  ada.push("new_msg", R"({"body":"hi"})");
  ada.push("ping", R"({"n":1})");
  world.clock.advance(1s);
  EXPECT_EQ(ada.log, (Log{R"(new_msg {"body":"hi"})", R"(reply ok {"n":1})"}));
  EXPECT_EQ(bob.log, (Log{R"(new_msg {"body":"hi"})"}));
}

// server.md 8.2; spec client-semantics N1 to N8
TEST(Peers, PresenceComesAndGoes) {
  World world;
  Member ada(world, "chat:lobby", R"({"key":"ada"})");
  world.clock.advance(1s);
  EXPECT_EQ(ada.present(), (Log{"ada"}));
  {
    Member bob(world, "chat:lobby", R"({"key":"bob"})");
    world.clock.advance(1s);
    EXPECT_EQ(ada.present(), (Log{"ada", "bob"}));
    EXPECT_EQ(bob.present(), (Log{"ada", "bob"}));
    bob.leave();
    world.clock.advance(1s);
    EXPECT_EQ(ada.present(), (Log{"ada"}));
  }
  Member eve(world, "chat:lobby", R"({"key":"eve"})");
  world.clock.advance(1s);
  EXPECT_EQ(ada.present(), (Log{"ada", "eve"}));
  world.network.wires().back()->cut();
  world.network.down();
  world.clock.advance(1s);
  EXPECT_TRUE(world.app.presence().list("chat:lobby").empty());
}

// client-semantics S5, C3: reconnect, rejoin, and then each message once
TEST(Peers, AfterACutTheyRejoinAndHearEachMessageOnce) {
  World world;
  Member ada(world, "room:lobby");
  Member bob(world, "room:lobby");
  world.clock.advance(1s);
  world.network.cut();
  world.clock.advance(20s);
  EXPECT_EQ(ada.state(), core::ChannelState::joined);
  EXPECT_EQ(bob.state(), core::ChannelState::joined);
  EXPECT_EQ(world.server.connections(), 2u);

  ada.log.clear();
  bob.log.clear();
  ada.push("new_msg", R"({"body":"back"})");
  world.clock.advance(1s);
  EXPECT_EQ(ada.log, (Log{R"(new_msg {"body":"back"})"}));
  EXPECT_EQ(bob.log, (Log{R"(new_msg {"body":"back"})"}));
}

TEST(Peers, WhatIsPushedWhileTheNetworkIsDownIsSentLater) {
  World world;
  Member ada(world, "room:lobby");
  Member bob(world, "room:lobby");
  world.clock.advance(1s);
  world.network.down();
  world.clock.advance(2s);
  ada.push("new_msg", R"({"body":"later"})");
  world.clock.advance(3s);
  world.network.up();
  world.clock.advance(30s);
  EXPECT_EQ(ada.state(), core::ChannelState::joined);
  EXPECT_EQ(std::count(ada.log.begin(), ada.log.end(), R"(new_msg {"body":"later"})"), 1);
}

// client-semantics S8: a heartbeat without answer ends the connection
TEST(Peers, AHalfOpenConnectionIsFoundByTheHeartbeat) {
  World world;
  Member ada(world, "room:lobby");
  world.clock.advance(1s);
  world.network.wires().front()->hold();
  world.clock.advance(90s);
  EXPECT_EQ(world.network.wires().size(), 2u);
  EXPECT_EQ(ada.state(), core::ChannelState::joined);
}

// server.md 14, client-semantics D-12: 1012 asks for a reconnect a little later
TEST(Peers, ADrainedServerIsJoinedAgain) {
  World world;
  Member ada(world, "room:lobby");
  world.clock.advance(1s);
  ada.log.clear();
  world.server.drain();
  world.clock.advance(1ms);
  EXPECT_EQ(ada.log, (Log{"closed 1012"}));
  world.clock.advance(30s);
  EXPECT_EQ(ada.state(), core::ChannelState::joined);
}

// server.md 5.6: a crash of the channel is an error of that channel alone, and it is joined again
TEST(Peers, ACrashedChannelIsRejoined) {
  World world;
  Member ada(world, "room:lobby");
  world.clock.advance(1s);
  ada.log.clear();
  ada.push("crash", "{}");
  world.clock.advance(30s);
  EXPECT_EQ(ada.log.front(), R"(error {"reason":"channel_crash"})");
  EXPECT_EQ(ada.state(), core::ChannelState::joined);
  EXPECT_EQ(world.network.wires().size(), 1u);
}

TEST(Peers, AJoinWithoutReplyTimesOutAndIsTriedAgain) {
  World world;
  scenario::FaultEngine faults({{.when = {.event = "phx_join", .nth = 1}, .fault = scenario::NeverReply{}}});
  world.network.use(faults, core::v2_serializer());
  Member ada(world, "room:lobby");
  world.clock.advance(9s);
  EXPECT_EQ(ada.state(), core::ChannelState::joining);
  world.clock.advance(30s);
  EXPECT_EQ(ada.state(), core::ChannelState::joined);
}

TEST(Peers, ARefusedUpgradeIsTriedAgain) {
  World world;
  scenario::FaultEngine faults({{.when = {.nth = 1}, .fault = scenario::RefuseUpgrade{.status = 503}}});
  world.network.use(faults, core::v2_serializer());
  Member ada(world, "room:lobby");
  world.clock.advance(60s);
  EXPECT_EQ(ada.state(), core::ChannelState::joined);
  EXPECT_EQ(faults.strikes(0), 1u);
}

struct Weather {
  std::string name;
  WireOptions wires;
  friend std::ostream& operator<<(std::ostream& out, const Weather& w) { return out << w.name; }
};

class PeersInAnyWeather : public ::testing::TestWithParam<Weather> {};

// How the bytes arrive must not show.
TEST_P(PeersInAnyWeather, TheSameDialogue) {
  World world(GetParam().wires);
  Member ada(world, "chat:any", R"({"key":"ada"})");
  world.clock.advance(2s);
  Member bob(world, "chat:any", R"({"key":"bob"})");
  world.clock.advance(2s);
  EXPECT_EQ(ada.present(), (Log{"ada", "bob"}));
  EXPECT_EQ(bob.present(), (Log{"ada", "bob"}));
  ada.log.clear();
  bob.log.clear();

  const std::string payload = R"({"body":")" + std::string(3000, 'x') + R"("})";
  bob.push("new_msg", payload);
  world.clock.advance(2s);
  EXPECT_TRUE(ada.log == (Log{"new_msg " + payload}));
  EXPECT_TRUE(bob.log == (Log{"new_msg " + payload}));
  ada.push("update_presence", R"({"mood":"fine"})");
  world.clock.advance(2s);
  EXPECT_EQ(ada.log.back(), "reply ok {}");

  world.network.cut();
  world.clock.advance(30s);
  EXPECT_EQ(ada.present(), (Log{"ada", "bob"}));
  EXPECT_EQ(world.app.presence().list("chat:any").size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Wires, PeersInAnyWeather,
                         ::testing::Values(Weather{"fine", {}}, Weather{"one_byte", {.chunking = Chunking::one_byte}},
                                           Weather{"random_chunks", {.chunking = Chunking::random, .seed = 42}},
                                           Weather{"far_away", {.delay = 150ms}},
                                           Weather{"jittery", {.delay = 20ms, .jitter = 100ms, .chunking = Chunking::random, .seed = 7}}),
                         [](const auto& weather) { return weather.param.name; });

}  // namespace
}  // namespace phx::testing
