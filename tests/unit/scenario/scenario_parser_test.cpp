// 20 kinds of mistakes: each error names file, line, column and remedy (issue 6, "To show").
#include <phx/scenario/scenario.hpp>

#include <phx/core/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phx::scenario {
namespace {

using namespace std::chrono_literals;

ScenarioSources sources(std::map<std::string, std::string> files = {}) {
  return {
      .read =
          [files](const std::string& path) {
            const auto it = files.find(path);
            if (it == files.end())
              throw FileError({std::make_shared<const std::string>(path), 0, 0}, "cannot be read; is the path right, and is it a file?");
            return it->second;
          },
      .env = [](const std::string& name) { return name == "TOKEN" ? std::optional<std::string>("s3cret") : std::nullopt; }};
}

std::string error(const std::string& text, std::map<std::string, std::string> files = {}) {
  try {
    parse_scenario(text, "dir/f.yaml", sources(std::move(files)));
  } catch (const FileError& e) { return e.what(); }
  return "no error";
}

struct Mistake {
  const char *name, *text, *error;
};
void PrintTo(const Mistake& m, std::ostream* out) { *out << m.name; }

class ScenarioMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ScenarioMistakes, NameFileLineColumnAndRemedy) { EXPECT_EQ(error(GetParam().text), GetParam().error); }

#define ACTOR "phxkit_scenario: 1\nactors:\n  ada:\n    - connect: {}\n    - join: { topic: a, as: room }\n"

INSTANTIATE_TEST_SUITE_P(
    All, ScenarioMistakes,
    testing::Values(
        Mistake{"no_version", "actors: {}",
                "dir/f.yaml:1:1: the key 'phxkit_scenario' is missing; a scenario begins with 'phxkit_scenario: 1'"},
        Mistake{"other_version", "phxkit_scenario: 2\nactors: {}", "dir/f.yaml:1:18: version 2 is not known here; known is 1"},
        Mistake{"unknown_key", "phxkit_scenario: 1\nactor: {}", "dir/f.yaml:2:1: unknown key 'actor', did you mean 'actors'?"},
        Mistake{"no_actors", "phxkit_scenario: 1\nname: x", "dir/f.yaml:1:1: the key 'actors' is missing"},
        Mistake{"bad_url", "phxkit_scenario: 1\nurl: http://x\nactors: {}",
                "dir/f.yaml:2:6: a URL begins with ws:// or wss://, as in ws://127.0.0.1:4000/socket"},
        Mistake{"unknown_step", ACTOR "    - pusch: { event: x }\n", "dir/f.yaml:6:7: unknown step 'pusch', did you mean 'push'?"},
        Mistake{"two_words", ACTOR "    - wait: 1s\n      leave: room\n",
                "dir/f.yaml:6:7: a step has one word, as in '- wait: 200ms'; begin each with '-' in a line of its own, and indent what "
                "belongs to it"},
        Mistake{"unknown_step_key", ACTOR "    - push: { event: x, paylod: {} }\n",
                "dir/f.yaml:6:25: unknown key 'paylod', did you mean 'payload'?"},
        Mistake{"missing_event", ACTOR "    - push: { on: room }\n", "dir/f.yaml:6:13: the key 'event' is missing"},
        Mistake{"unknown_channel", ACTOR "    - push: { on: rom, event: x }\n",
                "dir/f.yaml:6:19: no channel 'rom' is joined here, did you mean 'room'?"},
        Mistake{"not_connected", "phxkit_scenario: 1\nactors:\n  ada:\n    - join: room:1\n",
                "dir/f.yaml:4:7: not connected here; put '- connect: {}' in front"},
        Mistake{"joined_twice", ACTOR "    - join: { topic: b, as: room }\n",
                "dir/f.yaml:6:29: a channel 'room' is joined already; leave it, or give this one another 'as'"},
        Mistake{"no_unit", ACTOR "    - wait: 5\n", "dir/f.yaml:6:13: a duration needs its unit: 5ms or 5s"},
        Mistake{"bad_duration", ACTOR "    - wait: soon\n", "dir/f.yaml:6:13: expected a duration such as 200ms, 1.5s or 2m, not 'soon'"},
        Mistake{"unknown_name", ACTOR "    - push: { event: x, payload: { a: \"{{ usr }}\" } }\n",
                "dir/f.yaml:6:43: unknown name 'usr', did you mean 'user'?"},
        Mistake{"open_template", ACTOR "    - push: { event: \"{{ user\" }\n",
                "dir/f.yaml:6:30: expected '}}' at the end of the expression"},
        Mistake{"unknown_tag", ACTOR "    - expect: { event: x, payload: { a: !regexp a } }\n",
                "dir/f.yaml:6:41: unknown pattern !regexp, did you mean 'regex'?"},
        Mistake{"pattern_in_payload", ACTOR "    - push: { event: x, payload: { a: !any } }\n",
                "dir/f.yaml:6:39: !any cannot stand in a value that is sent; only !binary can"},
        Mistake{"bad_pointer", ACTOR "    - expect: { event: x, capture: { id: id } }\n",
                "dir/f.yaml:6:42: a capture is a JSON pointer that begins with '/', as in /user/id; \"\" is the whole"},
        Mistake{"bad_capture_name", ACTOR "    - expect: { event: x, capture: { \"a b\": /id } }\n",
                "dir/f.yaml:6:38: 'a b' is no name for a variable: letters, digits and _"},
        Mistake{"nothing_expected", ACTOR "    - expect: { on: room }\n",
                "dir/f.yaml:6:15: say what to expect: one of 'event', 'presence' and 'closed'"},
        Mistake{"env_not_set", "phxkit_scenario: 1\nenv: [TOKN]\nactors: {}", "dir/f.yaml:2:7: the environment variable TOKN is not set"},
        Mistake{"bad_gate", "phxkit_scenario: 1\nactors: { a: [connect] }\ngates: [ \"join.p99 <\" ]",
                "dir/f.yaml:3:10: in the gate, column 11: expected a value after '<'"},
        Mistake{"bad_stage", "phxkit_scenario: 1\nactors: { a: [connect] }\nload: { stages: [ { users: 3 } ] }",
                "dir/f.yaml:3:19: a stage needs a time: 'over' for a ramp, 'for' to stay"},
        Mistake{"missing_include", ACTOR "    - include: x.yaml\n",
                "dir/f.yaml:6:16: cannot include 'dir/x.yaml': cannot be read; is the path right, and is it a file?"},
        Mistake{"bad_method", "phxkit_scenario: 1\nsetup:\n  - http: { url: /x, method: PSOT }\nactors: {}",
                "dir/f.yaml:3:30: unknown word 'PSOT', did you mean 'POST'?"},
        Mistake{"connect_in_setup", "phxkit_scenario: 1\nsetup: [ connect ]\nactors: {}",
                "dir/f.yaml:2:10: only actors connect; the setup may use http, set and wait"},
        Mistake{"capture_without_reply", ACTOR "    - push: { event: x, capture: { a: /a } }\n",
                "dir/f.yaml:6:34: there is no reply to capture from; add 'expect: { status: ok }'"},
        Mistake{"tab", "phxkit_scenario: 1\nactors:\n\tada: []\n", "dir/f.yaml:3:1: a tab indents this line; YAML takes spaces only"}),
    [](const auto& mistake) { return std::string(mistake.param.name); });

TEST(ScenarioParser, ReadsTheExampleOfTheDesign) {
  const Scenario s = parse_scenario(R"(phxkit_scenario: 1
name: two people chat
url: ws://127.0.0.1:4000/socket
actors:
  ada:
    - connect: { params: { user_id: "ada-{{ user }}" } }
    - join: { topic: "chat:{{ user % 10 }}", as: room, expect: { status: ok } }
    - push: { on: room, event: new_message, payload: { message: "hi {{ seq }}" }, expect: { status: ok, within: 1s } }
    - leave: room
  bob:
    - connect: {}
    - join: { topic: "chat:{{ user % 10 }}", as: room }
    - expect: { on: room, event: new_message, payload: { message: !regex "^hi " }, within: 2s, capture: { id: /id } }
    - refute: { on: room, event: error, for: 200ms }
load: { stages: [ { users: 1000, over: 30s }, { users: 1000, for: 60s } ] }
gates: [ "join.p99 < 200ms", "delivery.lost == 0" ]
)",
                                    "chat.yaml");
  ASSERT_EQ(s.actors.size(), 2u);
  EXPECT_EQ(s.actors[0].steps.size(), 4u);
  const Step& push = s.actors[0].steps[2];
  EXPECT_EQ(push.within, 1s);
  EXPECT_EQ(push.place.text(), "chat.yaml:8:7");
  EXPECT_THAT(push.source, testing::HasSubstr("new_message"));
  EXPECT_EQ(std::get<ExpectStep>(s.actors[1].steps[2].kind).payload.describe(), "{\"message\": text matching /^hi /}");
  EXPECT_EQ(s.actors[1].steps[2].capture, (Captures{{"id", "/id"}}));
  EXPECT_EQ(s.stages[0].users, 1000u);
  EXPECT_EQ(s.stages[0].over, 30s);
  EXPECT_EQ(s.stages[1].hold, 60s);
  EXPECT_EQ(s.gates.size(), 2u);
}

TEST(ScenarioParser, IncludesShareChannelsAndVariables) {
  const std::map<std::string, std::string> files{
      {"dir/enter.yaml", "- connect: {}\n- join: { topic: a, as: room }\n- set: { greeting: hi }\n"}};
  const std::string head = "phxkit_scenario: 1\nenv: [TOKEN]\nactors:\n  ada:\n    - include: enter.yaml\n";
  const Scenario s = parse_scenario(head + "    - push: { on: room, event: x, payload: { a: \"{{ greeting }} {{ env('TOKEN') }}\" } }\n",
                                    "dir/f.yaml", sources(files));
  ASSERT_EQ(s.actors[0].steps.size(), 4u);
  EXPECT_EQ(s.actors[0].steps[0].place.text(), "dir/enter.yaml:1:3");
  EXPECT_EQ(error("phxkit_scenario: 1\nactors:\n  ada:\n    - include: a.yaml\n", {{"dir/a.yaml", "- include: a.yaml\n"}}),
            "dir/a.yaml:1:12: 'dir/a.yaml' includes itself");
}

}  // namespace
}  // namespace phx::scenario
