// server-behaviours A12, 189 and 191; server.md 8.4 "merge of two deltas".

#include <gtest/gtest.h>

#include "entries.hpp"

namespace phx::server::test {
namespace {

struct TrackerDeltaTest : ::testing::Test {
  TrackerState a = state_of("a", {"b"}), b = state_of("b", {"a"});

  TrackerDelta joined(TrackerState& state, const std::string& key) {
    state.join(entry(++actor, "lobby", key));
    return state.take_delta();
  }
  const DeltaPart& part(const TrackerDelta& delta, const std::string& name) { return delta.parts.at(ref(name)); }
  ActorId actor = 0;
};

// A12.189
TEST_F(TrackerDeltaTest, AGapIsNotMergedInEitherDirection) {
  auto first = joined(a, "k1");
  joined(a, "k2");
  auto third = joined(a, "k3");
  const auto before = first.size();
  EXPECT_FALSE(merge_deltas(first, third));
  EXPECT_FALSE(merge_deltas(third, first));
  EXPECT_EQ(first.size(), before);
  EXPECT_EQ(part(first, "a").range, (TickRange{0, 1}));
}

// A12.191
TEST_F(TrackerDeltaTest, MergingUnitesValuesCloudsAndRanges) {
  auto delta = joined(a, "k1");
  const auto second = joined(a, "k2"), other = joined(b, "k3");
  EXPECT_TRUE(merge_deltas(delta, second));
  EXPECT_TRUE(merge_deltas(delta, other));
  EXPECT_EQ(part(delta, "a").values.size(), 2U);
  EXPECT_EQ(part(delta, "a").range, (TickRange{0, 2}));
  EXPECT_EQ(part(delta, "b").values.size(), 1U);
  EXPECT_EQ(delta.size(), 6U);
  EXPECT_TRUE(merge_deltas(delta, second));
  EXPECT_EQ(delta.size(), 6U);
}

// A12.191: whichever comes first
TEST_F(TrackerDeltaTest, AnObservedRemoveDropsTheValueAndKeepsTheTag) {
  const auto join = joined(a, "k1");
  a.leave(1);
  const auto leave = a.take_delta();
  for (const bool in_order : {true, false}) {
    auto delta = in_order ? join : leave;
    ASSERT_TRUE(merge_deltas(delta, in_order ? leave : join));
    EXPECT_TRUE(part(delta, "a").values.empty());
    EXPECT_TRUE(part(delta, "a").cloud.contains(1));
    EXPECT_EQ(part(delta, "a").cloud.size(), 2U);
  }
}

// A12.191: the remove has seen k1 only
TEST_F(TrackerDeltaTest, AConcurrentAddWins) {
  b.merge(joined(a, "k1"));
  const auto again = joined(a, "k1");  // another actor under the same key
  a.leave(1);
  auto leave = a.take_delta();
  b.merge(leave);
  auto delta = again;
  ASSERT_TRUE(merge_deltas(delta, leave));
  ASSERT_EQ(part(delta, "a").values.size(), 1U);
  EXPECT_EQ(keys(b.merge(delta).joins), Texts{"k1"});
}

}  // namespace
}  // namespace phx::server::test
