// The log of stored pushes. Every prefix of a log is a log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/core/client/push_log.hpp>

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

StoredPush push(std::string id, std::string payload = "{}") {
  return {.id = std::move(id), .topic = "room:lobby", .event = "order", .payload = std::move(payload), .until = 1'700'000'000'000};
}

std::string log_of(std::initializer_list<StoredPush> pushes) {
  std::string log(push_log_head);
  for (const StoredPush& p : pushes) append_put(log, p);
  return log;
}

TEST(PushLog, KeepsPushesInOrderWithAllTheirFields) {
  StoredPush bytes = push("b", std::string("\0\xff", 2));
  bytes.kind = PayloadKind::binary;
  bytes.until = -1;
  const std::string log = log_of({push("a", R"({"n":1})"), bytes});
  const auto read = read_push_log(log);
  ASSERT_TRUE(read);
  EXPECT_THAT(read->pushes, ElementsAre(push("a", R"({"n":1})"), bytes));
  EXPECT_EQ(read->valid_bytes, log.size());
  EXPECT_EQ(read->live_bytes, log.size());
}

TEST(PushLog, RemovedOnesAreGoneAndAPutAgainTakesItsNewTurn) {
  std::string log = log_of({push("a"), push("b"), push("c")});
  append_remove(log, "b");
  append_put(log, push("a", "[2]"));
  EXPECT_THAT(read_push_log(log)->pushes, ElementsAre(push("c"), push("a", "[2]")));
  EXPECT_EQ(read_push_log(log)->live_bytes, log_of({push("c"), push("a", "[2]")}).size());
}

TEST(PushLog, ATornTailCostsOnlyItself) {
  const std::string one = log_of({push("a")});
  const std::string two = log_of({push("a"), push("b")});
  for (std::size_t cut = 0; cut <= two.size(); ++cut) {
    const auto read = read_push_log(std::string_view(two).substr(0, cut));
    ASSERT_TRUE(read) << cut;
    const std::size_t whole = cut < push_log_head.size() ? 0
                              : cut < one.size()         ? push_log_head.size()
                              : cut < two.size()         ? one.size()
                                                         : two.size();
    EXPECT_EQ(read->valid_bytes, whole) << cut;
    EXPECT_EQ(read->pushes.size(), (cut >= one.size() ? 1u : 0u) + (cut == two.size() ? 1u : 0u)) << cut;
  }
}

TEST(PushLog, AFlippedBitEndsTheLogBeforeIt) {
  const std::string one = log_of({push("a")});
  const std::string two = log_of({push("a"), push("b")});
  for (std::size_t at = one.size(); at < two.size(); ++at) {
    std::string bad = two;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_THAT(read_push_log(bad)->pushes, ElementsAre(push("a"))) << at;
  }
}

TEST(PushLog, OtherFilesAreRefused) {
  EXPECT_EQ(read_push_log("#!/bin/sh\n").error(), Errc::bad_envelope);
  EXPECT_THAT(read_push_log("")->pushes, IsEmpty());
}

TEST(PushLog, LimitsAreKept) {
  EXPECT_EQ(read_push_log(log_of({push("a"), push("b")}), {.max_pushes = 1}).error(), Errc::message_too_large);
  EXPECT_EQ(read_push_log(log_of({push("a", std::string(100, ' '))}), {.max_record = 100}).error(), Errc::message_too_large);
}

}  // namespace
}  // namespace phx::core
