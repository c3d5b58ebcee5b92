#include <phx/scenario/fault_script.hpp>

#include <gtest/gtest.h>

#include <phx/core/json.hpp>

namespace phx::scenario {
namespace {

using namespace std::chrono_literals;

FaultSteps steps(const char* text) {
  const auto parsed = parse_fault(Json::parse(text));
  EXPECT_TRUE(parsed) << parsed.error();
  return parsed ? *parsed : FaultSteps{};
}

FaultSteps one(FaultRule rule, Duration at = {}, std::optional<Duration> lasting = {}) {
  return {{at, RuleStep{std::move(rule), lasting}}};
}

// design.md section 5, mock: the shapes of its example
TEST(FaultParse, ReadsEveryKind) {
  EXPECT_EQ(steps(R"({"drop":{"event":"new_msg","nth":10}})"), one({{.event = "new_msg", .nth = 10}, Drop{}}));
  EXPECT_EQ(steps(R"({"close":{"code":1012,"at":"30s"}})"), (FaultSteps{{30s, CloseAll{1012, {}}}}));
  EXPECT_EQ(steps(R"({"half_open":{"at":"1s"}})"), (FaultSteps{{1s, SilenceAll{}}}));
  EXPECT_EQ(steps(R"({"half_open":{"event":"x"}})"), one({{.event = "x"}, HalfOpen{}}));
  EXPECT_EQ(steps(R"({"delay":{"by":"50ms","jitter":"20ms","overtaking":true,"direction":"in","for":"2s"}})"),
            one({{.direction = Direction::to_client}, Delay{50ms, 20ms, true}}, {}, 2s));
  EXPECT_EQ(steps(R"({"duplicate":{"copies":2,"topic":"room:*"}})"), one({{.topic = "room:*"}, Duplicate{2}}));
  EXPECT_EQ(steps(R"({"reorder":{"behind":2,"at_most":"3s","limit":1}})"), one({{.limit = 1}, Reorder{2, 3s}}));
  EXPECT_EQ(steps(R"({"corrupt":{"bytes":3,"probability":0.5}})"), one({{.probability = 0.5}, Corrupt{3}}));
  EXPECT_EQ(steps(R"({"never_reply":null})"), one({{}, NeverReply{}}));
  EXPECT_EQ(steps(R"({"error_reply":{"response":{"reason":"no"}}})"), one({{}, AnswerWith{"error", R"({"reason":"no"})"}}));
  EXPECT_EQ(steps(R"({"refuse_upgrade":{"status":503,"headers":{"retry-after":1},"body":"busy"}})"),
            one({{}, RefuseUpgrade{503, {{"retry-after", "1"}}, "busy"}}));
  for (const auto name : fault_scenario_names()) EXPECT_FALSE(steps(Json{{"scenario", name}}.dump().c_str()).empty());
}

TEST(FaultParse, SaysWhatIsWrongAndWhatWouldBeRight) {
  const auto error = [](const char* text) {
    const auto parsed = parse_fault(Json::parse(text));
    return parsed ? std::string("fine") : parsed.error();
  };
  EXPECT_EQ(error(R"([])"), R"(a fault is one name with its conditions, as in {"drop": {"event": "new_msg", "nth": 10}})");
  EXPECT_EQ(error(R"({"dorp":{}})"), "unknown fault 'dorp', did you mean 'drop'?");
  EXPECT_EQ(error(R"({"drop":{"evnt":"x"}})"), "drop: unknown key 'evnt'; known are: direction, topic, event, nth, limit, probability");
  EXPECT_EQ(error(R"({"drop":7})"), R"(drop: expected its conditions, as in {"drop": {"event": "new_msg"}})");
  EXPECT_EQ(error(R"({"delay":{"by":"50"}})"), "delay.by: '50' is no time; write 200ms, 1.5s or 2m");
  EXPECT_EQ(error(R"({"drop":{"probability":2}})"), "drop.probability: expected a number from 0 to 1, not 2");
  EXPECT_EQ(error(R"({"close":{"code":17}})"), "close.code: expected 1000 to 4999, or 1006 for a loss without close frame");
  EXPECT_EQ(error(R"({"refuse_upgrade":{"status":200}})"), "refuse_upgrade.status: expected 300 to 599");
  EXPECT_EQ(error(R"({"scenario":"deplo"})"), "unknown fault scenario 'deplo', did you mean 'deploy'?");
  EXPECT_EQ(error(R"({"drop":{"direction":"up"}})"), "drop.direction: expected out (to the server) or in, not 'up'");
}

TEST(FaultScript, RunsItsStepsAtTheirTimes) {
  FaultEngine engine({});
  FaultScript script(engine);
  const Instant start{};
  script.add(*fault_scenario("deploy"), start);
  EXPECT_EQ(script.next_deadline(), start + 1s);
  std::vector<FaultScript::Action> out;
  script.on_deadline(start + 999ms, out);
  EXPECT_TRUE(out.empty() && engine.rules().empty());
  script.on_deadline(start + 1s, out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(std::get<CloseAll>(out[0]), (CloseAll{1012, {}}));
  ASSERT_EQ(engine.rules().size(), 1u);
  EXPECT_EQ(engine.on_upgrade()->status, 503);
  EXPECT_EQ(script.next_deadline(), start + 2500ms);
  script.on_deadline(start + 2500ms, out);
  EXPECT_EQ(engine.on_upgrade(), std::nullopt);
  EXPECT_EQ(script.next_deadline(), std::nullopt);
}

TEST(FaultScript, ClearTakesRulesAndPlansAway) {
  FaultEngine engine({});
  FaultScript script(engine);
  script.add(*fault_scenario("overload"), Instant{});
  std::vector<FaultScript::Action> out;
  script.on_deadline(Instant{} + 1s, out);
  EXPECT_EQ(engine.rules().size(), 3u);
  script.clear();
  EXPECT_TRUE(engine.rules().empty());
  EXPECT_EQ(script.next_deadline(), std::nullopt);
}

TEST(FaultEngine, TellsWhenARuleStrikes) {
  std::vector<std::string> told;
  FaultEngine engine({});
  engine.add({{.event = "new", .nth = 2}, Drop{}});
  engine.on_strike([&](const FaultRule& rule) { told.push_back(describe(rule)); });
  FaultLink link(engine, core::v2_serializer());
  LinkActions out;
  for (int i = 0; i < 3; ++i) link.on_message({Direction::to_server, core::Opcode::text, R"(["1","2","t","new",{}])"}, Instant{}, out);
  EXPECT_EQ(out.size(), 2u);
  EXPECT_EQ(told, std::vector<std::string>{"drop event=new nth=2"});
  engine.remove({{.event = "new", .nth = 2}, Drop{}});
  EXPECT_TRUE(engine.rules().empty());
}

}  // namespace
}  // namespace phx::scenario
