// The matcher language of design.md section 5, as written down in matcher.hpp.
#include <phx/core/json.hpp>
#include <phx/scenario/matcher.hpp>

#include <gtest/gtest.h>

namespace phx::scenario {
namespace {

Json message() {
  return Json::parse(R"({"topic":"room:1","event":"new_msg","ref":null,
                         "payload":{"body":"hi there","n":3,"ok":true,"off":false,"user":{"id":7,"name":"ada"},"list":[1,{"a":2}],"odd key":1}})");
}

bool holds(std::string_view expression) {
  const auto matcher = Matcher::parse(expression);
  if (!matcher) throw std::runtime_error(matcher.error().message);
  return (*matcher)(message());
}

std::string error_of(std::string_view expression) {
  const auto matcher = Matcher::parse(expression);
  return matcher ? "no error" : matcher.error().message;
}

TEST(Matcher, ComparesPathsWithValues) {
  EXPECT_TRUE(holds(R"(event == "new_msg")"));
  EXPECT_FALSE(holds(R"(event != "new_msg")"));
  EXPECT_TRUE(holds("payload.n >= 3"));
  EXPECT_FALSE(holds("payload.n > 3"));
  EXPECT_TRUE(holds("payload.n<4"));
  EXPECT_TRUE(holds("payload.n == 3.0"));
  EXPECT_TRUE(holds("payload.n <= 3 "));
  EXPECT_TRUE(holds("payload.n > -1e2"));
  EXPECT_TRUE(holds("payload.list[1].a == 2"));
  EXPECT_TRUE(holds(R"(payload["odd key"] == 1)"));
}

TEST(Matcher, AMissingPathEqualsNullAndHasNoOrder) {
  EXPECT_TRUE(holds("payload.none == null"));
  EXPECT_TRUE(holds("ref == null"));
  EXPECT_FALSE(holds("payload.none < 1"));
  EXPECT_FALSE(holds("payload.none >= 1"));
  EXPECT_FALSE(holds(R"(payload.n < "4")"));
}

TEST(Matcher, APathAloneIsTrueWhenPresentAndNotFalse) {
  EXPECT_TRUE(holds("payload.ok"));
  EXPECT_FALSE(holds("payload.off"));
  EXPECT_FALSE(holds("payload.none"));
  EXPECT_TRUE(holds("not ref"));
}

TEST(Matcher, AndBindsTighterThanOrAndNotTightest) {
  EXPECT_TRUE(holds("payload.ok or payload.none and payload.none"));
  EXPECT_FALSE(holds("(payload.ok or payload.none) and payload.none"));
  EXPECT_TRUE(holds("not payload.none and payload.ok"));
  EXPECT_FALSE(holds("not (payload.ok)"));
}

TEST(Matcher, RegexIsSearchedInStringsOnly) {
  EXPECT_TRUE(holds(R"(payload.body =~ "^hi")"));
  EXPECT_FALSE(holds(R"(payload.body =~ "^there")"));
  EXPECT_FALSE(holds(R"(payload.n =~ "3")"));
}

TEST(Matcher, MembershipAndSubset) {
  EXPECT_TRUE(holds(R"(event in ["typing", "new_msg"])"));
  EXPECT_FALSE(holds(R"(event in [])"));
  EXPECT_TRUE(holds(R"(payload matches {"user": {"id": 7}})"));
  EXPECT_FALSE(holds(R"(payload matches {"user": {"id": 8}})"));
  EXPECT_TRUE(holds(R"({"event": "new_msg", "payload": {"list": [1, {}]}})"));
  EXPECT_FALSE(holds(R"(payload matches {"list": [1]})")) << "a list matches element by element";
  EXPECT_TRUE(holds(R"(payload matches {})"));
}

TEST(Matcher, NumbersMayCarryUnits) {
  EXPECT_TRUE((*Matcher::parse("p99 < 200ms"))(Json{{"p99", 199'999}}));
  EXPECT_FALSE((*Matcher::parse("p99 < 200ms"))(Json{{"p99", 200'000}}));
  EXPECT_TRUE((*Matcher::parse("rate <= 1% and p50 > 3us and max < 2s"))(Json{{"rate", 0.01}, {"p50", 4}, {"max", 1'999'999}}));
}

TEST(Matcher, ErrorsNameTheColumnAndTheRemedy) {
  EXPECT_EQ(error_of("event =="), "column 9: expected a value after '=='");
  EXPECT_EQ(error_of(""), "column 1: expected a name such as event or payload.body");
  EXPECT_EQ(error_of("event ==  hello"), "column 11: expected a value after '=='");
  EXPECT_EQ(error_of("event = 1"), "column 7: expected 'and', 'or' or the end");
  EXPECT_EQ(error_of("(event"), "column 7: expected ')'");
  EXPECT_EQ(error_of("n < 3 min"), "column 7: expected 'and', 'or' or the end");
  EXPECT_EQ(error_of("n < 3min"), "column 6: unknown unit, expected us, ms, s or %");
  EXPECT_NE(error_of("event =~ \"(\"").find("bad regular expression"), std::string::npos);
  EXPECT_NE(error_of(std::string(5000, '(') + "a").find("nested too deeply"), std::string::npos);
  EXPECT_NE(error_of(R"(event == "unfinished)").find("expected a value"), std::string::npos);
}

}  // namespace
}  // namespace phx::scenario
