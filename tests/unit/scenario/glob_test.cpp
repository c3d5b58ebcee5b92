#include <phx/scenario/glob.hpp>

#include <gtest/gtest.h>

namespace phx::scenario {
namespace {

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(glob_match("room:lobby", "room:lobby"));
  EXPECT_FALSE(glob_match("room:lobby", "room:lobby2"));
  EXPECT_FALSE(glob_match("room:lobby", "room:lobb"));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("", "x"));
}

TEST(Glob, AStarStandsForAnyRun) {
  EXPECT_TRUE(glob_match("room:*", "room:"));
  EXPECT_TRUE(glob_match("*:lobby", "room:lobby"));
  EXPECT_TRUE(glob_match("*a*b*", "xxaxxaxb"));
  EXPECT_FALSE(glob_match("*a*b", "xxbxxa"));
  EXPECT_TRUE(glob_match("**", "anything"));
}

TEST(Glob, AQuestionMarkStandsForOneByte) {
  EXPECT_TRUE(glob_match("room:?", "room:1"));
  EXPECT_FALSE(glob_match("room:?", "room:"));
  EXPECT_FALSE(glob_match("room:?", "room:12"));
}

}  // namespace
}  // namespace phx::scenario
