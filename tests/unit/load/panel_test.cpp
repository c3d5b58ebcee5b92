// The live panel is text from figures: issue 7, point 6.
#include <gtest/gtest.h>

#include <phx/load/panel.hpp>

namespace {

using namespace phx::load;
using namespace std::chrono_literals;

PanelFigures figures(std::uint32_t seconds) {
  PanelFigures f{.name = "broadcast",
                 .url = "ws://127.0.0.1:4000/socket?token=geheim",
                 .users = 100,
                 .stages = {{.name = "ramp", .users = 100, .length = 2s, .over = true, .gates = {}},
                            {.name = "hold", .users = 100, .length = 8s, .gates = {}}},
                 .series = {},
                 .notes = {}};
  for (std::uint32_t t = 0; t < seconds; ++t) {
    Second& s = f.series[t];
    s.t = t;
    s.joined = s.connected = std::min(100u, 50 * (t + 1));
    s.counters[static_cast<std::size_t>(Counter::joins)] = t < 2 ? 50 : 0;
    s.counters[static_cast<std::size_t>(Counter::deliveries)] = 100 * t;
    s.cpu = 0.25;
    s.lag_max_us = 1500;
  }
  if (seconds > 0) f.series[0].cells[Second::join][Second::cell_of(2'000'000)] = 50;
  return f;
}

std::size_t characters(const std::string& line) {
  std::size_t n = 0;
  for (const char c : line) n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return n;
}

TEST(Panel, ShowsProgressStageRatesAndWhatIsLeft) {
  std::string text;
  for (const std::string& line : panel(figures(5), {.columns = 100})) text += line + "\n";
  EXPECT_EQ(text,
            "broadcast on ws://127.0.0.1:4000/socket?token=[FILTERED]\n"
            "[####################....................] 5 s of 10 s, 5 s left, stage 2/2 hold\n"
            "users       100 of 100 joined, 100 connected\n"
            "joins       0/s         p50 2.0 ms     p90 2.0 ms     p99 2.0 ms\n"
            "deliveries  400/s\n"
            "errors      0 in all, 0/s\n"
            "generator   0.25 cores, lag 1.5 ms, 0 bytes unsent\n");
}

TEST(Panel, NoLineIsWiderThanTheTerminal) {
  PanelFigures f = figures(12);
  f.notes = {"server      0.85 cores, 45.1 MB, 510 descriptors"};
  for (std::size_t columns = 1; columns <= 130; ++columns)
    for (const std::string& line : panel(f, {.columns = columns, .unicode = true})) {
      EXPECT_LE(characters(line), columns) << line;
      EXPECT_EQ(line.find('\n'), std::string::npos);
    }
}

TEST(Panel, ColoursOnlyWhenAskedAndBarsOnlyInUnicode) {
  const auto whole = [](const PanelLook& look) {
    std::string text;
    for (const std::string& line : panel(figures(5), look)) text += line;
    return text;
  };
  EXPECT_EQ(whole({.columns = 100}).find('\033'), std::string::npos);
  EXPECT_NE(whole({.columns = 100, .colour = true}).find("\033[1mbroadcast"), std::string::npos);
  EXPECT_NE(whole({.columns = 100, .unicode = true}).find("▁▂▄▆█"), std::string::npos);
  EXPECT_EQ(whole({.columns = 100}).find("▁"), std::string::npos);
}

TEST(Panel, BeforeTheFirstSecondAndBehindTheEnd) {
  EXPECT_EQ(panel(figures(0), {.columns = 12}), std::vector<std::string>{"broadcast be"});
  EXPECT_NE(panel(figures(11), {.columns = 100})[1].find("10 s are over, finishing what is under way"), std::string::npos);
}

TEST(Panel, AsOneLineForLogs) {
  EXPECT_EQ(
      panel_line(figures(5)),
      "   5s of 10s  joined 100/100  joins 0/s  pushes 0/s  replies 0/s (p99 0.0 ms)  deliveries 400/s (p99 0.0 ms)  errors 0  lag 1.5 ms");
}

}  // namespace
