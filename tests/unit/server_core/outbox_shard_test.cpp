#include "world.hpp"

namespace phx::server::test {
namespace {

ChunkRef chunk_of(std::string bytes) {
  auto chunk = ChunkRef::make();
  chunk->bytes = std::move(bytes);
  return chunk;
}

std::string text_of(const Outbox& outbox) {
  std::string all;
  for (const auto& slice : outbox.slices()) all += slice.view();
  return all;
}

TEST(OutboxTest, SlicesThatContinueEachOtherMerge) {
  DirtyList dirty;
  Outbox outbox(dirty);
  const auto chunk = chunk_of("abcdef");
  outbox.push(chunk, 0, 2);
  outbox.push(chunk, 2, 3);
  outbox.push(chunk, 4, 6);
  EXPECT_EQ(outbox.slices().size(), 2U);
  EXPECT_EQ(text_of(outbox), "abcef");
  EXPECT_EQ(outbox.bytes(), 5U);
  EXPECT_THAT(dirty.outboxes, ElementsAre(&outbox));
}

TEST(OutboxTest, ConsumesAtEveryPosition) {
  for (std::size_t n = 0; n <= 5; ++n) {
    DirtyList dirty;
    Outbox outbox(dirty);
    const auto chunk = chunk_of("abcdef");
    outbox.push(chunk, 0, 3);
    outbox.push(chunk, 4, 6);
    outbox.consume(n);
    EXPECT_EQ(text_of(outbox), std::string("abcef").substr(n));
    EXPECT_EQ(outbox.bytes(), 5 - n);
    EXPECT_EQ(chunk->refs, 1 + outbox.slices().size());
  }
}

TEST(OutboxTest, HeldFramesFollowTheOnesAhead) {
  DirtyList dirty;
  Outbox outbox(dirty);
  const auto chunk = chunk_of("abc");
  outbox.hold();
  outbox.push(chunk, 1, 2);
  outbox.push(chunk, 2, 3);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes_owed(), 2u) << "what is held back counts against a slow reader";
  EXPECT_THAT(dirty.outboxes, testing::SizeIs(1)) << "so its owner has to look";
  outbox.push_ahead(chunk, 0, 1);
  outbox.release();
  EXPECT_EQ(text_of(outbox), "abc");
  EXPECT_EQ(outbox.bytes_owed(), 3u);
  outbox.release();
}

TEST(OutboxTest, LeavesTheDirtyListWhenItGoes) {
  DirtyList dirty;
  {
    Outbox outbox(dirty);
    outbox.mark_dirty();
  }
  EXPECT_THAT(dirty.outboxes, IsEmpty());
}

struct ShardTest : testing::Test {
  std::vector<int> seen;
  std::function<void()> note(int n) {
    return [this, n] { seen.push_back(n); };
  }
  int wakes = 0;
  Shard shard{0, [this] { ++wakes; }};
};

TEST_F(ShardTest, RunsTimersInOrderOfTimeThenOfSetting) {
  shard.set_now(Instant{});
  shard.send_after(2s, note(3));
  shard.send_after(1s, note(1));
  shard.send_after(1s, note(2));
  const auto cancelled = shard.send_after(1s, note(9));
  shard.cancel(cancelled);
  EXPECT_EQ(shard.next_deadline(), Instant{} + 1s);
  shard.set_now(Instant{} + 1s);
  shard.run();
  EXPECT_THAT(seen, ElementsAre(1, 2));
  shard.set_now(Instant{} + 5s);
  shard.run();
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
  EXPECT_FALSE(shard.next_deadline());
}

TEST_F(ShardTest, PostsKeepTheirOrderAndWakeOnce) {
  shard.post(note(1));
  shard.post(note(2));
  EXPECT_EQ(wakes, 1);
  shard.run();
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST_F(ShardTest, DeferredWorkRunsInThisTurn) {
  shard.defer([&] { shard.defer(note(2)); });
  shard.defer(note(1));
  shard.run();
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST_F(ShardTest, EndlessWorkLetsTheSocketsHaveTheirTurn) {
  std::function<void()> again = [&] { shard.defer(again); };
  again();
  shard.run();
  EXPECT_EQ(wakes, 1);
}

TEST_F(ShardTest, KnowsItsThread) {
  EXPECT_FALSE(shard.is_current());
  shard.defer([&] { seen.push_back(shard.is_current()); });
  shard.run();
  EXPECT_THAT(seen, ElementsAre(1));
}

// A slow reader's slice is not touched when the bytes of later turns are written.
TEST_F(ShardTest, FramesOfEarlierTurnsStay) {
  Outbox slow(shard.dirty()), fast(shard.dirty());
  shard.write_frame(slow, Opcode::text, "one");
  for (int i = 0; i < 1000; ++i) {
    shard.write_frame(fast, Opcode::text, "another");
    fast.consume(fast.bytes());
  }
  EXPECT_EQ(text_of(slow), std::string("\x81\x03one"));
}

}  // namespace
}  // namespace phx::server::test
