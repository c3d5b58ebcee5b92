#include <gtest/gtest.h>
#include <phx/load/wheel.hpp>
#include <phx/scenario/rng.hpp>

#include <algorithm>

namespace {

using namespace phx;
using namespace std::chrono_literals;
using load::Wheel;

const Instant origin{1000s};

TEST(Wheel, NothingIsDueBeforeItsTimeAndEverythingAtIt) {
  Wheel wheel(origin);
  wheel.resize(3);
  wheel.arm(0, origin + 1500us);
  wheel.arm(1, origin + 3s);
  wheel.arm(2, origin + 1000s);
  std::vector<std::uint32_t> due;
  EXPECT_EQ(wheel.next(), origin + 1500us);
  wheel.expire(origin + 1499us, due);
  EXPECT_TRUE(due.empty());
  wheel.expire(origin + 1500us, due);
  EXPECT_EQ(due, (std::vector<std::uint32_t>{0}));
  wheel.expire(origin + 999s, due);
  EXPECT_EQ(due, (std::vector<std::uint32_t>{0, 1}));
  wheel.expire(origin + 1000s, due);
  EXPECT_EQ(due, (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(wheel.next(), std::nullopt);
}

TEST(Wheel, ArmingAgainReplacesAndDisarmingForgets) {
  Wheel wheel(origin);
  wheel.resize(2);
  wheel.arm(0, origin + 5ms);
  wheel.arm(0, origin + 50s);
  wheel.arm(1, origin + 1ms);
  wheel.disarm(1);
  std::vector<std::uint32_t> due;
  wheel.expire(origin + 10s, due);
  EXPECT_TRUE(due.empty());
  wheel.expire(origin + 50s, due);
  EXPECT_EQ(due, (std::vector<std::uint32_t>{0}));
}

/// Against a plain list, with random deadlines, and steps of all sizes; next() never lies about the near future.
TEST(Wheel, AgreesWithAPlainList) {
  scenario::Rng rng(7);
  Wheel wheel(origin);
  constexpr std::uint32_t slots = 200;
  wheel.resize(slots);
  std::vector<std::optional<Instant>> plain(slots);
  Instant now = origin;
  for (int round = 0; round < 20'000; ++round) {
    const auto slot = static_cast<std::uint32_t>(rng.below(slots));
    const std::uint64_t scale = std::uint64_t{1} << rng.below(42);
    plain[slot] = now + std::chrono::nanoseconds(rng.below(scale));
    wheel.arm(slot, *plain[slot]);
    now += std::chrono::nanoseconds(rng.below(std::uint64_t{1} << rng.below(33)));
    std::vector<std::uint32_t> expected, due;
    Instant earliest = Instant::max();
    for (std::uint32_t i = 0; i < slots; ++i) {
      if (!plain[i]) continue;
      earliest = std::min(earliest, *plain[i]);
      if (*plain[i] > now) continue;
      expected.push_back(i);
      plain[i].reset();
    }
    ASSERT_LE(wheel.next().value_or(Instant::max()), earliest);
    wheel.expire(now, due);
    std::sort(due.begin(), due.end());
    ASSERT_EQ(due, expected) << "round " << round;
  }
}

}  // namespace
