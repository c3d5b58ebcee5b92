#include <phx/scenario/yaml.hpp>

#include <phx/core/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phx::scenario {
namespace {

using namespace std::chrono_literals;

Yaml parse(std::string_view text) { return Yaml::parse(text, "f.yaml"); }

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const FileError& e) { return e.what(); }
  return "no error";
}
std::string parse_error(std::string_view text) {
  return error_of([&] { parse(text); });
}

TEST(Yaml, GivesValuesWithTheirPlaces) {
  const Yaml file = parse("name: two\nsteps:\n  - wait: 200ms\n  - {n: 3}\n");
  EXPECT_EQ(file.at("name").string(), "two");
  EXPECT_EQ(file.at("name").place().text(), "f.yaml:1:7");
  EXPECT_EQ(file.at("steps").items()[0].at("wait").duration(), 200ms);
  EXPECT_EQ(file.at("steps").items()[1].at("n").place().text(), "f.yaml:4:9");
  EXPECT_EQ(file.entries()[1].place.text(), "f.yaml:2:1");
}

TEST(Yaml, BecomesJsonByTheCoreSchemaOfYaml12) {
  const Yaml file =
      parse("[null, ~, true, no, 12, -3, 18446744073709551615, 1.5e3, \"12\", 'x', plain text, {a: []}, 0x1f, 1e999, !!str 5, 1_000]");
  EXPECT_EQ(
      file.json(),
      Json::parse(R"([null,null,true,"no",12,-3,18446744073709551615,1500.0,"12","x","plain text",{"a":[]},"0x1f","1e999","5","1_000"])"));
  EXPECT_EQ(parse("!binary AQID").json(), Json::parse(R"({"$binary":"AQID"})"));
}

TEST(Yaml, KeepsTagsForPatterns) {
  const Yaml file = parse("{ a: !regex \"^hi \", b: !absent , c: !any, d: !one_of [1, 2] , e: !absent }");
  EXPECT_EQ(file.at("a").tag(), "regex");
  EXPECT_EQ(file.at("a").text(), "^hi ");
  EXPECT_EQ(file.at("b").tag(), "absent");
  EXPECT_EQ(file.at("c").tag(), "any");
  EXPECT_EQ(file.at("d").tag(), "one_of");
  EXPECT_EQ(file.at("e").tag(), "absent");
  EXPECT_EQ(error_of([&] { file.json(); }), "f.yaml:1:6: !regex cannot stand in a value that is sent; only !binary can");
  EXPECT_EQ(error_of([&] { file.at("a").string(); }), "f.yaml:1:6: expected text, not !regex");
}

TEST(Yaml, NamesPlaceAndRemedyOfWrongValues) {
  const Yaml file = parse("url: x\nulr: y\nwait: 5\nn: \"7\"\nmode: longpol\nlist: 3\n");
  EXPECT_EQ(error_of([&] { file.only_keys({"url", "wait", "n", "mode", "list"}); }), "f.yaml:2:1: unknown key 'ulr', did you mean 'url'?");
  EXPECT_EQ(error_of([&] { file.only_keys({"url", "kind"}); }), "f.yaml:2:1: unknown key 'ulr', did you mean 'url'?");
  EXPECT_EQ(error_of([&] { file.at("wait").duration(); }), "f.yaml:3:7: a duration needs its unit: 5ms or 5s");
  EXPECT_EQ(error_of([&] { file.at("n").integer(); }), "f.yaml:4:4: expected a whole number, not '7'; remove the quotes");
  EXPECT_EQ(error_of([&] {
              file.at("mode").one_of({"websocket", "longpoll"});
            }),
            "f.yaml:5:7: unknown word 'longpol', did you mean 'longpoll'?");
  EXPECT_EQ(error_of([&] { file.at("list").items(); }), "f.yaml:6:7: expected a list, not '3'");
  EXPECT_EQ(error_of([&] { file.at("list").integer(5); }), "f.yaml:6:7: must be at least 5, not 3");
  EXPECT_EQ(error_of([&] { file.at("name"); }), "f.yaml:1:1: the key 'name' is missing");
  EXPECT_EQ(error_of([&] { file.at("url").only_keys({}); }), "f.yaml:1:6: expected a mapping (key: value), not 'x'");
}

TEST(Yaml, RefusesBadFiles) {
  EXPECT_EQ(parse_error(""), "f.yaml: the file is empty");
  EXPECT_EQ(parse_error("a: 1\na: 2\n"), "f.yaml:2:1: the key 'a' is here twice; the first is in line 1");
  EXPECT_THAT(parse_error("a: [1, 2\nb: 3"), testing::StartsWith("f.yaml:2:"));
  EXPECT_EQ(parse_error("? [1]\n: 2\n"), "f.yaml:1:3: a key must be a word or text, not a list");
  EXPECT_THAT(parse_error("a: 1\n---\nb: 2\n"), testing::HasSubstr("one document"));
  EXPECT_THAT(parse_error("a: \xff"), testing::HasSubstr("UTF-8"));
  EXPECT_THAT(parse_error("a: *b"), testing::HasSubstr("f.yaml:1:4"));
}

TEST(Yaml, HoldsItsLimits) {
  EXPECT_THAT(parse_error(std::string(101, '[') + std::string(101, ']')), testing::HasSubstr("nested deeper than 100"));
  EXPECT_THAT(parse_error(std::string(100'000, '[')), testing::HasSubstr("f.yaml:1:"));
  std::string bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i == 0 ? "*" : ",*") + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(parse_error(bomb), testing::HasSubstr("more than 200000 values"));
}

TEST(Yaml, RepeatsWhatAliasesName) {
  const Yaml file = parse("a: &x { k: 1 }\nb: *x\n");
  EXPECT_EQ(file.json(), Json::parse(R"({"a":{"k":1},"b":{"k":1}})"));
}

TEST(YamlDuration, HasUnits) {
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("50us"), 50us);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  for (const char* bad : {"", "5", "-1s", "1 s", "s", "1e99h", "nan s", "1sec"}) EXPECT_FALSE(parse_duration(bad)) << bad;
}

}  // namespace
}  // namespace phx::scenario
