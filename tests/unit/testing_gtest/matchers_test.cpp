#include <phx/testing/matchers.hpp>

#include <stdexcept>

namespace phx::testing {
namespace {

using ::testing::Not;

std::string explain(const JsonMatcher& matcher, const Json& value) {
  ::testing::StringMatchResultListener listener;
  EXPECT_FALSE(matcher.MatchAndExplain(value, &listener));
  return listener.str();
}

// server.md 15: objects match as a subset; {} matches any object.
TEST(HasSubset, AllowsFurtherKeysAtAnyDepth) {
  const Json value = obj("user", obj("id", 7, "name", "ada"), "tags", Json::array({1, 2}));
  EXPECT_THAT(value, HasSubset(obj()));
  EXPECT_THAT(value, HasSubset(obj("user", obj("id", 7.0))));
  EXPECT_THAT(value, Not(HasSubset(obj("tags", Json::array({1})))));
  EXPECT_THAT(Json("text"), Not(HasSubset(obj())));
}

TEST(HasSubset, ExplainsEveryPlace) {
  EXPECT_EQ(
      explain(HasSubset(obj("a", 1, "b", obj("c", true), "d", Json::array({1, 2}))), obj("a", 2, "b", obj(), "d", Json::array({1, 3}))),
      "/a: expected 1, got 2; /b/c: expected true, got nothing; /d/1: expected 2, got 3");
}

TEST(At, ReachesIntoObjectsAndLists) {
  const Json value = obj("items", Json::array({obj("id", 1), obj("id", 2)}));
  EXPECT_THAT(value, At("items.1.id", 2));
  EXPECT_THAT(value, At("items", ::testing::SizeIs(2)));
  EXPECT_EQ(explain(At("items.2.id", 2), value), "items.2.id: missing");
  EXPECT_EQ(explain(At("items.0.id", 2), value), "items.0.id: expected 2, got 1");
}

TEST(Absent, WantsNothingThere) {
  EXPECT_THAT(obj("a", 1), Absent("b"));
  EXPECT_EQ(explain(Absent("a"), obj("a", nullptr)), "a: expected nothing, got null");
}

TEST(IsType, KnowsEveryType) {
  EXPECT_THAT(Json(1), IsType(JsonType::integer));
  EXPECT_THAT(Json(1.5), IsType(JsonType::number));
  EXPECT_THAT(Json(1.5), Not(IsType(JsonType::integer)));
  EXPECT_THAT(Json::binary({1}), IsType(JsonType::binary));
  EXPECT_EQ(explain(IsType(JsonType::string), Json(1)), "expected a string, got 1");
}

TEST(Capture, KeepsWhatFitsItsType) {
  std::string name;
  EXPECT_THAT(obj("name", "ada"), At("name", Capture(&name)));
  EXPECT_EQ(name, "ada");
  int n = 0;
  EXPECT_THAT(Json("text"), Not(Capture(&n)));
}

TEST(Fits, TakesThePatternsOfScenarioFiles) {
  using scenario::Pattern;
  const auto pattern = Pattern::object({{"body", Pattern::regex("^hi")}, {"id", Pattern::absent()}});
  EXPECT_THAT(obj("body", "hi there"), Fits(pattern));
  EXPECT_THAT(obj("body", "hi", "id", 1), Not(Fits(pattern)));
}

TEST(Satisfies, IsTheLanguageOfFiles) {
  EXPECT_THAT(obj("n", 3, "body", "hi"), Satisfies("n >= 3 and body =~ \"^h\""));
  EXPECT_THAT(obj("n", 2), Not(Satisfies("n >= 3")));
  EXPECT_THROW(Satisfies("n >="), std::invalid_argument);
}

}  // namespace
}  // namespace phx::testing
