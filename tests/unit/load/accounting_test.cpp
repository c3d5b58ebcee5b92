#include <gtest/gtest.h>

#include "scripted_wire.hpp"

namespace {

using namespace phx;
using namespace phx::load;
using namespace phx::load::test;

Plan broadcast_plan(std::uint32_t users, double rate, Duration hold) {
  Plan plan = *preset("broadcast");
  apply({.users = users, .rate = rate, .ramp = Duration(1s), .duration = hold}, plan);
  return plan;
}

Deliveries whole(const RunPart& part) {
  Deliveries out;
  for (const auto& [topic, d] : part.ledger.reconcile()) out.add(d);
  return out;
}

TEST(Accounting, EveryDeliveryIsExpectedAndComes) {
  ScriptedServer server;
  server.add(broadcast_plan(50, 20, 10s));
  const RunPart part = server.finish();
  EXPECT_EQ(whole(part), (Deliveries{.expected = 200 * 50, .received = 200 * 50}));
  EXPECT_EQ(server.sent_broadcasts, 200u * 50);
  EXPECT_EQ(part.total()[Metric::delivery].count(), 10'000u);
  EXPECT_EQ(part.total()[Metric::delivery].max(), 2'000'000u);
}

/// A server that drops, doubles, reorders exactly known messages is caught with the exact numbers, whatever the number of shards.
TEST(Accounting, FaultsAreCountedExactlyAcrossShards) {
  for (const std::uint32_t parts : {1u, 3u}) {
    std::vector<scenario::FaultRule> faults;
    for (const std::uint64_t nth : {100u, 5000u, 9000u}) faults.push_back({{.event = "new_msg", .nth = nth}, scenario::Drop{}});
    for (const std::uint64_t nth : {200u, 7000u}) faults.push_back({{.event = "new_msg", .nth = nth}, scenario::Duplicate{}});
    for (const std::uint64_t nth : {300u, 301u, 3000u, 8000u}) faults.push_back({{.event = "new_msg", .nth = nth}, scenario::Reorder{}});
    ScriptedServer server(faults);
    for (std::uint32_t p = 0; p < parts; ++p) server.add(broadcast_plan(50, 20, 10s), p, parts);
    const RunPart part = server.finish();
    const Deliveries d = whole(part);
    EXPECT_EQ(d.expected, 10'000u) << parts;
    EXPECT_EQ(d.lost, 3u) << parts;
    EXPECT_EQ(d.duplicate, 2u) << parts;
    EXPECT_EQ(d.out_of_order, 4u) << parts;
    EXPECT_EQ(d.received, 9'997u) << parts;
  }
}

/// Users join and leave all the time, also in the middle of broadcasts: nothing is owed to those who were not there, and nothing is
/// missed for those who were.
TEST(Accounting, ComingsAndGoingsNeverCountAsLosses) {
  for (const std::uint32_t parts : {1u, 2u}) {
    ScriptedServer server;
    Plan plan = *preset("churn");
    apply({.users = 60, .rate = 97, .ramp = Duration(1s), .duration = Duration(30s)}, plan);
    for (std::uint32_t p = 0; p < parts; ++p) server.add(plan, p, parts);
    const RunPart part = server.finish();
    const Deliveries d = whole(part);
    EXPECT_GT(part.total()[Counter::leaves], 300u);
    EXPECT_GT(d.expected, 90'000u);
    EXPECT_EQ(d.lost, 0u);
    EXPECT_EQ(d.received, d.expected);
    EXPECT_LE(d.received, server.sent_broadcasts);
    EXPECT_EQ(d.duplicate + d.out_of_order, 0u);
  }
}

TEST(Accounting, WithChurnAFaultIsStillSeen) {
  ScriptedServer server(
      {{{.event = "new_msg", .nth = 20'000}, scenario::Drop{}}, {{.event = "new_msg", .nth = 30'000}, scenario::Duplicate{}}});
  Plan plan = *preset("churn");
  apply({.users = 60, .rate = 97, .ramp = Duration(1s), .duration = Duration(30s)}, plan);
  server.add(plan, 0, 2);
  server.add(plan, 1, 2);
  const Deliveries d = whole(server.finish());
  EXPECT_EQ(d.lost, 1u);
  EXPECT_EQ(d.duplicate, 1u);
}

TEST(Accounting, TopicsAndPublishersAreKeptApart) {
  ScriptedServer server({{{.topic = "room:load:2", .event = "new_msg", .nth = 7}, scenario::Drop{}}});
  Plan plan = broadcast_plan(40, 40, 5s);
  apply({.topics = 4, .publishers = 8}, plan);
  server.add(plan);
  const auto topics = server.finish().ledger.reconcile();
  ASSERT_EQ(topics.size(), 4u);
  for (const auto& [name, d] : topics) {
    EXPECT_EQ(d.expected, 50u * 10) << name;
    EXPECT_EQ(d.lost, name == "room:load:2" ? 1u : 0u) << name;
  }
}

TEST(Accounting, LateIsReceivedAndSaid) {
  ScriptedServer server({{{.event = "new_msg", .nth = 50}, scenario::Delay{.by = 1500ms}}});
  server.add(broadcast_plan(2, 2, 30s));
  const Deliveries d = whole(server.finish());
  EXPECT_EQ(d.lost, 0u);
  EXPECT_GE(d.late, 1u);
}

TEST(Accounting, ACutLosesNothingThatWasOwed) {
  ScriptedServer server;
  Plan plan = broadcast_plan(30, 50, 20s);
  plan.profiles[0].reconnect = true;
  server.add(plan);
  server.run_until(5s + 500us);
  server.cut_all();
  const Deliveries d = whole(server.finish());
  EXPECT_EQ(d.lost, 0u);
  EXPECT_GT(d.expected, 20'000u);
}

}  // namespace
