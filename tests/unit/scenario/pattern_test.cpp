#include <phx/scenario/pattern.hpp>

#include <phx/core/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phx::scenario {
namespace {

const TemplateNames names{.variables = {"id"}, .env = {}};

Pattern pattern(std::string_view yaml) { return Pattern::from_yaml(Yaml::parse(yaml, "f.yaml"), names); }
bool fits(std::string_view yaml, std::string_view json) { return pattern(yaml).matches(Json::parse(json)); }
std::string explain(std::string_view yaml, std::string_view json) { return to_text(pattern(yaml).explain(Json::parse(json)), ""); }
std::string error(std::string_view yaml) {
  try {
    pattern(yaml);
  } catch (const FileError& e) { return e.what(); }
  return "no error";
}

struct Case {
  const char *yaml, *yes, *no;
};

class PatternTags : public testing::TestWithParam<Case> {};

TEST_P(PatternTags, FitWhatTheySay) {
  EXPECT_TRUE(fits(GetParam().yaml, GetParam().yes)) << GetParam().yaml << " " << GetParam().yes;
  EXPECT_FALSE(fits(GetParam().yaml, GetParam().no)) << GetParam().yaml << " " << GetParam().no;
}

INSTANTIATE_TEST_SUITE_P(
    All, PatternTags,
    testing::Values(Case{"{ a: 1 }", R"({"a":1.0,"b":2})", R"({"a":2})"},
                    Case{"{ a: { b: [1, {}] } }", R"({"a":{"b":[1,{"x":1}]}})", R"({"a":{"b":[1]}})"},
                    Case{"{ a: !any }", R"({"a":null})", "{}"}, Case{"{ a: !absent }", "{}", R"({"a":null})"},
                    Case{"{ a: !present }", R"({"a":0})", R"({"a":null})"}, Case{"!regex \"^hi \"", R"("hi you")", R"("oh hi you")"},
                    Case{"!type integer", "3", "3.5"}, Case{"!type string", R"("x")", "1"},
                    Case{"!type binary", R"({"$binary":"AQ=="})", R"({"$binary":"AQ==","x":1})"}, Case{"!type list", "[]", "{}"},
                    Case{"!gt 3", "4", "3"}, Case{"!gte 3", "3", "2.9"}, Case{"!lt b", R"("a")", R"("b")"}, Case{"!lte 3", "3", R"("3")"},
                    Case{"!not 3", "4", "3"}, Case{"{ a: !not null }", R"({"a":1})", R"({"a":null})"},
                    Case{"!one_of [1, !regex a]", R"("cat")", "2"}, Case{"!all_of [!gt 1, !lt 3]", "2", "3"},
                    Case{"!contains { id: 3 }", R"([{"id":2},{"id":3,"x":1}])", R"([{"id":2}])"},
                    Case{"!contains ell", R"("hello")", R"("halo")"}, Case{"!length 2", "[1,2]", "[1]"},
                    Case{"!length \">= 2\"", R"("äö")", R"("ä")"}, Case{"!exactly { a: 1 }", R"({"a":1})", R"({"a":1,"b":2})"},
                    Case{"!where \"n >= 3 and not gone\"", R"({"n":3})", R"({"n":3,"gone":true})"}, Case{"null", "null", "{}"},
                    Case{"!binary AQID", R"({"$binary":"AQID"})", "{}"}));

TEST(Pattern, ExplainsEveryDifferenceWithItsPath) {
  EXPECT_EQ(explain("{ user: { name: Ada, age: !gt 17 }, \"a/b\": !absent, list: [1] }",
                    R"({"user":{"name":"Bob","age":5},"a/b":1,"list":[1,2]})"),
            "/user/name: expected \"Ada\", got \"Bob\"\n/user/age: expected > 17, got 5\n/a~1b: expected nothing, got 1\n/list: expected a "
            "list of 1: [1], got [1,2]\n");
  EXPECT_EQ(explain("{ a: { b: !regex ^x } }", "{}"), "/a: expected {\"b\": text matching /^x/}, got nothing\n");
  EXPECT_EQ(explain("[1]", "{}"), "expected [1], got {}\n");
}

TEST(Pattern, TagsWithoutContentMayEndALine) {
  EXPECT_TRUE(fits("a: !absent\nb: !any\nc:\n  - !any\n  - !gt 3\n", R"({"b":1,"c":[0,4]})"));
  EXPECT_FALSE(fits("a: !absent\nb: !any\n", R"({"a":1,"b":1})"));
  EXPECT_FALSE(fits("a: !absent", R"({"a":1})"));
  EXPECT_FALSE(fits("!absent", "1"));
}

TEST(Pattern, CapturesOnlyWhenTheWholeFits) {
  const Pattern p = pattern("{ id: !capture id, ok: true }");
  Variables captured;
  EXPECT_FALSE(p.explain(Json::parse(R"({"id":7,"ok":false})"), {}, &captured).empty());
  EXPECT_TRUE(captured.empty());
  EXPECT_TRUE(p.explain(Json::parse(R"({"id":7,"ok":true})"), {}, &captured).empty());
  EXPECT_EQ(captured.at("id"), 7);
}

TEST(Pattern, TextMayBeATemplate) {
  const Variables variables{{"id", 7}};
  const TemplateScope scope{.user = 3, .variables = &variables};
  const Pattern p = pattern("{ id: \"{{ id }}\", name: \"ada-{{ user }}\" }");
  EXPECT_TRUE(p.matches(Json::parse(R"({"id":7,"name":"ada-3"})"), scope));
  EXPECT_EQ(to_text(p.explain(Json::parse(R"({"id":"7","name":"ada-3"})"), scope), ""), "/id: expected 7, got \"7\"\n");
}

TEST(Pattern, ErrorsNameThePlace) {
  EXPECT_EQ(error("{ a: !regx x }"), "f.yaml:1:6: unknown pattern !regx, did you mean 'regex'?");
  EXPECT_THAT(error("{ a: !regex \"(\" }"), testing::StartsWith("f.yaml:1:6: bad regular expression '('"));
  EXPECT_EQ(error("{ a: !type strng }"), "f.yaml:1:6: unknown type 'strng', did you mean 'string'?");
  EXPECT_EQ(error("!one_of 3"), "f.yaml:1:1: !one_of needs a list, as in !one_of [1, 2]");
  EXPECT_THAT(error("!where \"n >=\""), testing::HasSubstr("column 5: expected a value after '>='"));
  EXPECT_THAT(error("!length many"), testing::HasSubstr("!length needs a number"));
  EXPECT_THAT(error("{ a: !gt }"), testing::HasSubstr("needs a value"));
}

TEST(JsonPointer, FindsValues) {
  const Json value = Json::parse(R"({"a":{"b/c":[1,{"d":2}]}})");
  EXPECT_EQ(*find_pointer(value, "/a/b~1c/1/d"), 2);
  EXPECT_EQ(find_pointer(value, ""), &value);
  EXPECT_EQ(find_pointer(value, "/a/x"), nullptr);
  EXPECT_EQ(find_pointer(value, "/a/b~1c/7"), nullptr);
  EXPECT_THROW(find_pointer(value, "a"), std::invalid_argument);
}

}  // namespace
}  // namespace phx::scenario
