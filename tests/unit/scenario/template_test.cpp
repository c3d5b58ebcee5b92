#include <phx/scenario/template.hpp>

#include <phx/core/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phx::scenario {
namespace {

const TemplateNames names{.variables = {"id", "info"}, .env = {{"HOME_TOKEN", "s3cret"}}};

class TemplateTest : public testing::Test {
 protected:
  Rng random{7};
  std::uint64_t counter = 0;
  Variables variables{{"id", 12}, {"info", Json::parse(R"({"name":"Ada","ids":[5,6],"a b":true,"ratio":0.5})")}};
  TemplateScope scope{.user = 42, .seq = 3, .unix_ms = 1'700'000'000'123, .counter = &counter, .random = &random, .variables = &variables};

  std::string render(std::string_view text) { return Template::parse(text, names).text(scope); }
  Json value(std::string_view text) { return Template::parse(text, names).value(scope); }
  std::string error(std::string_view text) {
    try {
      render(text);
    } catch (const TemplateError& e) { return e.what(); }
    return "no error";
  }
};

TEST_F(TemplateTest, FunctionsAndArithmetic) {
  EXPECT_EQ(render("ada-{{ user }}"), "ada-42");
  EXPECT_EQ(render("chat:{{ user % 10 }}:{{seq}}"), "chat:2:3");
  EXPECT_EQ(render("{{ 2 + 3 * 4 }} {{ (2 + 3) * 4 }} {{ 7 / 2 }} {{ 7 / 2.0 }} {{ -7 % 4 }} {{ 10 - 3 - 2 }}"), "14 20 3 3.5 -3 5");
  EXPECT_EQ(render("{{ counter }},{{ counter }}"), "1,2");
  EXPECT_EQ(render("{{ now }} {{ now_iso }}"), "1700000000123 2023-11-14T22:13:20.123Z");
  EXPECT_EQ(render("{{ env(\"HOME_TOKEN\") }}"), "s3cret");
  EXPECT_EQ(render("{{ text(5) }}").size(), 5u);
  EXPECT_THAT(render("{{ uuid }}"), testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  for (int i = 0; i < 50; ++i) EXPECT_THAT(value("{{ random(1, 6) }}").get<int>(), testing::AllOf(testing::Ge(1), testing::Le(6)));
  EXPECT_THAT(render("{{ pick(\"a\", 'b') }}"), testing::AnyOf("a", "b"));
  EXPECT_EQ(render("plain \\{{ braces }} {"), "plain {{ braces }} {");
}

TEST_F(TemplateTest, VariablesHavePathsAndKeepTheirType) {
  EXPECT_EQ(render("{{ info.name }}-{{ info.ids[1] }}-{{ info[\"a b\"] }}-{{ id + 1 }}-{{ info.ratio * 2 }}"), "Ada-6-true-13-1.0");
  EXPECT_EQ(value("{{ info.ids }}"), Json::parse("[5,6]"));
  EXPECT_EQ(value("{{ id }}"), 12);
  EXPECT_EQ(value("x{{ id }}"), "x12");
  EXPECT_EQ(render("{{ info.ids }}"), "[5,6]");
}

TEST_F(TemplateTest, ErrorsNameTheColumn) {
  EXPECT_EQ(error("ada-{{ usr }}"), "column 8: unknown name 'usr', did you mean 'user'?");
  EXPECT_EQ(error("{{ user % }}"), "column 11: expected a name, a number, text in quotes or '('");
  EXPECT_EQ(error("{{ user"), "column 8: expected '}}' at the end of the expression");
  EXPECT_EQ(error("{{ user user }}"), "column 9: expected an operator or '}}'");
  EXPECT_EQ(error("{{ user % 0 }}"), "column 9: division by zero");
  EXPECT_EQ(error("{{ random(1) }}"), "column 4: write it as random(1, 6)");
  EXPECT_EQ(error("{{ env(\"PATH\") }}"), "column 4: 'PATH' is not in the file's list of environment variables; add 'env: [PATH]'");
  EXPECT_EQ(error("{{ info.nam }}"), "column 4: there is no 'info.nam'");
  EXPECT_EQ(error("{{ 9223372036854775807 + 1 }}"), "column 24: the result is too large");
  EXPECT_EQ(error("{{ \"open }}"), "column 4: the quote that begins here does not end");
  EXPECT_EQ(error("{{ info + 1 }}"), "column 9: only numbers can be calculated with; put text into its own {{ }}");
  EXPECT_EQ(error("{{ " + std::string(100, '(') + "1" + std::string(100, ')') + " }}").substr(0, 9), "column 55");
  variables.erase("id");
  EXPECT_EQ(error("{{ id }}"), "column 4: the variable 'id' has no value yet");
}

TEST_F(TemplateTest, JsonTemplatesEscapeAndKeepTypes) {
  variables["id"] = "a\"b";
  const Yaml yaml = Yaml::parse(
      "{ message: \"hi {{ id }}\", whole: \"{{ info.ids }}\", n: \"{{ seq }}\", list: [1, \"{{ id }}\"], ok: true, b: !binary AQID }", "f");
  const JsonTemplate compiled = JsonTemplate::from_yaml(yaml, names);
  EXPECT_EQ(compiled.text(scope), R"({"message":"hi a\"b","whole":[5,6],"n":3,"list":[1,"a\"b"],"ok":true,"b":{"$binary":"AQID"}})");
  EXPECT_EQ(JsonTemplate().text(scope), "{}");
}

TEST_F(TemplateTest, FileErrorsPointIntoTheScalar) {
  const Yaml yaml = Yaml::parse("a: { topic: \"room:{{ usr }}\" }", "f.yaml");
  try {
    JsonTemplate::from_yaml(yaml, names);
    FAIL();
  } catch (const FileError& e) { EXPECT_STREQ(e.what(), "f.yaml:1:22: unknown name 'usr', did you mean 'user'?"); }
}

}  // namespace
}  // namespace phx::scenario
