// The HTML report and comparisons: issue 7, point 6. Charts are checked as what they are, text.
#include <gtest/gtest.h>

#include <phx/core/json.hpp>
#include <phx/load/compare.hpp>
#include <phx/load/html_report.hpp>
#include <phx/load/result.hpp>

#include <cmath>
#include <limits>
#include <regex>

#include "axis.hpp"
#include "chart.hpp"
#include "curves.hpp"
#include "heat_map.hpp"
#include "html_tables.hpp"
#include "page.hpp"
#include "timeline.hpp"

namespace {

using namespace phx;
using namespace phx::load;
using namespace phx::load::report;
using namespace std::chrono_literals;

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

std::string plain(double v) { return format("%g", v); }
std::vector<double> values(const Axis& axis) {
  std::vector<double> out;
  for (const auto& [value, text] : axis.ticks) out.push_back(value);
  return out;
}
std::size_t times(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Axis, FromZeroEndsAtARoundNumber) {
  EXPECT_EQ(values(Axis::from_zero(83, plain)), (std::vector<double>{0, 50, 100}));
  EXPECT_EQ(values(Axis::from_zero(100, plain)), (std::vector<double>{0, 50, 100}));
  EXPECT_EQ(values(Axis::from_zero(3.9, plain)), (std::vector<double>{0, 1, 2, 3, 4}));
  EXPECT_GT(Axis::from_zero(0, plain).high, 0);  // nothing happened: still an axis
}

TEST(Axis, LogarithmicSpansTheValuesInSteps) {
  const Axis axis = Axis::logarithmic(0.7, 45, plain);
  EXPECT_EQ(axis.low, 0.5);
  EXPECT_EQ(axis.high, 50);
  EXPECT_EQ(values(axis), (std::vector<double>{0.5, 1, 2, 5, 10, 20, 50}));
  EXPECT_EQ(values(Axis::logarithmic(1, 1e6, plain)), (std::vector<double>{1, 10, 100, 1e3, 1e4, 1e5, 1e6}));
  EXPECT_DOUBLE_EQ(axis.at(0.5), 0);
  EXPECT_DOUBLE_EQ(axis.at(5), 0.5);
  EXPECT_DOUBLE_EQ(axis.at(1000), 1);  // clamped
  EXPECT_DOUBLE_EQ(axis.at(0), 0);
}

TEST(Axis, SecondsHaveAtMostNineLabels) {
  for (const double high : {0.0, 1.0, 7.0, 61.0, 299.0, 3601.0, 90'000.0, 1e6}) {
    const Axis axis = Axis::seconds(high);
    EXPECT_LE(axis.ticks.size(), 9u) << high;
    EXPECT_GE(axis.ticks.size(), 1u) << high;
  }
  EXPECT_EQ(Axis::seconds(10).ticks.back().second, "10 s");
  EXPECT_EQ(Axis::seconds(1200).ticks.back().second, "20 min");
}

Chart chart_of(std::vector<double> y) {
  Chart chart{.label = "test", .y_axis = Axis::from_zero(10, plain), .y_text = plain, .x_text = plain};
  for (std::size_t i = 0; i < y.size(); ++i) chart.x.push_back(static_cast<double>(i));
  chart.x_axis.high = static_cast<double>(y.size() - 1);
  chart.lines.push_back({"<a&b>", 2, true, std::move(y)});
  return chart;
}

TEST(Chart, LinesAreInterruptedAtGapsAndLonelyValuesAreDots) {
  const std::string svg = draw(chart_of({0, 10, gap, 5, gap}));
  EXPECT_NE(svg.find("d=\"M62.0 178.0L184.5 8.0M429.5 93.0\""), std::string::npos) << svg;
  EXPECT_EQ(times(svg, "<circle"), 1u);
  EXPECT_EQ(times(svg, "<title>"), 3u);  // a strip for each value that is there
  EXPECT_EQ(svg.find("<a&b>"), std::string::npos);
  EXPECT_NE(svg.find("&lt;a&amp;b&gt;"), std::string::npos);
}

TEST(Chart, IsWellFormedWithOneValue) {
  Chart chart = chart_of({3});
  chart.x_axis = Axis::seconds(0);
  const std::string svg = draw(chart);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_TRUE(svg.ends_with("</svg>"));
}

TEST(Timeline, LongRunsAreStepsThatLoseNothing) {
  Series series;
  for (std::uint32_t t = 0; t < 1000; ++t) {
    if (t % 7 == 0) continue;  // a second that nobody reported
    series[t].t = t;
    series[t].errors = 1;
  }
  const Timeline line = timeline(series, 140);
  EXPECT_EQ(line.width, 8u);
  EXPECT_EQ(line.steps.size(), 125u);
  std::uint64_t errors = 0, rows = 0;
  for (const Step& s : line.steps) errors += s.sum.errors, rows += s.rows;
  EXPECT_EQ(errors, series.size());
  EXPECT_EQ(rows, series.size());
  EXPECT_TRUE(timeline({}, 140).steps.empty());
}

TEST(Curves, GoNoFurtherThanTheValuesCarry) {
  EXPECT_EQ(percentile_curves(Stats{}), "");
  Stats some;
  for (int i = 0; i < 150; ++i) some.record(Metric::join, std::chrono::milliseconds(i + 1));
  const std::string svg = percentile_curves(some);
  EXPECT_NE(svg.find(">99 %<"), std::string::npos);
  EXPECT_EQ(svg.find("99.9 %<"), std::string::npos);
  Stats one;
  one.record(Metric::join, 1ms);
  EXPECT_EQ(percentile_curves(one), "");  // of one value there is no curve
}

TEST(HeatMap, HasACellForWhatHappened) {
  EXPECT_EQ(heat_map(timeline({}, 90), Second::reply, "x"), "");
  Series series;
  for (std::uint32_t t = 0; t < 10; ++t) {
    series[t].t = t;
    series[t].cells[Second::reply][Second::cell_of(1'000'000)] = 1000;
  }
  series[9].cells[Second::reply][Second::cell_of(2'000'000'000)] = 1;  // a stall
  const std::string svg = heat_map(timeline(series, 90), Second::reply, "Replies");
  EXPECT_EQ(times(svg, "class=\"h\""), 2u);  // two strengths
  const std::regex cell("M[0-9]+ [0-9]+h[0-9]+v[0-9]+h-[0-9]+z");
  EXPECT_EQ(std::distance(std::sregex_iterator(svg.begin(), svg.end(), cell), std::sregex_iterator()), 11);
  EXPECT_EQ(heat_map(timeline(series, 90), Second::join, "Joins"), "");
}

TEST(Margin, IsAShareOfTheLimitWithItsUnit) {
  const auto share = [](const char* expr, double value) {
    const auto m = margin_of(obj("expr", expr, "value", value));
    return m ? std::optional(m->share) : std::nullopt;
  };
  EXPECT_DOUBLE_EQ(*share("join.p99 < 200ms", 50'000), 0.75);
  EXPECT_DOUBLE_EQ(*share("join.p99<1s", 2e6), -1);
  EXPECT_NEAR(*share("errors.rate < 1%", 0.002), 0.8, 1e-9);
  EXPECT_DOUBLE_EQ(*share("rate.replies > 100", 150), 0.5);
  EXPECT_FALSE(share("delivery.lost == 0", 0));
  EXPECT_FALSE(share("delivery.lost < 0", 0));  // a share of nothing
  EXPECT_FALSE(share("join.p99 < 1s and errors.total == 0", 5));
  EXPECT_FALSE(margin_of(obj("expr", "join.p99 < 1s", "value", Json())));
}

/// A result whose every text wants to be markup.
Report nasty_report() {
  const std::string evil = "<script>alert(1)</script>&\"'\x01";
  Report r;
  r.name = evil;
  r.url = "ws://h/socket?token=verysecret&x=" + evil;
  r.started = evil;
  Plan plan = *preset("broadcast");
  plan.name = evil;
  r.plan = plan_json(plan);
  r.gates = {{.expr = "join.p99 < 1s"}, {.expr = "errors.total == 0"}};
  r.stages = plan.stages;
  r.stages[0].name = evil;
  r.environment = obj("host", evil);
  r.seconds = 5;
  r.part.stages.resize(2);
  for (int i = 1; i < 200; ++i) r.part.stages[1].record(Metric::join, std::chrono::microseconds(i * 100));
  r.part.stages[1].count(ErrorClass::tls, 2);
  r.part.stages[1].count(Counter::scenarios_failed, 1);
  r.part.ledger.seen[evil].duplicate = 3;
  r.part.ledger.seen["other"].lost = r.part.ledger.seen["other"].expected = 1;
  r.part.generator.trouble = {evil};
  r.part.refusal = evil;
  r.aborted_by = evil;
  r.target =
      obj("units", obj(evil, "cores"), "series", Json::array({obj("t", 0u, "values", obj(evil, 0.5))}), "trouble", Json::array({evil}));
  r.part.series[0].t = 0;
  r.part.series[0].joined = 1;
  return r;
}

TEST(HtmlReport, EscapesEveryTextAndMasksSecrets) {
  const LoadedResult result = read_result("<b>.json", evaluate(nasty_report()).json.dump());
  for (const std::string& page : {html_report(result), compare_html({result, result}, {compare(result, result)})}) {
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("<b>.json"), std::string::npos);
    EXPECT_EQ(page.find("verysecret"), std::string::npos);
    EXPECT_EQ(page.find('\x01'), std::string::npos);
    EXPECT_TRUE(page.ends_with("</html>\n"));
  }
  EXPECT_NE(html_report(result).find("CPU of the server"), std::string::npos);
}

/// Everything there is, for a day: still one small file.
TEST(HtmlReport, StaysBelowItsLimit) {
  Report r = nasty_report();
  r.name = "day";
  Json units = Json::object();
  for (const auto& [unit, n] : {std::pair{"cores", 1}, {"bytes", 8}, {"count", 8}, {"per second", 8}})
    for (int i = 0; i < n; ++i) units[std::string(unit) + std::to_string(i)] = unit;
  Json rows = Json::array();
  for (std::uint32_t t = 0; t < 86'400; t += 600) {
    Second& s = r.part.series[t];
    s.t = t;
    s.connected = s.joined = 1000 + t % 977;
    s.errors = t % 13;
    s.cpu = 0.1 + t % 7;
    s.lag_max_us = 100 + t % 10'007;
    for (std::size_t c = 0; c < counter_count; ++c) s.counters[c] = 1000 + (t * (c + 1)) % 99'991;
    for (auto& cells : s.cells)
      for (std::uint64_t ns = 1000; ns < 4'000'000'000; ns = ns * 11 / 10) cells[Second::cell_of(ns + t)] = 1 + t % 1009;
    Json values = Json::object();
    for (const auto& [name, unit] : units.items()) values[name] = 1234.5678 + t % 1013;
    rows.push_back(obj("t", t, "values", std::move(values)));
  }
  for (std::size_t m = 0; m < metric_count; ++m)
    for (int i = 1; i < 5'000; ++i) r.part.stages[0].record(static_cast<Metric>(m), std::chrono::microseconds(i * 37 % 999'983));
  for (int i = 0; i < 500; ++i) r.part.ledger.seen["room:" + std::string(100, 'x') + std::to_string(i)].duplicate = 1;
  for (int i = 0; i < 200; ++i) r.gates.push_back({.expr = "join.p99 < " + std::to_string(i + 1) + "ms"});
  r.target = obj("units", units, "series", std::move(rows), "trouble", Json::array());
  const std::string page = html_report(read_result("day.json", evaluate(r).json.dump()));
  EXPECT_LT(page.size(), html_limit);
  EXPECT_GT(page.size(), 100'000u);
}

TEST(ReadResult, RefusesADamagedTarget) {
  Json json = evaluate(nasty_report()).json;
  json["target"]["series"][0]["values"]["x"] = "y";
  try {
    read_result("a.json", json.dump(-1, ' ', false, Json::error_handler_t::replace));
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_NE(std::string(e.what()).find("a.json: damaged: target.series[0].values.x is not a number"), std::string::npos) << e.what();
  }
}

LoadedResult run_with(const std::string& file, double factor, std::uint64_t errors, std::uint64_t lost, int n = 2000) {
  Report r = nasty_report();
  r.name = "run";
  r.part = {};
  r.part.stages.resize(1);
  for (int i = 0; i < n; ++i)
    r.part.stages[0].record(Metric::reply, std::chrono::microseconds(static_cast<int>((1000 + i % 100) * factor)));
  r.part.stages[0].count(Counter::pushes, 10'000);
  r.part.stages[0].count(ErrorClass::reply_timeout, errors);
  Deliveries& d = r.part.ledger.seen["t"];
  d.expected = 1000;
  d.lost = lost;
  d.received = 1000 - lost;
  return read_result(file, evaluate(r).json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Verdict verdict_of(const Comparison& c, const std::string& name) {
  for (const ComparedFigure& f : c.figures)
    if (f.name == name) return f.verdict;
  ADD_FAILURE() << name;
  return Verdict::unknown;
}

TEST(Compare, WorseBetterSameUnknown) {
  const LoadedResult base = run_with("base.json", 1, 0, 0);
  const Comparison same = compare(base, run_with("same.json", 1.02, 0, 0));
  EXPECT_EQ(same.count(Verdict::worse) + same.count(Verdict::better), 0u);
  const Comparison worse = compare(base, run_with("worse.json", 1.5, 300, 2));
  for (const char* name : {"reply.p50", "reply.p90", "reply.p99", "errors.rate", "delivery.lost"})
    EXPECT_EQ(verdict_of(worse, name), Verdict::worse) << name;
  const Comparison better = compare(run_with("worse.json", 1.5, 300, 2), base);
  for (const char* name : {"reply.p50", "reply.p99", "errors.rate", "delivery.lost"})
    EXPECT_EQ(verdict_of(better, name), Verdict::better) << name;
  EXPECT_EQ(verdict_of(compare(base, run_with("few.json", 9, 0, 0, 20)), "reply.p50"), Verdict::unknown);
  EXPECT_EQ(verdict_of(compare(base, run_with("w.json", 1.5, 0, 0), {.threshold = 0.6}), "reply.p50"), Verdict::same);
}

}  // namespace
