#include <gtest/gtest.h>

#include <array>

#include "deadline_wheel.hpp"

namespace phx::server {
namespace {

using namespace std::chrono_literals;

struct DeadlineWheelTest : testing::Test {
  Instant origin = Instant{} + 1h;
  DeadlineWheel wheel{origin, 10ms, 16};  // horizon of 150 ms
  std::array<DeadlineWheel::Node, 3> nodes;
  int expired(Duration at) {
    int n = 0;
    wheel.expire(origin + at, [&](DeadlineWheel::Node&) { ++n; });
    return n;
  }
};

TEST_F(DeadlineWheelTest, FiresNeverEarlyAndAtMostATickLate) {
  wheel.arm(nodes[0], origin + 25ms);
  EXPECT_EQ(wheel.next(), origin + 30ms);
  EXPECT_EQ(expired(25ms), 0);
  EXPECT_EQ(expired(29ms), 0);
  EXPECT_EQ(expired(30ms), 1);
  EXPECT_EQ(wheel.next(), std::nullopt);
}

TEST_F(DeadlineWheelTest, KeepsTheEarlierOfTwoDeadlines) {
  wheel.arm(nodes[0], origin + 20ms);
  wheel.arm(nodes[0], origin + 80ms);
  EXPECT_EQ(wheel.next(), origin + 20ms);
  wheel.arm(nodes[0], origin + 10ms);
  EXPECT_EQ(wheel.next(), origin + 10ms);
  EXPECT_EQ(expired(100ms), 1);
}

TEST_F(DeadlineWheelTest, AsksAgainAtTheHorizon) {
  wheel.arm(nodes[0], origin + 1s);
  EXPECT_EQ(expired(140ms), 0);
  EXPECT_EQ(expired(150ms), 1);
}

TEST_F(DeadlineWheelTest, CatchesUpAfterALongPause) {
  wheel.arm(nodes[0], origin + 20ms);
  wheel.arm(nodes[1], origin + 140ms);
  EXPECT_EQ(expired(1h), 2);
  wheel.arm(nodes[2], origin + 1h + 20ms);
  EXPECT_EQ(wheel.next(), origin + 1h + 20ms);
  EXPECT_EQ(expired(1h + 20ms), 1);
}

TEST_F(DeadlineWheelTest, ANodeMayDisarmAnotherThatIsDueWithIt) {
  wheel.arm(nodes[0], origin + 20ms);
  wheel.arm(nodes[1], origin + 20ms);
  int n = 0;
  wheel.expire(origin + 20ms, [&](DeadlineWheel::Node&) {
    ++n;
    wheel.disarm(nodes[0]);
    wheel.disarm(nodes[1]);
  });
  EXPECT_EQ(n, 1);
  EXPECT_EQ(wheel.next(), std::nullopt);
}

TEST_F(DeadlineWheelTest, ANodeMayBeArmedAgainWhileItExpires) {
  wheel.arm(nodes[0], origin + 10ms);
  wheel.expire(origin + 10ms, [&](DeadlineWheel::Node& node) { wheel.arm(node, origin + 50ms); });
  EXPECT_EQ(wheel.next(), origin + 50ms);
  EXPECT_EQ(expired(50ms), 1);
}

}  // namespace
}  // namespace phx::server
