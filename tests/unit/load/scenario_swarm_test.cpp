// Scenario files as users of a load run, unchanged: issue 7, point 2; design.md section 5.
#include <gtest/gtest.h>

#include <phx/scenario/scenario.hpp>

#include "scripted_wire.hpp"

namespace {

using namespace phx;
using namespace phx::load;
using namespace phx::load::test;

std::string file_of(const std::string& actors, const std::string& load = "load: { stages: [ { users: 3, for: 1s } ] }") {
  return "phxkit_scenario: 1\nname: test\nwithin: 200ms\nactors:\n" + actors + load + "\n";
}

/// A thousand runs of a user last longer than the run: a `wait` keeps it to one per second.
RunPart play(ScriptedServer& server, const std::string& text) {
  server.add_scenario(scenario_plan(text, "chat.yaml"));
  return server.finish();
}

constexpr const char* chat = R"(
  ada:
    - connect: { params: { user_id: "ada-{{ user }}" } }
    - join: { topic: "room:{{ user }}", as: room, expect: { status: ok } }
    - sync: in
    - push: { on: room, event: ping, payload: { n: "{{ seq }}", me: "{{ user }}" }, expect: { status: ok, response: { n: 1, me: "{{ user }}" } }, capture: { answer: /n } }
    - push: { on: room, event: new_msg, payload: { body: "hi {{ seq }} {{ answer }}" } }
    - wait: 900ms
    - leave: room
    - disconnect
  bob:
    - connect: {}
    - join: { topic: "room:{{ user }}", as: room }
    - sync: in
    - expect: { on: room, event: new_msg, payload: { body: !regex "^hi 2 1$" } }
    - refute: { on: room, event: gone, for: 50ms }
    - parallel:
        - - repeat: { times: 2, every: 20ms, steps: [ { push: { on: room, event: ping, payload: {}, expect: ok } } ] }
        - - wait: 10ms
    - wait: 800ms
)";

TEST(ScenarioSwarm, EveryUserPlaysTheFileToItsEnd) {
  ScriptedServer server;
  const RunPart part = play(server, file_of(chat));
  const Stats total = part.total();
  EXPECT_EQ(part.refusal, "");
  EXPECT_EQ(total[Counter::scenarios], 6u);  // 0.92 s each, and what has begun goes to its end
  EXPECT_EQ(total[Counter::scenarios_failed], 0u);
  EXPECT_EQ(total.errors(), 0u);
  EXPECT_EQ(part.users, (UserCounts{3, 3, 3, 0}));
  EXPECT_EQ(total[Counter::connects], 12u);  // two actors
  EXPECT_EQ(total[Counter::joins], 12u);
  EXPECT_EQ(total[Metric::join].max(), 2'000'000u);  // there and back
  EXPECT_EQ(total[Metric::reply].count(), 18u);
  EXPECT_EQ(total[Metric::reply].max(), 2'000'000u);
  EXPECT_GT(total[Metric::scenario].min(), 900'000'000u);
}

/// `expect` steps are what is delivered: `delivery.lost == 0` of a scenario's gates means something.
TEST(ScenarioSwarm, ADroppedMessageIsALostDeliveryAndAFailedExpectation) {
  std::vector<scenario::FaultRule> faults{{{.event = "new_msg", .nth = 2}, scenario::Drop{}}};
  ScriptedServer server(faults);
  const RunPart part = play(server, file_of(chat, "load: { stages: [ { users: 1, for: 950ms } ] }"));
  const Stats total = part.total();
  EXPECT_EQ(total[ErrorClass::expect_failed], 1u);
  EXPECT_EQ(total.errors(), 1u);
  Deliveries all;
  for (const auto& [topic, d] : part.ledger.reconcile()) all.add(d);
  EXPECT_EQ(all.lost, 1u);
  EXPECT_EQ(all.expected, all.received + all.lost);
  EXPECT_EQ(part.refusal.substr(0, part.refusal.find(" within")), "chat.yaml:19:7: bob: no 'new_msg' on room");
}

TEST(ScenarioSwarm, FailuresHaveTheirClasses) {
  struct Case {
    const char* steps;
    ErrorClass expected;
  };
  const Case cases[] = {
      {"    - join: { topic: room:1 }\n    - push: { event: ping, payload: { a: 1 }, expect: { status: ok, response: { a: 2 } } }\n",
       ErrorClass::unexpected_reply},
      {"    - join: { topic: room:1 }\n    - push: { event: new_msg, payload: {}, expect: ok }\n", ErrorClass::reply_timeout},
      {"    - join: { topic: room:1, expect: { status: error } }\n", ErrorClass::unexpected_reply},
      {"    - join: { topic: room:1 }\n    - refute: { event: new_msg, for: 100ms }\n    - expect: { event: nothing }\n",
       ErrorClass::expect_failed},
      {"    - join: { topic: room:1 }\n    - push: { event: new_msg, payload: {} }\n    - refute: { event: new_msg, for: 100ms }\n",
       ErrorClass::expect_failed},
      {"    - set: { x: \"{{ user / 0 }}\" }\n", ErrorClass::scenario_error},
      {"    - connect: {}\n", ErrorClass::scenario_error},  // connected already
      {"    - http: { url: /api, expect: { response: { token: other } } }\n", ErrorClass::http},
  };
  for (const Case& c : cases) {
    ScriptedServer server;
    const RunPart part =
        play(server, file_of(std::string("  one:\n    - connect: {}\n") + c.steps, "load: { stages: [ { users: 1, for: 20ms } ] }"));
    EXPECT_EQ(part.total()[c.expected], 1u) << c.steps << part.refusal;
    EXPECT_EQ(part.total().errors(), 1u) << c.steps << part.refusal;
    EXPECT_EQ(part.users.failed, 1u) << c.steps;
  }
}

TEST(ScenarioSwarm, ARefusedJoinIsOne) {
  ScriptedServer server;
  server.refuse_joins = true;
  const RunPart part =
      play(server, file_of("  one:\n    - connect: {}\n    - join: room:1\n", "load: { stages: [ { users: 1, for: 20ms } ] }"));
  EXPECT_EQ(part.total()[ErrorClass::join_refused], 1u);
  EXPECT_NE(part.refusal.find("unauthorized"), std::string::npos) << part.refusal;
}

TEST(ScenarioSwarm, RefusedAndLostConnections) {
  {
    ScriptedServer server;
    server.refuse_connections = true;
    const RunPart part = play(server, file_of("  one:\n    - connect: {}\n"));
    EXPECT_GE(part.total()[ErrorClass::connect_refused], 3u * 2u);  // they come again, ever more slowly
    EXPECT_LE(part.total()[ErrorClass::connect_refused], 3u * 6u);
    EXPECT_EQ(part.users, (UserCounts{3, 0, 0, 3}));
  }
  {
    ScriptedServer server;
    server.refuse_upgrades = true;
    const RunPart part = play(server, file_of("  one:\n    - connect: { expect: { refused: 403 } }\n    - wait: 2s\n"));
    EXPECT_EQ(part.total().errors(), 0u);
    EXPECT_EQ(part.total()[Counter::scenarios], 3u);
  }
  ScriptedServer server;
  server.add_scenario(
      scenario_plan(file_of("  one:\n    - connect: {}\n    - join: room:1\n    - expect: { event: never, within: 10s }\n"), "a.yaml"));
  server.run_until(500ms);
  server.cut_all();
  EXPECT_EQ(server.total()[ErrorClass::connection_lost], 3u);
  EXPECT_EQ(server.finish().users.joined, 3u);
}

TEST(ScenarioSwarm, SetupByHttpAndHeartbeats) {
  ScriptedServer server;
  Plan plan = scenario_plan(
      "phxkit_scenario: 1\nsetup: [ { http: { url: /api, capture: { token: /token } } } ]\nactors:\n  one:\n    - connect: { params: { "
      "token: \"{{ token }}\" } }\n"
      "    - wait: 3s\nload: { stages: [ { users: 2, over: 1s } ] }\n",
      "a.yaml");
  plan.heartbeat = 1s;
  server.add_scenario(std::move(plan));
  const RunPart part = server.finish();
  EXPECT_EQ(part.total()[Counter::scenarios], 2u);
  EXPECT_GE(part.total()[Counter::heartbeats], 4u);
  EXPECT_EQ(part.total()[Metric::heartbeat].max(), 2'000'000u);
  EXPECT_EQ(part.total().errors(), 0u);
}

TEST(ScenarioSwarm, ShardsDivideTheUsers) {
  ScriptedServer server;
  const Plan plan = scenario_plan(file_of(chat, "load: { stages: [ { users: 5, over: 500ms } ] }"), "chat.yaml");
  server.add_scenario(plan, 0, 2);
  server.add_scenario(plan, 1, 2);
  const RunPart part = server.finish();
  EXPECT_EQ(part.users, (UserCounts{5, 5, 5, 0}));
  EXPECT_EQ(part.total()[Counter::scenarios], 5u);
}

TEST(ScenarioPlan, StagesAndGatesAreThoseOfTheFile) {
  const Plan plan = scenario_plan(file_of(chat,
                                          "load: { stages: [ { users: 1000, over: 30s }, { users: 1000, for: 60s } ] }\ngates: [ "
                                          "\"join.p99 < 200ms\", \"delivery.lost == 0\" ]"),
                                  "chat.yaml");
  ASSERT_EQ(plan.stages.size(), 2u);
  EXPECT_TRUE(plan.stages[0].over);
  EXPECT_EQ(plan.length(), 90s);
  EXPECT_EQ(plan.peak_users(), 1000u);
  EXPECT_EQ(plan.peak_connections(), 2000u);
  ASSERT_EQ(plan.gates.size(), 2u);
  std::string feeder;
  const Plan again = parse_plan(plan_json(plan).dump(), "job", feeder);  // as it travels to workers
  EXPECT_EQ(plan_json(again), plan_json(plan));
}

TEST(ScenarioPlan, WhatALoadRunCannotDoIsToldWithPlaceAndRemedy) {
  const auto refused = [](const std::string& steps, const std::string& more = "") -> std::string {
    try {
      const Plan plan = scenario_plan("phxkit_scenario: 1\nactors:\n  one:\n" + steps + more, "a.yaml");
      check_scenario(plan, "ws://127.0.0.1:4000/socket");
    } catch (const scenario::FileError& e) { return e.what(); }
    return "";
  };
  EXPECT_EQ(refused("    - connect: { url: \"ws://127.0.0.1:4000/other\" }\n    - http: { url: \"http://127.0.0.1:4000/api\" }\n"), "");
  EXPECT_NE(refused("    - connect: { transport: longpoll }\n").find("a.yaml:4:7: users that play a scenario connect by WebSocket"),
            std::string::npos);
  EXPECT_NE(refused("    - connect: {}\n    - repeat: { times: 2, steps: [ { http: { url: \"http://other/x\" } } ] }\n").find("a.yaml:5:"),
            std::string::npos);
  EXPECT_NE(refused("    - connect: {}\n", "gates: [ \"join.p98 < 1s\" ]\n").find("a.yaml:5:10: gate 'join.p98 < 1s': there is no figure"),
            std::string::npos);
  EXPECT_NE(refused("    - connect: {}\n", "load: { stages: [ { users: 1000000000, for: 1s } ] }\n").find("a.yaml:5:"), std::string::npos);
  Plan plan = scenario_plan(file_of(chat), "a.yaml");
  EXPECT_THROW(apply({.rate = 5}, plan), std::invalid_argument);
  EXPECT_NO_THROW(apply({.users = 7, .duration = 2s}, plan));
  EXPECT_EQ(plan.peak_users(), 7u);
}

}  // namespace
