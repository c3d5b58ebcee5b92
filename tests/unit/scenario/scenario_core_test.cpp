// Scenarios on virtual time against a scripted server: no sockets, no sleeping.
#include <phx/scenario/report.hpp>
#include <phx/scenario/scenario_core.hpp>

#include <phx/core/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace phx::scenario {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// A chat server in ten lines: joins anybody to anything but "private", replies to `ping`, broadcasts `new_msg`.
class World {
 public:
  explicit World(const std::string& yaml, RunOptions options = {.url = "ws://host/socket"})
      : core(std::make_shared<const Scenario>(parse_scenario("phxkit_scenario: 1\n" + yaml, "f.yaml")), std::move(options)) {}

  void start() {
    core.start(now, effects);
    settle();
  }
  void advance(Duration by) {
    const Instant end = now + by;
    for (;;) {
      const auto next = core.next_deadline();
      if (!next || *next > end) break;
      now = std::max(now, *next);
      core.on_deadline(now, effects);
      settle();
    }
    now = end;
  }
  template <class F>
  void feed(std::size_t actor, F input) {
    core.feed(actor, now, effects, [&](ActorCore& a, ActorEffects& o) { input(a, o); });
    settle();
  }
  void message(std::size_t actor, const std::string& event, const std::string& payload, std::uint32_t channel = 1) {
    feed(actor, [&](ActorCore& a, ActorEffects& o) { a.on_message(channel, event, payload, now, o); });
  }
  std::string failure() const { return core.failure() ? core.failure()->place.text() + " " + core.failure()->message : "none"; }

  Instant now{};
  ScenarioCore core;
  std::vector<std::string> log;
  bool silent = false;
  Refusal refuse{};

 private:
  void settle() {
    while (!effects.empty()) {
      const ScenarioEffect e = std::move(effects.front());
      effects.erase(effects.begin());
      std::visit([&](const auto& effect) { act(e.actor, effect); }, e.effect);
    }
  }
  void act(std::size_t actor, const OpenConnection& open) {
    log.push_back("open " + open.url + " " + open.params);
    if (silent) return;
    core.feed(actor, now, effects,
              [&](ActorCore& a, ActorEffects& o) { refuse.message.empty() ? a.on_open(now, o) : a.on_refused(refuse, now, o); });
  }
  void act(std::size_t actor, const SendJoin& join) {
    log.push_back("join " + join.topic + " " + join.payload);
    const bool ok = join.topic != "private";
    if (ok) members.push_back({actor, join.channel, join.topic});
    reply(actor, join.id, ok ? "ok" : "error", ok ? "{}" : R"({"reason":"unauthorized"})");
  }
  void act(std::size_t actor, const SendPush& push) {
    log.push_back("push " + push.event + " " + push.payload);
    std::string topic;
    for (const auto& m : members)
      if (m.actor == actor && m.channel == push.channel) topic = m.topic;
    if (push.event == "new_msg")
      for (const auto& m : members)
        if (m.topic == topic)
          core.feed(m.actor, now, effects,
                    [&](ActorCore& a, ActorEffects& o) { a.on_message(m.channel, "new_msg", push.payload, now, o); });
    if (push.event == "ping") reply(actor, push.id, "ok", push.payload);
  }
  void act(std::size_t actor, const SendLeave& leave) {
    log.push_back("leave");
    reply(actor, leave.id, "ok", "{}");
  }
  void act(std::size_t, const CloseConnection&) { log.push_back("close"); }
  void act(std::size_t actor, const SendHttp& http) {
    log.push_back(http.method + " " + http.url + " " + http.body);
    core.feed(actor, now, effects, [&](ActorCore& a, ActorEffects& o) { a.on_http(http.id, 201, R"({"token":"t-1"})", now, o); });
  }
  void act(std::size_t, const ReachSync&) { FAIL() << "stays inside"; }
  void act(std::size_t, const ActorFinished&) { FAIL() << "stays inside"; }
  void act(std::size_t, const ActorFailed&) { FAIL() << "stays inside"; }
  void reply(std::size_t actor, std::uint64_t id, const std::string& status, const std::string& response) {
    if (id != 0) core.feed(actor, now, effects, [&](ActorCore& a, ActorEffects& o) { a.on_reply(id, status, response, now, o); });
  }

  struct Member {
    std::size_t actor;
    std::uint32_t channel;
    std::string topic;
  };
  std::vector<Member> members;
  ScenarioEffects effects;
};

const std::string entered = "actors:\n  ada:\n    - connect: {}\n    - join: { topic: lobby, as: room }\n";

TEST(ScenarioCore, TwoPeopleChatAndMeet) {
  World w(R"(
actors:
  ada:
    - connect: { params: { user_id: "ada-{{ user }}" } }
    - join: { topic: "chat:{{ user % 10 }}", as: room }
    - sync: both
    - push: { on: room, event: new_msg, payload: { body: "hi {{ seq }}" } }
    - push: { on: room, event: ping, payload: { n: "{{ seq }}" }, expect: { status: ok, response: { n: 2 } } }
    - leave: room
    - disconnect
  bob:
    - wait: 3s
    - connect: {}
    - join: { topic: "chat:{{ user % 10 }}", as: room }
    - sync: both
    - expect: { on: room, event: new_msg, payload: { body: !regex "^hi " }, capture: { said: /body } }
    - push: { event: ping, payload: { again: "{{ said }}" } }
    - refute: { on: room, event: new_msg, for: 200ms }
)",
          {.url = "ws://host/socket", .user = 42});
  w.start();
  w.advance(2999ms);
  EXPECT_THAT(w.log, ElementsAre(R"(open ws://host/socket {"user_id":"ada-42"})", "join chat:2 {}"));
  w.advance(1ms);
  EXPECT_THAT(w.log,
              ElementsAre(R"(open ws://host/socket {"user_id":"ada-42"})", "join chat:2 {}", "open ws://host/socket {}", "join chat:2 {}",
                          R"(push new_msg {"body":"hi 1"})", R"(push ping {"n":2})", R"(push ping {"again":"hi 1"})", "leave", "close"));
  EXPECT_FALSE(w.core.ended());
  w.advance(200ms);
  EXPECT_TRUE(w.core.passed()) << w.failure();
  EXPECT_EQ(w.core.end() - w.core.began(), 3200ms);
}

TEST(ScenarioCore, AMissingMessageShowsTheNearestOne) {
  World w(entered + "    - expect: { on: room, event: new_msg, payload: { body: hi, n: !gt 3 }, within: 2s }\n");
  w.start();
  w.message(0, "other", "{}");
  w.message(0, "new_msg", R"({"body":"hi","n":1})");
  w.advance(1999ms);
  EXPECT_FALSE(w.core.ended());
  w.advance(1ms);
  EXPECT_EQ(w.failure(), "f.yaml:6:7 no 'new_msg' on room within 2s");
  EXPECT_THAT(w.core.failure()->details,
              ElementsAre("expected payload {\"body\": \"hi\", \"n\": > 3}", "nearest message, /n: expected > 3, got 1"));
  const std::string text = terminal_text(ScenarioReport::of(w.core, 1), {});
  EXPECT_THAT(text, HasSubstr("6 |     - expect: { on: room, event: new_msg"));
  EXPECT_THAT(text, HasSubstr("0.000s  < lobby new_msg {\"body\":\"hi\",\"n\":1}   <-- nearest"));
}

TEST(ScenarioCore, MessagesWaitInTheMailboxUntilTaken) {
  World w(entered + "    - wait: 1s\n    - expect: { event: b }\n    - expect: { event: a }\n    - refute: { event: a, for: 1s }\n");
  w.start();
  w.message(0, "a", "{}");
  w.message(0, "b", "{}");
  w.advance(2s);
  EXPECT_TRUE(w.core.passed()) << w.failure();
}

/// Users of a load run: there are thousands of them, and nobody reads what happened to each.
TEST(ScenarioCore, WithoutATimelineOnlyWhatAStepMayWantIsKept) {
  World w(entered +
              "    - wait: 1s\n    - expect: { event: b }\n    - expect: { event: a, payload: { n: 2 } }\n    - refute: { event: c, for: "
              "1s }\n",
          {.url = "ws://host/socket", .timeline = false});
  w.start();
  w.message(0, "a", R"({"n":1})");
  w.message(0, "a", R"({"n":2})");
  w.message(0, "b", "{}");
  w.message(0, "other", "{}");
  const auto& kept = w.core.actors()[0]->timeline();
  EXPECT_EQ(kept.size(), 3u);
  w.advance(1s);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].payload, R"({"n":1})");
  w.message(0, "c", "{}");
  EXPECT_EQ(w.failure(), "f.yaml:9:7 'c' came, and should not");
}

TEST(ScenarioCore, RefuteFailsForWhatCameBeforeAndWhatComes) {
  World before(entered + "    - wait: 1s\n    - refute: { event: a, payload: { n: 1 }, for: 1s }\n");
  before.start();
  before.message(0, "a", R"({"n":1})");
  before.advance(1s);
  EXPECT_EQ(before.failure(), "f.yaml:7:7 'a' came, and should not");
  World during(entered + "    - refute: { event: a, payload: { n: 1 }, for: 1s }\n");
  during.start();
  during.message(0, "a", R"({"n":2})");
  during.advance(500ms);
  EXPECT_FALSE(during.core.ended());
  during.message(0, "a", R"({"n":1})");
  EXPECT_EQ(during.failure(), "f.yaml:6:7 'a' came, and should not");
}

TEST(ScenarioCore, RefusedJoinsAreExpectedOrFail) {
  World expected(
      "actors:\n  ada:\n    - connect: {}\n    - join: { topic: private, expect: { status: error, response: { reason: unauthorized } } "
      "}\n");
  expected.start();
  EXPECT_TRUE(expected.core.passed()) << expected.failure();
  World surprise("actors:\n  ada:\n    - connect: {}\n    - join: private\n");
  surprise.start();
  EXPECT_EQ(surprise.failure(), "f.yaml:5:7 the reply to join is not 'ok'");
  EXPECT_THAT(surprise.core.failure()->details, ElementsAre(R"(expected status "ok", got "error" with {"reason":"unauthorized"})"));
}

TEST(ScenarioCore, PresenceIsExpectedAsAList) {
  World w(entered +
          "    - expect: { on: room, presence: { bob: { metas: [ { status: !capture status } ] }, eve: !absent }, within: 1s }\n    - "
          "push: { event: ping, payload: { s: \"{{ status }}\" } }\n");
  w.start();
  w.message(0, "presence_state", R"({"eve":{"metas":[{"phx_ref":"1"}]}})");
  EXPECT_FALSE(w.core.ended());
  w.message(0, "presence_diff",
            R"({"joins":{"bob":{"metas":[{"phx_ref":"2","status":"online"}]}},"leaves":{"eve":{"metas":[{"phx_ref":"1"}]}}})");
  EXPECT_TRUE(w.core.passed()) << w.failure();
  EXPECT_EQ(w.log.back(), R"(push ping {"s":"online"})");
}

TEST(ScenarioCore, ConnectionsAreRefusedStallOrAreLost) {
  const std::string connect = "actors:\n  ada:\n    - connect: { within: 1s }\n";
  World refused(connect);
  refused.refuse = {.http_status = 403, .message = "refused with status 403"};
  refused.start();
  EXPECT_EQ(refused.core.failure()->kind, FailureKind::cannot_connect);
  World wanted("actors:\n  ada:\n    - connect: { expect: { refused: 403 } }\n");
  wanted.refuse = {.http_status = 403, .message = "refused with status 403"};
  wanted.start();
  EXPECT_TRUE(wanted.core.passed());
  World taken("actors:\n  ada:\n    - connect: { expect: refused }\n");
  taken.start();
  EXPECT_EQ(taken.failure(), "f.yaml:4:7 the server took the connection, a refusal was expected");
  World stalled(connect);
  stalled.silent = true;
  stalled.start();
  stalled.advance(1s);
  EXPECT_EQ(stalled.core.failure()->kind, FailureKind::connect_timeout);
  World lost(entered + "    - expect: { event: a }\n");
  lost.start();
  lost.feed(0, [&](ActorCore& a, ActorEffects& o) { a.on_closed(1011, "boom", lost.now, o); });
  EXPECT_EQ(lost.failure(), "f.yaml:6:7 the connection was lost (close code 1011, boom)");
  World closed(entered + "    - expect: { closed: 1000, within: 1s }\n");
  closed.start();
  closed.feed(0, [&](ActorCore& a, ActorEffects& o) { a.on_closed(1000, "", closed.now, o); });
  EXPECT_TRUE(closed.core.passed()) << closed.failure();
}

TEST(ScenarioCore, RepeatsKeepTheirPaceAndBranchesRunSideBySide) {
  World w(entered + R"(    - parallel:
        - - repeat: { times: 3, every: 100ms, steps: [ { push: { event: a, payload: { n: "{{ counter }}" } } } ] }
        - - wait: 150ms
          - push: { event: b }
    - push: { event: c }
)");
  w.start();
  w.advance(1s);
  EXPECT_TRUE(w.core.passed()) << w.failure();
  EXPECT_EQ(w.core.end() - w.core.began(), 200ms);
  EXPECT_THAT(std::vector(w.log.begin() + 2, w.log.end()),
              ElementsAre(R"(push a {"n":1})", R"(push a {"n":2})", "push b {}", R"(push a {"n":3})", "push c {}"));
}

TEST(ScenarioCore, TheSetupRunsFirstAndItsVariablesAreEverybodys) {
  World w(R"(
vars: { role: admin }
setup:
  - http: { method: POST, url: /api/login, json: { role: "{{ role }}" }, expect: { status: 201 }, capture: { token: /token } }
actors:
  ada:
    - connect: { params: { token: "{{ token }}" } }
)");
  w.start();
  EXPECT_TRUE(w.core.passed()) << w.failure();
  EXPECT_THAT(w.log, ElementsAre(R"(POST http://host/api/login {"role":"admin"})", R"(open ws://host/socket {"token":"t-1"})"));
}

TEST(ScenarioCore, ATimeoutSaysWhereEverybodyWaits) {
  World w("timeout: 3s\n" + entered + "    - sync: never\n  bob:\n    - wait: 1h\n    - sync: never\n");
  w.start();
  w.advance(3s);
  EXPECT_EQ(w.core.failure()->kind, FailureKind::timeout);
  EXPECT_THAT(w.core.failure()->details, ElementsAre("ada waits at f.yaml:7:7 sync", "bob waits at f.yaml:9:7 wait"));
}

TEST(ScenarioCore, TemplatesThatFailTellTheirColumn) {
  World w(entered +
          "    - expect: { event: x, capture: { id: /id }, within: 1s }\n    - push: { event: x, payload: { a: \"{{ id.name }}\" } }\n");
  w.start();
  w.message(0, "x", R"({"id":7})");
  EXPECT_EQ(w.failure(), "f.yaml:7:7 in a template of this step, column 4: there is no 'id.name'");
}

TEST(ScenarioReports, MaskSecretsInMessages) {
  World w(entered + "    - push: { event: login, payload: { user: ada, opts: [ { api_Token: abc, n: 1 } ], password: p } }\n");
  w.start();
  const ScenarioReport report = ScenarioReport::of(w.core, 1);
  EXPECT_EQ(report.actors[0].timeline.back().payload,
            R"({"opts":[{"api_Token":"[FILTERED]","n":1}],"password":"[FILTERED]","user":"ada"})");
}

TEST(ScenarioReports, EscapeWhatTheServerSent) {
  World w(entered + "    - expect: { on: room, event: new_msg, payload: { body: \"<b>&\" }, within: 1s }\n");
  w.start();
  w.message(0, "new_msg", R"({"body":"<script>alert(1)</script>"})");
  w.advance(1s);
  TestReport report{.scenarios = {ScenarioReport::of(w.core, 2)}, .seed = 7, .seconds = 1, .skipped = 3};
  EXPECT_EQ(summary_text(report), "0 passed, 1 failed, 3 skipped in 1.000 s (seed 7)");
  EXPECT_THAT(html_page(report), HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(html_page(report), testing::Not(HasSubstr("<script>")));
  EXPECT_THAT(junit_xml(report), HasSubstr("<failure message=\"no 'new_msg' on room within 1s\""));
  EXPECT_THAT(tap_text(report), HasSubstr("not ok 1 - f\n  ---\n  message: \"no 'new_msg' on room within 1s\"\n  at: \"f.yaml:6:7\"\n"));
  const Json json = to_json(report.scenarios[0]);
  EXPECT_EQ(json["failure"]["line"], 6);
  EXPECT_EQ(json["failure"]["messages"].back()["event"], "new_msg");
}

}  // namespace
}  // namespace phx::scenario
