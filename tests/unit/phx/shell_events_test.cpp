// Which events `phx shell` prints, waits for and keeps in its history (issue 4, point 12: secrets not stored).
#include <gtest/gtest.h>

#include "shell_events.hpp"

namespace phx::cli::shell {
namespace {

TEST(ShellEvents, AllAreShownUnlessTurnedOff) {
  EventFilter filter;
  EXPECT_TRUE(filter.shows("new_msg"));
  filter.set("presence_*", false);
  EXPECT_FALSE(filter.shows("presence_diff"));
  EXPECT_TRUE(filter.shows("new_msg"));
}

TEST(ShellEvents, TheNewestRuleThatMatchesDecides) {
  EventFilter filter;
  filter.set("", false);
  filter.set("new_*", true);
  EXPECT_TRUE(filter.shows("new_msg"));
  EXPECT_FALSE(filter.shows("typing"));
  filter.set("new_msg", false);
  EXPECT_FALSE(filter.shows("new_msg"));
  filter.set("", true);
  EXPECT_TRUE(filter.shows("new_msg"));
}

TEST(ShellArrivals, EachIsTakenOnceTheOldestFirst) {
  Arrivals arrivals;
  EXPECT_FALSE(arrivals.take("*"));
  for (const auto* event : {"a", "b", "a"}) arrivals.add(event);
  EXPECT_TRUE(arrivals.take("b"));
  EXPECT_FALSE(arrivals.take("b"));
  EXPECT_TRUE(arrivals.take("a"));
  EXPECT_TRUE(arrivals.take("?"));
  EXPECT_FALSE(arrivals.take("*"));
}

TEST(ShellArrivals, TheOldestGiveWay) {
  Arrivals arrivals;
  arrivals.add("first");
  for (int n = 0; n < 10'000; ++n) arrivals.add("later");
  EXPECT_FALSE(arrivals.take("first"));
  EXPECT_TRUE(arrivals.take("later"));
}

TEST(ShellHistory, LinesWithSecretsAreNotKept) {
  EXPECT_TRUE(fit_for_history(R"(push room:1 new_msg {"body":"hi"})"));
  EXPECT_FALSE(fit_for_history(R"(join room:1 {"token":"abc"})"));
  EXPECT_FALSE(fit_for_history(R"(join room:1 {"Password": )"));  // also where the JSON is broken
  EXPECT_FALSE(fit_for_history("join room:SFMyNTY.g2gDYQFuBgBboby4fgFiAAFRgA.sig"));
  EXPECT_FALSE(fit_for_history(" join room:1"));  // as in a shell: a blank first keeps it out
  EXPECT_FALSE(fit_for_history(""));
}

}  // namespace
}  // namespace phx::cli::shell
