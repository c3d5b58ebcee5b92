#include <phx/conformance/suite.hpp>
#include <phx/scenario/yaml.hpp>

#include <set>

namespace phx::conformance {
namespace {

TEST(Description, IsReadFromYamlAndJson) {
  const auto d = Description::from_yaml("topic: chat:1\nlongpoll: false\nsilence: 50ms\nparams: {token: abc}\nrefused_topic:\n", "d.yaml");
  EXPECT_EQ(d.topic, "chat:1");
  EXPECT_FALSE(d.longpoll);
  EXPECT_EQ(d.silence, std::chrono::milliseconds(50));
  EXPECT_EQ(d.params, obj("token", "abc"));
  EXPECT_EQ(d.refused_topic, "");
  EXPECT_EQ(d.crash_event, "") << "nothing is crashed unasked";
  EXPECT_EQ(Description::from_yaml("crash_event: boom", "d.yaml").crash_event, "boom");
  EXPECT_EQ(Description::from_yaml(R"({"echo_event": "echo"})", "d.json").echo_event, "echo");
}

TEST(Description, MistakesNameTheirPlaceAndTheRemedy) {
  const auto error = [](const char* text) {
    try {
      Description::from_yaml(text, "d.yaml");
    } catch (const scenario::FileError& e) { return std::string(e.what()); }
    return std::string("none");
  };
  EXPECT_THAT(error("topik: x"), ::testing::HasSubstr("d.yaml:1:1: "));
  EXPECT_THAT(error("topik: x"), ::testing::HasSubstr("topic"));
  EXPECT_THAT(error("v1: maybe"), ::testing::HasSubstr("d.yaml:1:5"));
  EXPECT_THAT(error("params: 7"), ::testing::HasSubstr("params must be a mapping"));
  EXPECT_THAT(error("topic: ''"), ::testing::HasSubstr("topic must not be empty"));
}

TEST(Checks, HaveDistinctNamesAndTheirRules) {
  std::set<std::string_view> ids;
  for (const Check& check : checks()) {
    EXPECT_TRUE(ids.insert(check.id).second) << check.id;
    EXPECT_TRUE(check.rule.starts_with("server.md ")) << check.id;
  }
}

TEST(Report, JunitEscapesAndCounts) {
  const std::vector<Result> results{{&checks()[0], Verdict::passed, "", {}},
                                    {&checks()[1], Verdict::failed, "got <a> & \"b\"\n", {}},
                                    {&checks()[2], Verdict::skipped, "off", {}}};
  const std::string xml = junit(results, "ws://x");
  EXPECT_THAT(xml, ::testing::HasSubstr(R"(tests="3" failures="1" skipped="1")"));
  EXPECT_THAT(xml, ::testing::HasSubstr("got &lt;a&gt; &amp; &quot;b&quot; "));
}

}  // namespace
}  // namespace phx::conformance
