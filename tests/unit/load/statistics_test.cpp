#include <gtest/gtest.h>
#include <phx/core/json.hpp>
#include <phx/load/result.hpp>

namespace {

using namespace phx;
using namespace phx::load;
using namespace std::chrono_literals;

RunPart some_part(int salt) {
  RunPart part;
  part.stages.resize(2);
  for (int i = 1; i < 500; ++i) part.stages[1].record(Metric::join, std::chrono::microseconds(i * salt));
  part.stages[0].count(Counter::joins, 499);
  part.stages[1].count(ErrorClass::tls, 2);
  part.users = {10, 9, 8, 2};
  part.series[3].t = 3;
  part.series[3].joined = 8;
  part.series[3].cells[Second::join][Second::cell_of(1'000'000)] = 7;
  StreamLog log;
  log.user = static_cast<std::uint32_t>(salt);
  log.topic = "t";
  log.add(100);
  log.add(200);
  log.confirm(1, 5000);
  part.ledger.streams.push_back(log);
  part.ledger.memberships.push_back({"t", 50, 900, Membership::End::run_end, {{static_cast<std::uint32_t>(salt), 1, 2, {}}}});
  part.generator.threads = 1;
  part.generator.cpu_seconds = 0.5;
  return part;
}

TEST(RunPart, GoesThroughJsonUnchanged) {
  const RunPart part = some_part(3);
  const auto back = RunPart::from_json(Json::parse(part.to_json(0).dump()));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->to_json(0), part.to_json(0));
  EXPECT_EQ(back->stages, part.stages);
}

TEST(RunPart, MergesInAnyOrderToTheSame) {
  RunPart a = some_part(3), b = some_part(3);
  a.merge(some_part(5));
  RunPart c = some_part(5);
  c.merge(std::move(b));
  EXPECT_EQ(a.stages, c.stages);
  EXPECT_EQ(a.series, c.series);
  EXPECT_EQ(a.ledger.reconcile(), c.ledger.reconcile());
  EXPECT_EQ(a.users, (UserCounts{20, 18, 16, 4}));
}

TEST(RunPart, RefusesWhatDoesNotAddUp) {
  Json json = some_part(3).to_json(0);
  json["stages"][1]["histograms"]["join"]["count"] = 1;
  EXPECT_FALSE(RunPart::from_json(json));
  EXPECT_FALSE(RunPart::from_json(Json::array()));
}

Report report_of(RunPart part) {
  Report r;
  r.name = "test";
  r.url = "ws://x/socket";
  r.started = "2026-01-01T00:00:00Z";
  Plan plan = *preset("join");
  plan.gates = {{.expr = "join.p99 < 1s"}, {.expr = "errors.total == 0"}};
  r.plan = plan_json(plan);
  r.gates = plan.gates;
  r.stages = plan.stages;
  r.seconds = 10;
  r.part = std::move(part);
  r.environment = obj();
  return r;
}

TEST(Result, SaysWhatTheContractNames) {
  const RunResult result = evaluate(report_of(some_part(3)));
  const Json& j = result.json;
  EXPECT_EQ(j["users"]["planned"], 10);
  EXPECT_EQ(j["join"]["count"], 499);
  EXPECT_NEAR(j["join"]["p50_us"].get<double>(), 750, 10);
  EXPECT_EQ(j["errors"]["by_class"], obj("tls", 2));
  EXPECT_EQ(j["gates"][0]["pass"], true);
  EXPECT_EQ(j["gates"][1], obj("expr", "errors.total == 0", "value", 2, "pass", false));
  EXPECT_EQ(j["generator"]["overloaded"], false);
  EXPECT_FALSE(result.gates_pass);
  EXPECT_NE(text_table(j).find("FAIL  errors.total == 0"), std::string::npos);
  EXPECT_NE(junit_xml(j).find("failures=\"1\""), std::string::npos);
  EXPECT_NE(markdown(j).find("| `errors.total == 0` | 2 | **FAIL** |"), std::string::npos);
}

/// result.json of segment n of two, which was late by `lag` and judged by `max_lag_us`.
std::pair<std::string, Json> segment(std::uint32_t n, Duration lag = 1ms, double max_lag_us = 100'000) {
  RunPart part = some_part(static_cast<int>(n));
  part.stages[0].record(Metric::lag, lag);
  Report r = report_of(std::move(part));
  r.segment = n;
  r.segments = 2;
  r.keep_ledger = true;
  r.max_lag_us = max_lag_us;
  return {"part" + std::to_string(n), Json::parse(evaluate(r).json.dump())};
}

TEST(Result, SegmentsMergeToTheWhole) {
  std::vector files{segment(1), segment(2)};
  RunPart whole = some_part(1);
  whole.merge(some_part(2));
  for (int n = 1; n <= 2; ++n) whole.stages[0].record(Metric::lag, 1ms);
  const Json merged = evaluate(merge_results(files)).json;
  const Json single = evaluate(report_of(std::move(whole))).json;
  for (const char* key : {"users", "deliveries", "join", "errors", "histograms", "counters", "series", "gates"})
    EXPECT_EQ(merged[key], single[key]) << key;
  files[1].second["segment"] = "1/2";
  EXPECT_THROW(merge_results(files), std::invalid_argument);
}

TEST(Result, SegmentsMayHaveReadTheirScenarioInAnyFolder) {
  std::vector files{segment(1), segment(2)};
  for (auto& [name, j] : files) {
    for (const char* key : {"users", "arrivals", "even_arrivals"}) j["plan"].erase(key);
    j["plan"]["scenario"] = name + "/chat.yaml";
  }
  EXPECT_EQ(evaluate(merge_results(files)).users.planned, 20u);
  files[1].second["plan"]["scenario"] = "part2/other.yaml";
  EXPECT_THROW(merge_results(files), std::invalid_argument);
}

TEST(Result, ALateSchedulerIsAnOverload) {
  RunPart part = some_part(1);
  part.stages[0].record(Metric::lag, 2s);
  const RunResult result = evaluate(report_of(std::move(part)));
  ASSERT_EQ(result.overloaded.size(), 1u);
  EXPECT_NE(result.overloaded[0].find("scheduler lag"), std::string::npos);
}

/// Issue 7, point 4: a whole made of segments is trusted as each of them was, by the limit that each was given.
TEST(Result, AMergeKeepsWhatEachSegmentSaidOfItself) {
  const Json generous = evaluate(merge_results({segment(1, 2s, 60e6), segment(2, 1ms, 60e6)})).json["generator"];
  EXPECT_EQ(generous["reasons"], Json::array());
  EXPECT_EQ(generous["overloaded"], false);
  EXPECT_EQ(generous["max_lag_us"], 60e6);

  const RunResult one_late = evaluate(merge_results({segment(1), segment(2, 2s)}));
  ASSERT_EQ(one_late.overloaded.size(), 1u);
  EXPECT_TRUE(one_late.overloaded[0].starts_with("segment 2/2: scheduler lag p99")) << one_late.overloaded[0];

  auto old = segment(2, 1ms, 60e6);  // as files were before they said their limit
  old.second["generator"].erase("max_lag_us");
  EXPECT_EQ(evaluate(merge_results({segment(1, 1ms, 50'000), old})).json["generator"]["max_lag_us"], 100'000.0);
}

}  // namespace
