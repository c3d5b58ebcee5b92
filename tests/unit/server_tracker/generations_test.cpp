// server-behaviours A13, 192 to 195; server.md 8.4 "delta generations".

#include <gtest/gtest.h>

#include <phx/server/delta_generations.hpp>

#include "entries.hpp"

namespace phx::server::test {
namespace {

struct DeltaGenerationsTest : ::testing::Test {
  TrackerState a = state_of("a", {"b", "c"}), b = state_of("b", {"a", "c"});
  DeltaGenerations generations{{2, 6, 20}};
  ActorId actor = 0;

  TrackerDelta joined(TrackerState& state) {
    ++actor;
    state.join(entry(actor, "lobby", "k" + std::to_string(actor)));
    return state.take_delta();
  }
  std::vector<std::uint64_t> sizes() const {
    std::vector<std::uint64_t> out;
    for (const auto& generation : generations.generations()) out.push_back(generation.size());
    return out;
  }
  using Sizes = std::vector<std::uint64_t>;
};

// A13.192
TEST_F(DeltaGenerationsTest, EachKeepsAsMuchHistoryAsItsSizeAllows) {
  const auto first = joined(a);
  generations.push(first);
  EXPECT_EQ(sizes(), (Sizes{2, 2, 2}));
  generations.push(first);
  EXPECT_EQ(sizes(), (Sizes{2, 2, 2}));
  generations.push(joined(a));
  EXPECT_EQ(sizes(), (Sizes{2, 4, 4}));
  generations.push(joined(b));
  EXPECT_EQ(sizes(), (Sizes{2, 6, 6}));
  generations.push(joined(a));
  EXPECT_EQ(sizes(), (Sizes{2, 2, 8}));
  a.leave(1);
  generations.push(a.take_delta());  // the tag without value and the removal's tick
  EXPECT_EQ(sizes(), (Sizes{2, 4, 8}));
  const auto& oldest = generations.generations()[2];
  EXPECT_FALSE(oldest.parts.at(ref("a")).values.contains(1));
  EXPECT_TRUE(oldest.parts.at(ref("a")).cloud.contains(1));
}

// A13.193
TEST_F(DeltaGenerationsTest, AGapChangesNothing) {
  generations.push(joined(a));
  joined(a);
  generations.push(joined(a));
  EXPECT_EQ(sizes(), (Sizes{2, 2, 2}));
  EXPECT_EQ(generations.generations()[0].parts.at(ref("a")).range, (TickRange{0, 1}));
}

// A13.194
TEST_F(DeltaGenerationsTest, RemovedReplicasArePruned) {
  generations.push(joined(a));
  generations.push(joined(b));
  generations.remove_replica(ref("a"));
  for (const auto& generation : generations.generations()) EXPECT_FALSE(generation.parts.contains(ref("a")));
  EXPECT_EQ(sizes(), (Sizes{2, 2, 2}));
}

// A13.195
TEST_F(DeltaGenerationsTest, ExtractFindsTheFirstThatCovers) {
  joined(a);
  EXPECT_TRUE(generations.extract(a, ref("c"), {{ref("a"), 0}}).whole);  // no deltas
  generations.push(joined(a));
  generations.push(joined(a));
  const auto extracted = [&](Clocks known) { return generations.extract(a, ref("c"), known); };
  EXPECT_EQ(extracted({{ref("a"), 2}}).parts.at(ref("a")).range, (TickRange{2, 3}));
  EXPECT_EQ(extracted({{ref("a"), 1}}).parts.at(ref("a")).range, (TickRange{1, 3}));
  EXPECT_TRUE(extracted({{ref("a"), 0}}).whole);
  EXPECT_EQ(extracted({{ref("a"), 2}, {ref("x"), 9}}).parts.size(), 1U);  // replicas only one side knows do not matter
}

// A13.195: c lacks changes of b that the deltas of a alone do not have
TEST_F(DeltaGenerationsTest, ADeltaThatDoesNotDominateOnCommonReplicasIsSkipped) {
  a.merge(joined(b));
  generations.push(joined(a));
  EXPECT_FALSE(generations.extract(a, ref("c"), {{ref("a"), 0}, {ref("b"), 1}}).whole);
  EXPECT_TRUE(generations.extract(a, ref("c"), {{ref("a"), 0}, {ref("b"), 0}}).whole);
}

// A13.195
TEST_F(DeltaGenerationsTest, AnEmptyDeltaIsSkipped) {
  joined(a);
  generations.push(a.take_delta());
  EXPECT_TRUE(generations.extract(a, ref("c"), {{ref("a"), 1}}).whole);
}

// 8.4: a whole state clears them; and nothing of the receiver's own is sent back, or it would take it for a removal
TEST_F(DeltaGenerationsTest, WholeStatesClearAndOwnPartsStayHome) {
  generations.push(joined(a));
  generations.push(joined(b));
  EXPECT_FALSE(generations.extract(a, ref("b"), a.clocks()).parts.contains(ref("b")));
  generations.push(b.extract(ref("a"), a.clocks()));
  EXPECT_TRUE(generations.generations().empty());
}

}  // namespace
}  // namespace phx::server::test
