#include <gtest/gtest.h>

#include "scripted_wire.hpp"

namespace {

using namespace phx;
using namespace phx::load;
using namespace phx::load::test;

Plan plan_of(const std::string& name, std::uint32_t users, Duration ramp, Duration hold) {
  Plan plan = *preset(name);
  apply({.users = users, .ramp = ramp, .duration = hold}, plan);
  return plan;
}

TEST(Swarm, JoinsAllAndTimesEachPhase) {
  ScriptedServer server;
  server.add(plan_of("join", 50, 1s, 1s));
  const RunPart part = server.finish();
  const Stats total = part.total();
  EXPECT_EQ(part.users, (UserCounts{50, 50, 50, 0}));
  EXPECT_EQ(total[Metric::join].count(), 50u);
  EXPECT_EQ(total[Metric::join].max(), 2'000'000u);  // there and back
  EXPECT_EQ(total[Metric::tcp].max(), 1'000'000u);
  EXPECT_EQ(total[Metric::upgrade].max(), 2'000'000u);
  EXPECT_EQ(total[Metric::connect].max(), 3'000'000u);
  EXPECT_EQ(total[Metric::lag].max(), 0u);
  EXPECT_EQ(total.errors(), 0u);
}

TEST(Swarm, EchoKeepsItsRateAndMeasuresReplies) {
  ScriptedServer server;
  Plan plan = plan_of("echo", 10, 1s, 10s);
  apply({.rate = 100}, plan);
  server.add(plan);
  const Stats total = server.finish().total();
  EXPECT_EQ(total[Counter::pushes], 1000u);
  EXPECT_EQ(total[Counter::replies], 1000u);
  EXPECT_EQ(total[Metric::reply].max(), 2'000'000u);
}

/// No coordinated omission: what should have been sent during the stall counts with the time it really took.
TEST(Swarm, AServerStalledForTwoSecondsShowsAsTwoSeconds) {
  ScriptedServer server;
  server.stall_from = 5s;
  server.stall_to = 7s;
  Plan plan = plan_of("echo", 10, 1s, 20s);
  apply({.rate = 100}, plan);
  server.add(plan);
  const Stats total = server.finish().total();
  EXPECT_EQ(total[Counter::replies], 2000u);
  EXPECT_GT(total[Metric::reply].percentile(99), 1'700'000'000u);  // a tenth of all wait between 0 and 2 s
  EXPECT_NEAR(static_cast<double>(total[Metric::reply].max()), 2.0e9, 0.02e9);
  EXPECT_LT(total[Metric::reply].percentile(85), 3'000'000u);
}

/// The same with a closed loop: one push waits, and only one; the schedule is what makes the difference.
TEST(Swarm, AClosedLoopHidesTheStallWhichIsWhyItIsNotTheDefault) {
  ScriptedServer server;
  server.stall_from = 5s;
  server.stall_to = 7s;
  Plan plan = plan_of("echo", 1, 0s, 20s);
  apply({.inflight = 1}, plan);
  server.add(plan);
  const Stats total = server.finish().total();
  EXPECT_LT(total[Metric::reply].percentile(99), 3'000'000u);
  EXPECT_NEAR(static_cast<double>(total[Metric::reply].max()), 2.0e9, 0.02e9);
}

/// Issue 7, point 4, "watches its own … loop lag": also of a closed loop, which has no schedule.
TEST(Swarm, ALoopThatSleptIsLateWithoutAScheduleToo) {
  ScriptedServer server;
  server.asleep_from = 3s;
  server.asleep_to = 4s;
  Plan plan = plan_of("echo", 2, 0s, 10s);
  apply({.inflight = 1}, plan);
  server.add(plan);
  const Stats total = server.finish().total();
  EXPECT_GT(total[Counter::replies], 8000u);
  EXPECT_LT(total[Metric::lag].count(), 1010u);  // beats and arrivals, not pushes: they would hide the lag
  EXPECT_NEAR(static_cast<double>(total[Metric::lag].max()), 1.0e9, 0.03e9);
  EXPECT_GT(total[Metric::lag].percentile(99), 850'000'000u);  // a tenth of the time, 0 to 1 s late
  EXPECT_LT(total[Metric::lag].percentile(85), 1'000'000u);
}

TEST(Swarm, RefusalsHaveTheirClassesAndFailTheUser) {
  {
    ScriptedServer server;
    server.refuse_joins = true;
    server.add(plan_of("join", 5, 0s, 1s));
    const RunPart part = server.finish();
    EXPECT_EQ(part.users, (UserCounts{5, 5, 0, 5}));
    EXPECT_EQ(part.total()[ErrorClass::join_refused], 5u);
    EXPECT_NE(part.refusal.find("unauthorized"), std::string::npos);
  }
  {
    ScriptedServer server;
    server.refuse_upgrades = true;
    server.add(plan_of("join", 5, 0s, 1s));
    const RunPart part = server.finish();
    EXPECT_EQ(part.users, (UserCounts{5, 0, 0, 5}));
    EXPECT_EQ(part.total()[ErrorClass::upgrade_refused], 5u);
  }
  ScriptedServer server;
  server.refuse_connections = true;
  server.add(plan_of("connect", 5, 0s, 1s));
  const RunPart part = server.finish();
  EXPECT_EQ(part.total()[ErrorClass::connect_refused], 5u);
  EXPECT_EQ(part.users.failed, 5u);
}

TEST(Swarm, AStormIsCountedUntilAllAreBack) {
  ScriptedServer server;
  server.add(plan_of("storm", 40, 1s, 10s));
  const RunPart part = server.finish();
  EXPECT_EQ(part.total()[Metric::recovery].count(), 40u);
  EXPECT_LT(part.total()[Metric::recovery].max(), 1'000'000'000u);
  EXPECT_EQ(part.total()[Counter::joins], 80u);
  EXPECT_EQ(part.users, (UserCounts{40, 40, 40, 0}));
}

TEST(Swarm, LostConnectionsComeBackWhereThePlanSaysSo) {
  ScriptedServer server;
  Plan plan = plan_of("idle", 20, 0s, 10s);
  plan.profiles[0].reconnect = true;
  server.add(plan);
  server.run_until(3s);
  server.cut_all();
  server.refuse_connections = true;
  server.run_until(4s);
  server.refuse_connections = false;
  const RunPart part = server.finish();
  EXPECT_EQ(part.total()[Metric::recovery].count(), 20u);
  EXPECT_EQ(part.total()[ErrorClass::connection_lost], 20u);
  EXPECT_GT(part.total()[ErrorClass::connect_refused], 20u);
}

TEST(Swarm, ArrivalsAreAnOpenModel) {
  ScriptedServer server;
  Plan plan = plan_of("idle", 1, 0s, 20s);
  plan.arrivals = 50;
  plan.profiles[0].stay = {.kind = Distribution::Kind::fixed, .a = 1s, .b = {}};
  Swarm& swarm = server.add(plan);
  server.run_until(10s);
  EXPECT_NEAR(static_cast<double>(swarm.joined()), 50, 30);  // 50 per second, each stays a second
  const RunPart part = server.finish();
  EXPECT_NEAR(static_cast<double>(part.users.planned), 1000, 120);
  EXPECT_EQ(part.users.joined, part.users.planned);
}

TEST(Swarm, RepliesThatNeverComeAreTimeouts) {
  ScriptedServer server({{.when = {.event = "phx_reply", .nth = 30}, .fault = scenario::Drop{}}});
  Plan plan = plan_of("echo", 1, 0s, 20s);
  plan.timeout = 2s;
  apply({.rate = 10}, plan);
  server.add(plan);
  const Stats total = server.finish().total();
  EXPECT_EQ(total[ErrorClass::reply_timeout], 1u);
  EXPECT_EQ(total[Counter::pushes], total[Counter::replies] + 1);
}

TEST(Swarm, HeartbeatsAreSentAndMissedOnesEndTheConnection) {
  ScriptedServer server;
  Plan plan = plan_of("idle", 3, 0s, 60s);
  plan.heartbeat = 10s;
  server.add(plan);
  server.stall_from = 30s;
  server.stall_to = 59s;
  const Stats total = server.finish().total();
  EXPECT_GE(total[Metric::heartbeat].count(), 6u);
  EXPECT_EQ(total[ErrorClass::heartbeat_timeout], 3u);
}

/// Issue 7, point 10. What they do not do is their misbehaviour, not a generator that found no time (exit 6).
TEST(Swarm, HostileUsersLeaveNothingUndone) {
  for (const char* kind : {"slow-reader", "silent", "join-flood"}) {
    ScriptedServer server;
    Plan plan = plan_of("echo", 5, 0s, 5s);
    apply({.hostile = kind}, plan);
    server.add(plan);
    const RunPart part = server.finish();
    EXPECT_EQ(part.users.joined, 5u) << kind;
    EXPECT_EQ(part.total()[Counter::skipped], 0u) << kind;
    EXPECT_EQ(part.total()[Counter::pushes], 0u) << kind;
  }
}

/// What is late is not lost, as long as --drain has patience (seen with a server that was starved at the end of a run).
TEST(Swarm, WaitsForALateLastBroadcastBeforeItClosesItsBooks) {
  constexpr std::uint64_t last = 10 * 50;  // 10 members, 50 broadcasts
  ScriptedServer server({{.when = {.event = "new_msg", .nth = last}, .fault = scenario::Delay{.by = 3s}}});
  Plan plan = plan_of("broadcast", 10, 1s, 5s);
  plan.drain = 5s;
  server.add(plan);
  const RunPart part = server.finish();
  EXPECT_EQ(part.total()[Counter::deliveries], last);
  EXPECT_EQ(part.ledger.reconcile().at("room:load").lost, 0u);
}

}  // namespace
