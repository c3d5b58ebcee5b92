#include <phx/testing/wire.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace phx::testing {
namespace {

using namespace std::chrono_literals;
using scenario::FaultEngine;

// What one end got, and when.
struct Inbox {
  Wire::Receiver receiver(VirtualClock& clock) {
    return {.on_bytes =
                [this, &clock](std::span<char> bytes) {
                  pieces.emplace_back(bytes.data(), bytes.size());
                  all += pieces.back();
                  last = clock.now();
                },
            .on_end = [this] { ended = true; }};
  }
  std::vector<std::string> pieces;
  std::string all;
  Instant last;
  bool ended = false;
};

struct Rig {
  explicit Rig(const WireOptions& options = {}) : wire(clock, options) {
    wire.client().attach(client.receiver(clock));
    wire.server().attach(server.receiver(clock));
  }
  VirtualClock clock;
  Inbox client, server;
  Wire wire;
};

TEST(Wire, DeliversBothWaysAndNothingInsideWrite) {
  Rig rig;
  rig.wire.client().write("hello");
  rig.wire.server().write("world");
  EXPECT_TRUE(rig.server.all.empty());
  rig.clock.settle();
  EXPECT_EQ(rig.server.all, "hello");
  EXPECT_EQ(rig.client.all, "world");
}

TEST(Wire, DelaysEachWay) {
  Rig rig({.delay = 20ms});
  rig.wire.client().write("hello");
  rig.clock.advance(19ms);
  EXPECT_TRUE(rig.server.all.empty());
  rig.clock.advance(1ms);
  EXPECT_EQ(rig.server.all, "hello");
}

TEST(Wire, JitterKeepsTheOrder) {
  Rig rig({.delay = 5ms, .jitter = 50ms, .seed = 3});
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    sent += std::to_string(i) + ",";
    rig.wire.client().write(std::to_string(i) + ",");
    rig.clock.advance(1ms);
  }
  rig.clock.advance(1s);
  EXPECT_EQ(rig.server.all, sent);
}

TEST(Wire, DeliversByteByByte) {
  Rig rig({.chunking = Chunking::one_byte});
  rig.wire.client().write("hello");
  rig.clock.settle();
  EXPECT_EQ(rig.server.pieces, (std::vector<std::string>{"h", "e", "l", "l", "o"}));
}

TEST(Wire, RandomChunksAreTheSameForTheSameSeed) {
  const auto pieces = [](std::uint64_t seed) {
    Rig rig({.chunking = Chunking::random, .seed = seed});
    rig.wire.client().write(std::string(200, 'x'));
    rig.clock.settle();
    EXPECT_EQ(rig.server.all.size(), 200u);
    return rig.server.pieces;
  };
  EXPECT_EQ(pieces(5), pieces(5));
  EXPECT_NE(pieces(5), pieces(6));
}

TEST(Wire, TheEndComesAfterWhatWasWritten) {
  Rig rig({.delay = 10ms});
  rig.wire.client().write("last words");
  rig.wire.client().close();
  rig.wire.client().write("too late");
  rig.clock.advance(10ms);
  EXPECT_EQ(rig.server.all, "last words");
  EXPECT_TRUE(rig.server.ended);
  EXPECT_FALSE(rig.client.ended);
}

TEST(Wire, ACutLosesWhatIsOnItsWayAndTellsBoth) {
  Rig rig({.delay = 10ms});
  rig.wire.client().write("lost");
  rig.clock.advance(5ms);
  rig.wire.cut();
  rig.clock.advance(1s);
  EXPECT_TRUE(rig.server.all.empty());
  EXPECT_TRUE(rig.server.ended);
  EXPECT_TRUE(rig.client.ended);
}

TEST(Wire, AHeldWireIsSilentUntilReleased) {
  Rig rig;
  rig.wire.hold();
  rig.wire.client().write("hello");
  rig.clock.advance(1min);
  EXPECT_TRUE(rig.server.all.empty());
  EXPECT_FALSE(rig.server.ended);
  rig.wire.release();
  rig.clock.settle();
  EXPECT_EQ(rig.server.all, "hello");
}

struct FaultyRig {
  explicit FaultyRig(std::vector<scenario::FaultRule> rules)
      : faults(std::move(rules)), wire(clock, {}, faults, core::v2_serializer(), {.handshake = false}) {
    wire.client().attach(client.receiver(clock));
    wire.server().attach(server.receiver(clock));
  }
  void news(std::string_view n) {
    std::string frame;
    core::ws::append_frame(frame, core::ws::FrameOp::text, "[null,null,\"room:lobby\",\"news\"," + std::string(n) + "]");
    wire.server().write(frame);
  }
  VirtualClock clock;
  FaultEngine faults;
  Inbox client, server;
  Wire wire;
};

TEST(Wire, TheFaultEngineActsOnWholeMessages) {
  FaultyRig rig({{.when = {.event = "news", .nth = 1}, .fault = scenario::Reorder{.behind = 1}},
                 {.when = {.event = "news", .nth = 2}, .fault = scenario::Delay{.by = 30ms}}});
  rig.news("1");
  rig.news("2");
  rig.clock.advance(29ms);
  EXPECT_TRUE(rig.client.all.empty());
  rig.clock.advance(1ms);
  const auto two = rig.client.all.find("2]");
  const auto one = rig.client.all.find("1]");
  ASSERT_NE(one, std::string::npos);
  EXPECT_LT(two, one);
}

TEST(Wire, AMessageHeldBackArrivesAtItsDeadline) {
  FaultyRig rig({{.when = {.event = "news"}, .fault = scenario::Reorder{.behind = 1, .at_most = 2s}}});
  rig.news("1");
  rig.clock.advance(10s);
  EXPECT_EQ(rig.client.last, Instant{} + 2s);
}

TEST(Wire, AFaultMayCutIt) {
  FaultyRig rig({{.when = {.event = "news"}, .fault = scenario::CloseWith{.code = 1006, .reason = {}}}});
  rig.news("1");
  rig.clock.settle();
  EXPECT_TRUE(rig.client.ended);
  EXPECT_TRUE(rig.server.ended);
}

}  // namespace
}  // namespace phx::testing
