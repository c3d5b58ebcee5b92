#include <phx/mock/mock_file.hpp>
#include <phx/scenario/capture_convert.hpp>
#include <phx/scenario/yaml.hpp>

#include <gtest/gtest.h>

namespace phx::mock {
namespace {

// design.md section 5: the mock file there, word for word
constexpr std::string_view example = R"yaml(
phxkit_mock: 1
sockets: { /socket: { refuse: { when: { params: { token: expired } }, status: 403 } } }
channels:
  "room:*":
    join: [ { when: { payload: { password: !absent } }, reply: { status: error, response: { reason: unauthorized } } }, { reply: { status: ok, response: {} } } ]
    on: { ping: { reply: { status: ok, response: "{{ payload }}" } }, new_msg: { broadcast: { event: new_msg, payload: "{{ payload }}" } } }
    every: [ { after: 5s, push: { event: tick, payload: { n: "{{ counter }}" } } } ]
    presence: [ { at: 1s, join: { bob: { status: online } } }, { at: 9s, leave: bob } ]
faults: [ { drop: { event: new_msg, nth: 10 } }, { close: { code: 1012, at: 30s } } ]
)yaml";

TEST(MockFile, ReadsTheExampleOfTheDesign) {
  const MockFile file = MockFile::parse(example, "m.yaml");
  ASSERT_EQ(file.channels.size(), 1u);
  const MockChannelScript& room = file.channels[0];
  EXPECT_EQ(file.find("room:a"), &room);
  EXPECT_EQ(file.find("chat:a"), nullptr);
  ASSERT_EQ(room.join.size(), 2u);
  EXPECT_TRUE(room.join[0].payload.matches(Json::object()));
  EXPECT_FALSE(room.join[0].payload.matches(Json{{"password", "x"}}));
  EXPECT_EQ(room.on.size(), 2u);
  EXPECT_EQ(room.every[0].every, std::chrono::seconds(5));
  EXPECT_EQ(room.presence[1].leave, std::vector<std::string>{"bob"});
  EXPECT_EQ(file.faults.size(), 2u);
  EXPECT_EQ(file.socket("/socket")->refuse[0].status, 403);
}

struct Mistake {
  std::string_view file, error;
};

// issue 6: mistakes in mock files name file, line, column and remedy
TEST(MockFile, NamesPlaceAndRemedyOfMistakes) {
  const std::vector<Mistake> mistakes{
      {"", "m.yaml:"},
      {"name: x\n", "no mock file: it begins with 'phxkit_mock: 1'"},
      {"phxkit_mock: 2\n", "m.yaml:1:14: this program reads version 1"},
      {"phxkit_mock: 1\nchanels: {}\n", "m.yaml:2:1: unknown key 'chanels', did you mean 'channels'?"},
      {"phxkit_mock: 1\nchannels:\n  \"a*b\": {}\n", "m.yaml:3:10: a topic is exact or ends in *, as in \"room:*\""},
      {"phxkit_mock: 1\nchannels:\n  a: { evry: [] }\n", "m.yaml:3:8: unknown key 'evry', did you mean 'every'?"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    on: { x: { rply: {} } }\n", "m.yaml:4:16: unknown key 'rply', did you mean 'reply'?"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    on: { x: { push: { payload: {} } } }\n", "m.yaml:4:"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    on: { x: { reply: { response: \"{{ paylod }}\" } } }\n", "did you mean 'payload'?"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    on: { x: { push: { event: e, payload: { $binary: \"!\" } } } }\n", "$binary must be base64"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    every: { push: { event: e } }\n", "m.yaml:4:"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    every: { after: 5, push: { event: e } }\n", "m.yaml:4:21:"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    every: { after: 0ms }\n", "m.yaml:4:21: a timer needs at least 1ms"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    join: { close: true }\n", "a join cannot close; refuse it: reply: { status: error }"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    presence: { join: { bob: 7 } }\n",
       "a presence has an object as meta, as in bob: { status: online }"},
      {"phxkit_mock: 1\nchannels:\n  a:\n    on: { x: { when: { payload: !regex \"[\" } } }\n", "m.yaml:4:"},
      {"phxkit_mock: 1\nsockets: { socket: {} }\n", "a path begins with a slash, as in /socket"},
      {"phxkit_mock: 1\nsockets: { /socket: { refuse: { status: 17 } } }\n", "m.yaml:2:41:"},
      {"phxkit_mock: 1\nroutes: { /x: {} }\n", "a route is METHOD /path, as in 'GET /api/rooms/:id'"},
      {"phxkit_mock: 1\nroutes: { GET /__mock/x: {} }\n", "/__mock belongs to the mock server itself"},
      {"phxkit_mock: 1\nfaults: [ { dorp: {} } ]\n", "m.yaml:2:11: unknown fault 'dorp', did you mean 'drop'?"},
      {"phxkit_mock: 1\nfaults: [ { scenario: deplo } ]\n", "unknown fault scenario 'deplo', did you mean 'deploy'?"},
      {"phxkit_mock: 1\nexpect: [ { topic: a } ]\n", "m.yaml:2:11:"},
      {"phxkit_mock: 1\nexpect: [ { event: a, count: 0 } ]\n", "m.yaml:2:30:"},
      {"phxkit_mock: 1\nchannels: { a: { on: { x: [ }\n", "m.yaml:"},
  };
  for (const auto& [text, error] : mistakes) {
    try {
      MockFile::parse(text, "m.yaml");
      ADD_FAILURE() << "taken: " << text;
    } catch (const scenario::FileError& e) {
      EXPECT_NE(std::string_view(e.what()).find(error), std::string_view::npos) << text << "\n" << e.what();
    }
  }
}

TEST(MockFile, IsMadeFromACapture) {
  scenario::Capture capture;
  capture.header.tool = "test";
  const auto add = [&](scenario::Direction d, std::string raw) {
    scenario::CaptureEvent e;
    e.direction = d;
    e.raw = std::move(raw);
    capture.events.push_back(std::move(e));
  };
  using enum scenario::Direction;
  add(to_server, R"(["1","1","room:a","phx_join",{"x":"{{ no template }}"}])");
  add(to_client, R"(["1","1","room:a","phx_reply",{"status":"ok","response":{"id":7}}])");
  add(to_client, R"([null,null,"room:a","hello",{"a":[1,"b: c"]}])");
  add(to_server, R"([null,"2","phoenix","heartbeat",{}])");
  add(to_server, R"(["1","3","room:a","ping",{"n":1}])");
  add(to_client, R"(["1",null,"room:a","before",{}])");
  add(to_client, R"(["1","3","room:a","phx_reply",{"status":"error","response":{"reason":"no"}}])");
  const std::string text = scenario::capture_to_mock(capture);
  const MockFile file = MockFile::parse(text, "made");
  const MockChannelScript* room = file.find("room:a");
  ASSERT_TRUE(room) << text;
  ASSERT_EQ(room->join.size(), 1u);
  EXPECT_TRUE(room->join[0].payload.matches(Json{{"x", "{{ no template }}"}})) << text;
  EXPECT_FALSE(room->join[0].payload.matches(Json{{"x", "{{ no template }}"}, {"y", 1}}));
  EXPECT_EQ(room->join[0].actions.push[0].payload.text({}), R"({"a":[1,"b: c"]})");
  const MockRule& ping = room->on.at("ping").at(0);
  EXPECT_EQ(ping.actions.reply->status.source(), "error");
  EXPECT_EQ(ping.actions.push.size(), 1u);
  EXPECT_FALSE(ping.actions.reply_first);
}

}  // namespace
}  // namespace phx::mock
