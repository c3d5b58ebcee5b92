// server-behaviours A13.196; server.md 8.5 "dominance".

#include <gtest/gtest.h>

#include <set>

#include <phx/scenario/rng.hpp>

#include "entries.hpp"

namespace phx::server::test {
namespace {

const ReplicaRef a = ref("a"), b = ref("b"), c = ref("c");

std::vector<ReplicaRef> names(const std::vector<ReplicaClocks>& set) {
  std::vector<ReplicaRef> refs;
  for (const auto& known : set) refs.push_back(known.replica);
  return refs;
}

TEST(TrackerClock, Dominance) {
  EXPECT_TRUE(dominates({{a, 2}, {b, 1}}, {{a, 1}, {b, 1}}));
  EXPECT_TRUE(dominates({{a, 1}}, {{a, 1}}));
  EXPECT_TRUE(dominates({{a, 1}, {b, 0}}, {{a, 1}}));
  EXPECT_TRUE(dominates({{a, 1}, {c, 1}}, {{a, 1}, {b, 0}}));  // missing counts as 0
  EXPECT_FALSE(dominates({{a, 1}}, {{a, 1}, {b, 0}}));         // knows fewer
  EXPECT_FALSE(dominates({{a, 2}, {b, 1}}, {{a, 1}, {b, 2}}));
  EXPECT_FALSE(dominates({{a, 1}, {b, 2}}, {{a, 2}, {b, 1}}));
}

TEST(TrackerClock, SetsAreTrimmed) {
  std::vector<ReplicaClocks> set;
  add_clocks(set, {a, {}});
  EXPECT_TRUE(set.empty());
  add_clocks(set, {a, {{a, 1}, {b, 1}}});
  add_clocks(set, {b, {{a, 0}, {b, 1}}});  // dominated
  EXPECT_EQ(names(set), std::vector{a});
  add_clocks(set, {b, {{a, 0}, {b, 2}}});  // neither dominates
  EXPECT_EQ(names(set), (std::vector{a, b}));
  add_clocks(set, {c, {{a, 1}, {b, 2}}});  // dominates both
  EXPECT_EQ(names(set), std::vector{c});
  add_clocks(set, {a, {{a, 1}, {b, 2}}});  // of equals the newest
  EXPECT_EQ(names(set), std::vector{a});
}

TEST(TrackerClock, UpperBoundAndFilter) {
  EXPECT_EQ(upper_bound({{a, 1}, {b, 3}}, {{a, 2}, {b, 1}, {c, 1}}), (Clocks{{a, 2}, {b, 3}, {c, 1}}));
  EXPECT_EQ(restricted({{a, 1}, {b, 2}}, {{b, 0}, {c, 0}}), (Clocks{{b, 2}}));
}

// The lower bound is that of a merged delta's range.
TEST(TrackerClock, LowerBoundOfRanges) {
  TrackerDelta x, y;
  x.parts[a].range = TickRange{3, 7};
  y.parts[a].range = TickRange{1, 4};
  ASSERT_TRUE(merge_deltas(x, y));
  EXPECT_EQ(x.parts[a].range, (TickRange{1, 7}));
}

TEST(TrackerCloud, RunsJoinWhereTheyTouch) {
  Cloud cloud;
  cloud.add(5);
  cloud.add(7);
  cloud.add(2);
  EXPECT_EQ(cloud.runs().size(), 3U);
  cloud.add(6);
  ASSERT_EQ(cloud.runs().size(), 2U);
  EXPECT_EQ(cloud.runs()[1], (Cloud::Run{5, 7}));
  cloud.add({1, 9});
  EXPECT_EQ(cloud.size(), 9U);
  EXPECT_EQ(cloud.runs().size(), 1U);
}

// Against a plain set, seeded.
TEST(TrackerCloud, IsASetOfTicks) {
  scenario::Rng rng(7);
  for (int round = 0; round != 200; ++round) {
    Cloud cloud;
    std::set<std::uint64_t> plain;
    for (int i = 0; i != 20; ++i) {
      const auto first = 1 + rng.below(40), last = first + rng.below(4);
      cloud.add({first, last});
      for (auto tick = first; tick <= last; ++tick) plain.insert(tick);
    }
    EXPECT_EQ(cloud.size(), plain.size());
    for (std::uint64_t tick = 1; tick != 50; ++tick) ASSERT_EQ(cloud.contains(tick), plain.contains(tick)) << tick;
    auto context = rng.below(40);
    const auto absorbed = cloud.absorb(context);
    std::erase_if(plain, [&](std::uint64_t tick) { return tick <= context; });
    while (plain.erase(context + 1)) ++context;
    EXPECT_EQ(absorbed, context);
    EXPECT_EQ(cloud.size(), plain.size());
  }
}

}  // namespace
}  // namespace phx::server::test
