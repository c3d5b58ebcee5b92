// Figures of the server under load: issue 7, point 7.
#include <gtest/gtest.h>

#include <phx/core/json.hpp>
#include <phx/load/target.hpp>

namespace {

using namespace phx;
using namespace phx::load;

// proc(5): the name may hold blanks and parentheses; utime 14, stime 15, num_threads 20, rss 24.
constexpr const char* stat_text =
    "4711 (beam.smp (x) y) S 1 4711 4711 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 17 0 12345 999999999 2048 18446744073709551615 1 1 0 0\n";

TEST(ProcStat, ReadsCpuThreadsAndMemory) {
  const auto r = parse_proc_stat(stat_text, 100, 4096);
  ASSERT_TRUE(r) << r.error();
  EXPECT_DOUBLE_EQ(r->cpu_seconds, 3.0);
  EXPECT_EQ(r->threads, 17u);
  EXPECT_EQ(r->resident_bytes, 2048u * 4096);
}

TEST(ProcStat, RefusesAnythingElseCutAnywhere) {
  EXPECT_FALSE(parse_proc_stat("", 100, 4096));
  EXPECT_FALSE(parse_proc_stat("1 (x) S a b c d e f g h i j k l m n o p q r s t u v w", 100, 4096));
  const std::string_view whole = stat_text;
  const std::size_t enough = whole.find(" 18446744073709551615");
  for (std::size_t n = 0; n < enough; ++n) {
    const auto r = parse_proc_stat(whole.substr(0, n), 100, 4096);
    EXPECT_TRUE(!r || n >= whole.find(" 2048") + 2) << n;  // only the last number may be cut unseen
  }
}

TEST(ProcStatus, AddsBothKindsOfSwitches) {
  EXPECT_EQ(parse_context_switches("Name:\tx\nvoluntary_ctxt_switches:\t100\nnonvoluntary_ctxt_switches:\t23\n"), 123u);
  EXPECT_EQ(parse_context_switches("Name:\tx\n"), 0u);
  EXPECT_EQ(parse_context_switches("\nvoluntary_ctxt_switches:\tmany\n"), 0u);
}

TEST(Prometheus, AddsUpLabelSetsAndKnowsCounters) {
  const auto r = parse_prometheus(
      "# HELP phx_connections open\n# TYPE phx_connections gauge\nphx_connections 12\n"
      "# TYPE phx_messages_total counter\nphx_messages_total{direction=\"in\",topic=\"a}\\\"b\"} 5 "
      "1700000000000\nphx_messages_total{direction=\"out\"} 1.5e1\r\n\n"
      "# TYPE wait histogram\nwait_bucket{le=\"1\"} 4\nwait_bucket{le=\"+Inf\"} 5\nwait_sum 2.5\nwait_count 5\n"
      "# TYPE gc summary\ngc{quantile=\"0.5\"} 1\ngc_count 3\nuntyped_total +Inf\nother NaN\nplain -3\n");
  ASSERT_TRUE(r) << r.error();
  EXPECT_EQ(*r, (std::vector<PrometheusFigure>{{"phx_connections", false, 12},
                                               {"phx_messages_total", true, 20},
                                               {"wait_sum", true, 2.5},
                                               {"wait_count", true, 5},
                                               {"gc_count", true, 3},
                                               {"plain", false, -3}}));
}

TEST(Prometheus, NamesTheLineThatIsNone) {
  const std::pair<const char*, const char*> cases[] = {{"a 1\n<html>\n", "line 2: expected the name of a figure"},
                                                       {"a{x=\"y\" 1\n", "line 1: the labels do not end with }"},
                                                       {"a\n", "line 1: expected a number behind a"},
                                                       {"a one\n", "line 1: expected a number behind a"},
                                                       {"a 1 now\n", "line 1: expected a time in milliseconds"},
                                                       {"a 1 2 3\n", "line 1: something follows the number"}};
  for (const auto& [text, problem] : cases) {
    const auto r = parse_prometheus(text);
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(r.error(), problem);
  }
  EXPECT_TRUE(parse_prometheus(""));
}

TEST(TargetLog, KeepsRatesAndLevelsByTheSecond) {
  TargetLog log;
  log.process(0.01, {.cpu_seconds = 10, .resident_bytes = 1 << 20, .threads = 4, .descriptors = 9, .context_switches = 100});
  log.process(2.01, {.cpu_seconds = 11, .resident_bytes = 2 << 20, .threads = 4, .descriptors = {}, .context_switches = 300});
  log.metrics(0.1, {{"phx_outbox_bytes", false, 7}, {"phx_joins_total", true, 10}});
  log.metrics(1.1, {{"phx_outbox_bytes", false, 8}, {"phx_joins_total", true, 35}});
  log.metrics(2.1, {{"phx_outbox_bytes", false, 9}, {"phx_joins_total", true, 5}});  // the server began anew: no rate
  const Json j = log.to_json();
  EXPECT_EQ(j["units"]["process.cpu"], "cores");
  EXPECT_EQ(j["units"]["phx_joins_total"], "per second");
  EXPECT_EQ(j["units"]["phx_outbox_bytes"], "bytes");
  ASSERT_EQ(j["series"].size(), 3u);
  EXPECT_EQ(j["series"][0]["values"],
            obj("process.memory", 1048576.0, "process.threads", 4.0, "process.descriptors", 9.0, "phx_outbox_bytes", 7.0));
  EXPECT_EQ(j["series"][1]["values"], obj("phx_outbox_bytes", 8.0, "phx_joins_total", 25.0));
  EXPECT_DOUBLE_EQ(j["series"][2]["values"]["process.cpu"].get<double>(), 0.5);
  EXPECT_DOUBLE_EQ(j["series"][2]["values"]["process.context_switches"].get<double>(), 100.0);
  EXPECT_FALSE(j["series"][2]["values"].contains("phx_joins_total"));
  EXPECT_EQ(log.note(), "server      0.50 cores, 2.0 MB");
}

TEST(TargetLog, TellsEachTroubleOnceAndTakesADozenUnlessTold) {
  TargetLog told({"absent"});
  told.metrics(0, {{"a", false, 1}});
  told.metrics(1, {{"a", false, 1}});
  EXPECT_EQ(told.take_news(), std::vector<std::string>{"--target-metrics: there is no figure 'absent'"});
  EXPECT_TRUE(told.take_news().empty());
  EXPECT_EQ(told.to_json()["trouble"].size(), 1u);
  std::vector<PrometheusFigure> many;
  for (int i = 0; i < 100; ++i) many.push_back({"g" + std::to_string(i), false, 1});
  TargetLog all;
  all.metrics(0, many);
  EXPECT_EQ(all.to_json()["units"].size(), TargetLog::most_figures);
}

}  // namespace
