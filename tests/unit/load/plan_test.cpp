#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phx/core/json.hpp>
#include <phx/load/gate.hpp>
#include <phx/load/plan.hpp>
#include <phx/load/stamp.hpp>
#include <phx/scenario/yaml.hpp>

namespace {

using namespace phx;
using namespace phx::load;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Distribution, ReadsWhatItWrites) {
  for (const std::string text : {"2s", "250ms", "uniform(1s, 3s)", "exp(500ms)", "normal(2s, 300ms)", "50us", "0s"}) {
    const auto d = Distribution::parse(text);
    ASSERT_TRUE(d) << text;
    EXPECT_EQ(d->text(), text);
  }
  for (const std::string text : {"", "fast", "-1s", "uniform(3s, 1s)", "uniform(1s)", "exp(1s, 2s)", "2x", "1e99s"})
    EXPECT_FALSE(Distribution::parse(text)) << text;
}

TEST(Distribution, HasTheMeanItSays) {
  scenario::Rng rng(1);
  for (const std::string text : {"exp(2s)", "uniform(1s, 3s)", "normal(2s, 200ms)"}) {
    const Distribution d = *Distribution::parse(text);
    double sum = 0;
    for (int i = 0; i < 20'000; ++i) sum += seconds(d.sample(rng));
    EXPECT_NEAR(sum / 20'000, 2.0, 0.06) << text;
  }
}

TEST(Zipf, TheFirstTopicGetsTheMost) {
  Zipf zipf(100, 1.0);
  scenario::Rng rng(1);
  std::vector<int> hits(100);
  for (int i = 0; i < 50'000; ++i) ++hits[zipf.sample(rng)];
  EXPECT_NEAR(hits[0] / 50'000.0, 1 / 5.187, 0.01);  // 1 / H(100)
  EXPECT_NEAR(static_cast<double>(hits[0]) / hits[9], 10.0, 2.0);
}

TEST(Plan, EveryPresetGoesThroughAFileUnchanged) {
  for (const std::string& name : preset_names()) {
    const Json json = plan_json(*preset(name));
    std::string feeder;
    EXPECT_EQ(plan_json(parse_plan(json.dump(), name, feeder)), json) << name;
  }
}

TEST(Plan, MistakesNamePlaceAndRemedy) {
  const auto complaint = [](const std::string& text) {
    std::string feeder;
    try {
      parse_plan(text, "p.yaml", feeder);
      return std::string("accepted");
    } catch (const scenario::FileError& e) { return std::string(e.what()); }
  };
  const std::string head = "phxkit_load: 1\n", stages = "stages: [ { users: 5, over: 1s } ]\n";
  EXPECT_THAT(complaint(head + stages + "user: []\n"), HasSubstr("p.yaml:3:1: unknown key 'user', did you mean 'users'?"));
  EXPECT_THAT(complaint(head + "stages: [ { users: 5 } ]\nusers: [ {} ]\n"), HasSubstr("needs exactly one of over"));
  EXPECT_THAT(complaint(head + stages + "users: [ { push: { rate: 5, every: 1s } } ]\n"),
              HasSubstr("exactly one of rate, every, inflight"));
  EXPECT_THAT(complaint(head + stages + "users: [ { publish: { rate: 5, payload: { a: b } } } ]\n"), HasSubstr("{{stamp}}"));
  EXPECT_THAT(complaint(head + stages + "users: [ { publish: { rate: 5, bytes: 41 } } ]\n"), HasSubstr("at least 42 bytes"));
  EXPECT_THAT(complaint(head + stages + "users: [ { publish: { rate: 5, bytes: 42 } }, { push: { rate: 5, bytes: 5 } } ]\n"), "accepted");
  EXPECT_THAT(complaint(head + stages + "users: [ { stay: soon } ]\n"), HasSubstr("p.yaml:3:18"));
}

TEST(Plan, APublishHasRoomForItsStamp) {
  Plan broadcast = *preset("broadcast"), echo = *preset("echo");
  EXPECT_THROW(apply({.payload_bytes = 41}, broadcast), std::invalid_argument);
  apply({.payload_bytes = 42}, broadcast);
  apply({.payload_bytes = 5}, echo);
  EXPECT_EQ(echo.profiles[0].payload_bytes, 5u);
}

TEST(Plan, UsersComeAndGoAsTheStagesSay) {
  Plan plan = *preset("idle");
  plan.stages = {{.name = "up", .users = 10, .length = 10s, .over = true, .gates = {}},
                 {.name = "hold", .users = 10, .length = 5s, .gates = {}},
                 {.name = "down", .users = 0, .length = 10s, .over = true, .gates = {}}};
  EXPECT_EQ(plan.visit(0, 0s)->from, 0s);
  EXPECT_EQ(plan.visit(5, 0s)->from, 5s);
  EXPECT_EQ(plan.visit(9, 0s)->to, 15s);  // the last to come is the first to go
  EXPECT_EQ(plan.visit(0, 0s)->to, 24s);
  EXPECT_FALSE(plan.visit(10, 0s));
  EXPECT_FALSE(plan.visit(5, 6s));
  EXPECT_EQ(plan.stage_at(12s), 1u);
}

TEST(Plan, ARateWithoutActionsIsTheRateOfArrivals) {
  Plan plan = *preset("join");
  apply({.users = 100, .rate = 50.0}, plan);
  EXPECT_EQ(plan.ramp(), 2s);
  Plan echo = *preset("echo");
  apply({.users = 100, .rate = 50.0}, echo);
  EXPECT_EQ(echo.profiles[0].rate, 50);
  EXPECT_FALSE(echo.profiles[0].every);
}

TEST(Plan, MixesFollowTheWeightsAndTheSeedAlone) {
  Plan plan = *preset("idle");
  plan.profiles.push_back(plan.profiles[0]);
  plan.profiles[0].weight = 3;
  std::size_t second = 0;
  for (std::uint32_t u = 0; u < 10'000; ++u) second += plan.profile_of(u);
  EXPECT_NEAR(static_cast<double>(second), 2500, 150);
}

TEST(Feeder, ReadsCsvAndJsonLines) {
  const auto csv = parse_rows("name,text\r\nada,\"a, \"\"b\"\"\nc\"\nbob,\n", true);
  ASSERT_TRUE(csv) << csv.error();
  EXPECT_EQ(*csv, (std::vector<Json>{obj("name", "ada", "text", "a, \"b\"\nc"), obj("name", "bob", "text", "")}));
  EXPECT_EQ(parse_rows("a,b\n1\n", true).error(), "line 2: 1 fields, but the first line names 2");
  EXPECT_EQ(parse_rows("a\n\"x", true).error(), "line 2: a quote is not closed");
  EXPECT_EQ(*parse_rows("{\"a\":1}\n\n{\"a\":2}\n", false), (std::vector<Json>{obj("a", 1), obj("a", 2)}));
  EXPECT_EQ(parse_rows("{\"a\":1}\n[]\n", false).error(), "line 2: expected one JSON object");
}

TEST(Fill, PutsInUserTopicAndRow) {
  const Json row = obj("name", "a\"b", "n", 7);
  EXPECT_EQ(fill(R"({"u":"{{user}}","t":{{ topic }},"n":"{{row.name}}","m":{{row.n}}})", 3, 4, &row),
            R"({"u":"3","t":4,"n":"a\"b","m":7})");
  EXPECT_EQ(fill("{{stamp}}", 1, 1, nullptr), "{{stamp}}");
  EXPECT_THROW(fill("{{row.x}}", 1, 1, &row), std::invalid_argument);
}

TEST(Stamp, ComesBackAsItWasWritten) {
  const std::string marker = stamp_marker(0xabcdef);
  std::string text(Stamp::size, ' ');
  const Stamp stamp{.user = 1'000'000'000, .seq = 77, .sent_ns = 987'654'321'098'765, .lag_us = 1'000'000};
  put_stamp(text.data(), stamp, marker);
  EXPECT_EQ(text.substr(0, marker.size()), marker);
  EXPECT_EQ(read_stamp(std::string_view(text).substr(marker.size())), stamp);
  for (std::size_t n = 0; n + marker.size() < text.size(); ++n) EXPECT_FALSE(read_stamp(std::string_view(text).substr(marker.size(), n)));
  std::string ref(PushRef::size, ' ');
  put_ref(ref.data(), {5, 6, 7});
  EXPECT_EQ(read_ref(ref), (PushRef{5, 6, 7}));
  EXPECT_FALSE(read_ref("J0001"));
}

TEST(Gate, KnowsTheFiguresAndTheirUnits) {
  Stats stats;
  for (int i = 0; i < 100; ++i) stats.record(Metric::join, 150ms);
  stats.count(Counter::join_attempts, 1000);
  stats.count(ErrorClass::join_refused, 5);
  const Json figure =
      figures(stats, {.expected = 10, .received = 9, .lost = 1}, {.planned = 5, .connected = 5, .joined = 5, .failed = 0}, 2.0);
  const auto pass = [&](const std::string& expr) { return Gate::parse(expr).value().evaluate(figure).pass; };
  EXPECT_TRUE(pass("join.p99 < 200ms"));
  EXPECT_FALSE(pass("join.p99 < 0.1s"));
  EXPECT_TRUE(pass("errors.rate < 1% and delivery.lost == 1"));
  EXPECT_FALSE(pass("delivery.lost == 0"));
  EXPECT_TRUE(pass("errors.join_refused == 5"));
  EXPECT_FALSE(pass("reply.p99 < 1s"));  // nothing was measured: no pass
  EXPECT_TRUE(Gate::parse("reply.p99 < 1s").value().evaluate(figure).value.is_null());
  EXPECT_EQ(Gate::parse("delivery.lost == 0").value().evaluate(figure).value, 1);
}

TEST(Gate, RefusesWhatDoesNotExist) {
  EXPECT_THAT(Gate::parse("join.p98 < 1s").error(), HasSubstr("there is no figure join.p98; known: join.{"));
  EXPECT_THAT(Gate::parse("joins < 1s").error(), HasSubstr("there is no figure joins"));
  EXPECT_THAT(Gate::parse("join.p99 < 1parsec").error(), HasSubstr("unknown unit"));
  EXPECT_THAT(Gate::parse("").error(), HasSubstr("gate ''"));
}

/// Issue 7, point 5, "expressions over any metric": a figure alone would be true whatever it is.
TEST(Gate, RefusesWhatCannotFail) {
  EXPECT_THAT(Gate::parse("join.p99").error(), HasSubstr("does not say what join.p99 must be, as in join.p99 < 200ms"));
  EXPECT_THAT(Gate::parse("delivery.lost").error(), HasSubstr("as in delivery.lost == 0"));
  for (const char* expr :
       {"not delivery.lost", "(join.p99) and join.p50 < 1s", "join.p50 < 1s or errors.total", "errors.rate<1% and join.p99 "})
    EXPECT_FALSE(Gate::parse(expr)) << expr;
  for (const char* expr : {"join.p99<200ms", "not (delivery.lost\t== 0)", "users.joined in [40, 41]", "count.joins matches 40"})
    EXPECT_TRUE(Gate::parse(expr)) << expr;
}

}  // namespace
