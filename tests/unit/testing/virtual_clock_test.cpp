#include <phx/testing/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace phx::testing {
namespace {

using namespace std::chrono_literals;

// Due every `period`, forever.
struct Ticker {
  explicit Ticker(Duration p) : period(p), next(Instant{} + p) {}
  std::optional<Instant> next_deadline() const { return next; }
  void on_deadline(Instant now) {
    ticks.push_back(now);
    next += period;
  }
  Duration period;
  Instant next;
  std::vector<Instant> ticks;
};

TEST(VirtualClock, StandsStillByItself) {
  VirtualClock clock;
  EXPECT_EQ(clock.now(), Instant{});
  clock.settle();
  EXPECT_EQ(clock.now(), Instant{});
}

TEST(VirtualClock, StopsAtEveryDeadlineOnTheWay) {
  VirtualClock clock;
  Ticker ticker(10ms);
  const auto attached = clock.attach(ticker);
  clock.advance(35ms);
  EXPECT_EQ(ticker.ticks, (std::vector{Instant{} + 10ms, Instant{} + 20ms, Instant{} + 30ms}));
  EXPECT_EQ(clock.now(), Instant{} + 35ms);
}

TEST(VirtualClock, RunsTheEarliestFirstAndTiesInOrderOfAttachment) {
  VirtualClock clock;
  std::string order;
  std::vector<std::optional<Instant>> due{Instant{} + 2ms, Instant{} + 1ms, Instant{} + 2ms};
  std::vector<VirtualClock::Attachment> attached;
  for (std::size_t i = 0; i < due.size(); ++i) {
    attached.push_back(clock.attach([&due, i] { return due[i]; },
                                    [&due, &order, i](Instant) {
                                      order += std::to_string(i);
                                      due[i].reset();
                                    }));
  }
  clock.advance(5ms);
  EXPECT_EQ(order, "102");
}

TEST(VirtualClock, RunsNothingAfterDetaching) {
  VirtualClock clock;
  Ticker ticker(10ms);
  { const auto attached = clock.attach(ticker); }
  clock.advance(1s);
  EXPECT_TRUE(ticker.ticks.empty());
}

TEST(VirtualClock, AdvancesToTheNextDeadline) {
  VirtualClock clock;
  EXPECT_FALSE(clock.advance_to_next_deadline());
  Ticker ticker(30s);
  const auto attached = clock.attach(ticker);
  EXPECT_FALSE(clock.advance_to_next_deadline(Instant{} + 29s));
  EXPECT_EQ(clock.now(), Instant{});
  EXPECT_TRUE(clock.advance_to_next_deadline());
  EXPECT_EQ(clock.now(), Instant{} + 30s);
}

TEST(VirtualClock, TellsOfAMachineThatIsDueForEver) {
  VirtualClock clock;
  const auto attached = clock.attach([] { return std::optional(Instant{}); }, [](Instant) {});
  EXPECT_THROW(clock.settle(), std::logic_error);
}

}  // namespace
}  // namespace phx::testing
