#include <phx/scenario/replay.hpp>

#include <gtest/gtest.h>

#include <phx/scenario/capture_convert.hpp>
#include <phx/scenario/scenario.hpp>

namespace phx::scenario {
namespace {

using namespace std::chrono_literals;
using enum Direction;

Capture capture_of(std::vector<std::pair<Direction, std::string>> frames) {
  Capture out;
  std::int64_t t = 0;
  for (auto& [direction, raw] : frames) {
    CaptureEvent e;
    e.t = t += 1'000'000'000;
    e.direction = direction;
    e.raw = std::move(raw);
    out.events.push_back(std::move(e));
  }
  return out;
}

const Capture session = capture_of({{to_server, R"(["1","1","t","phx_join",{}])"},
                                    {to_client, R"(["1","1","t","phx_reply",{"status":"ok","response":{"token":"[FILTERED]"}}])"},
                                    {to_client, R"([null,null,"t","presence_state",{"ada":{"metas":[{"phx_ref":"x"}]}}])"},
                                    {to_server, R"(["1","2","t","ping",{}])"},
                                    {to_client, R"(["1","2","t","phx_reply",{"status":"ok","response":{"n":1}}])"}});

struct Replay {
  explicit Replay(const Capture& capture, ReplayOptions options = {}) : core(capture, std::move(options)) { core.start(now, out); }
  void hear(std::string_view text) { core.on_frame(core::Opcode::text, text, now, out); }
  std::vector<std::string> sent() const {
    std::vector<std::string> texts;
    for (const auto& effect : out)
      if (const auto* send = std::get_if<ReplaySend>(&effect)) texts.push_back(send->bytes);
    return texts;
  }
  bool done() const { return !out.empty() && std::holds_alternative<ReplayDone>(out.back()); }

  Instant now{};
  ReplayEffects out;
  ReplayCore core;
};

TEST(Replay, SendsTheNextFrameWhenTheAnswersHaveCome) {
  Replay replay(session);
  EXPECT_EQ(replay.sent().size(), 1u);
  replay.hear(R"([null,null,"t","presence_state",{"ada":{"metas":[{"phx_ref":"y","online_at":3}]}}])");  // early is fine
  EXPECT_EQ(replay.sent().size(), 1u);
  replay.hear(R"(["1","1","t","phx_reply",{"status":"ok","response":{"token":"another"}}])");
  EXPECT_EQ(replay.sent().size(), 2u);
  replay.hear(R"(["1","2","t","phx_reply",{"status":"ok","response":{"n":1}}])");
  EXPECT_TRUE(replay.done());
  EXPECT_TRUE(replay.core.differences().empty());
  EXPECT_EQ(replay.core.compared(), 3u);
}

TEST(Replay, TellsWhatDiffersWhatNeverCameAndWhatIsNew) {
  Replay replay(session, {.timeout = 2s});
  replay.hear(R"(["1","1","t","phx_reply",{"status":"error","response":{"token":1}}])");
  replay.hear(R"([null,null,"t","surprise",{}])");
  EXPECT_EQ(replay.core.next_deadline(), Instant{} + 2s);
  replay.core.on_deadline(Instant{} + 1999ms, replay.out);
  EXPECT_EQ(replay.sent().size(), 1u);
  replay.now = Instant{} + 2s;
  replay.core.on_deadline(replay.now, replay.out);
  EXPECT_EQ(replay.sent().size(), 2u);
  replay.hear(R"(["1","2","t","phx_reply",{"status":"ok","response":{"n":1,"more":2}}])");
  ASSERT_TRUE(replay.done());
  std::vector<std::string> what;
  for (const Json& d : replay.core.differences()) what.push_back(d["event"].get<std::string>() + " " + d["what"].get<std::string>());
  EXPECT_EQ(what, (std::vector<std::string>{"phx_reply differs", "presence_state never came", "phx_reply differs",
                                            "surprise not in the capture"}));
}

// Issue 6, point 7: rewritten refs. The recording begins in the middle of a client's life; null and numbers keep their kind.
TEST(Replay, SendsLiveRefsInsteadOfRecordedOnes) {
  Replay replay(capture_of({{to_server, R"(["57","57","t","phx_join",{"a": 1}])"},
                            {to_client, R"(["57","57","t","phx_reply",{"status":"ok","response":{}}])"},
                            {to_server, R"(["57","58","t","ping",{}])"},
                            {to_client, R"(["57",null,"t","pushed",{}])"},
                            {to_client, R"(["57","58","t","phx_reply",{"status":"ok","response":{}}])"},
                            {to_server, R"([null,"59","phoenix","heartbeat",{}])"},
                            {to_client, R"([null,"59","phoenix","phx_reply",{"status":"ok","response":{}}])"},
                            {to_server, R"([60,61,"t","phx_join",{}])"},
                            {to_client, R"(["57","57","t","phx_close",{}])"},
                            {to_client, R"([60,61,"t","phx_reply",{"status":"ok","response":{}}])"},
                            {to_server, R"([60,null,"t","noreply",{}])"}}));
  replay.hear(R"(["1","1","t","phx_reply",{"status":"ok","response":{}}])");
  replay.hear(R"(["1","2","t","phx_reply",{"status":"ok","response":{}}])");
  replay.hear(R"(["1",null,"t","pushed",{}])");
  replay.hear(R"([null,"3","phoenix","phx_reply",{"status":"ok","response":{}}])");
  replay.hear(R"(["1","1","t","phx_close",{}])");
  replay.hear(R"([5,4,"t","phx_reply",{"status":"ok","response":{}}])");
  ASSERT_TRUE(replay.done());
  EXPECT_TRUE(replay.core.differences().empty()) << Json(replay.core.differences());
  EXPECT_EQ(replay.sent(), (std::vector<std::string>{R"(["1","1","t","phx_join",{"a": 1}])", R"(["1","2","t","ping",{}])",
                                                     R"([null,"3","phoenix","heartbeat",{}])", R"([5,4,"t","phx_join",{}])",
                                                     R"([5,null,"t","noreply",{}])"}));
}

TEST(Replay, AMessageOfAnotherJoinIsNotTheOneAwaited) {
  Replay replay(capture_of({{to_server, R"(["8","8","t","phx_join",{}])"}, {to_client, R"(["8",null,"t","pushed",{}])"}}), {.timeout = 1s});
  replay.hear(R"(["9",null,"t","pushed",{}])");
  EXPECT_FALSE(replay.done());
  replay.hear(R"(["1",null,"t","pushed",{}])");
  EXPECT_TRUE(replay.done());
  ASSERT_EQ(replay.core.differences().size(), 1u);
  EXPECT_EQ(replay.core.differences()[0]["what"], "not in the capture");
}

TEST(Replay, RewritesRefsOfV1AndLeavesAloneWhatIsNoMessage) {
  Capture capture = capture_of({{to_server, R"({"topic":"t","event":"phx_join","payload":{},"ref":"30"})"},
                                {to_client, R"({"topic":"t","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"30"})"},
                                {to_server, "nonsense"}});
  capture.header.vsn = "1.0.0";
  Replay replay(capture);
  replay.hear(R"({"topic":"t","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"})");
  ASSERT_TRUE(replay.done());
  EXPECT_TRUE(replay.core.differences().empty());
  ASSERT_EQ(replay.sent().size(), 2u);
  EXPECT_EQ(Json::parse(replay.sent()[0])["ref"], "1");
  EXPECT_EQ(replay.sent()[1], "nonsense");
}

TEST(Replay, KeepsTheRecordedPaceWhenAsked) {
  Replay replay(capture_of({{to_server, R"([null,"1","t","a",{}])"}, {to_server, R"([null,"2","t","b",{}])"}}), {.recorded_pace = true});
  EXPECT_EQ(replay.sent().size(), 1u);
  EXPECT_EQ(replay.core.next_deadline(), Instant{} + 1s);
  replay.core.on_deadline(Instant{} + 1s, replay.out);
  EXPECT_EQ(replay.sent().size(), 2u);
  EXPECT_TRUE(replay.done());
}

TEST(Replay, EndsWhenTheServerCloses) {
  Replay replay(session);
  replay.core.on_closed(replay.now, replay.out);
  EXPECT_TRUE(replay.done());
  EXPECT_EQ(replay.core.differences().size(), 4u);
  EXPECT_THROW(ReplayCore(Capture{}, {}), std::invalid_argument);
  EXPECT_THROW(ReplayCore(session, {.connection = 9}), std::invalid_argument);
}

CaptureEvent opened(std::uint64_t c, std::string url) {
  CaptureEvent e;
  e.c = c;
  e.kind = CaptureKind::open;
  e.text = std::move(url);
  return e;
}

/// What phx proxy writes of a V1 client: its header cannot know the vsn.
Capture v1_through_a_proxy() {
  Capture capture =
      capture_of({{to_server, R"({"topic":"t","event":"phx_join","payload":{"a":1},"ref":"30"})"},
                  {to_client, R"({"topic":"t","event":"phx_reply","payload":{"status":"ok","response":{"b":2}},"ref":"30"})"}});
  capture.header = {.tool = "phx proxy", .url = "ws://h:1"};
  capture.events.insert(capture.events.begin(), opened(1, "ws://h:1/socket/websocket?user%20name=a+b%21&vsn=1.0.0&token=[FILTERED]"));
  return capture;
}

// design.md section 5: one capture has connections of many clients; each says in its URL how it was opened.
TEST(CaptureConnections, AreReadFromTheirUrls) {
  const CaptureConnections proxied(v1_through_a_proxy());
  EXPECT_EQ(proxied.of(1),
            (CaptureConnection{.url = "ws://h:1/socket", .vsn = "1.0.0", .params = {{"user name", "a b!"}, {"token", "[FILTERED]"}}}));
  EXPECT_EQ(proxied.of(2), (CaptureConnection{.url = "ws://h:1"}));

  Capture recorded;
  recorded.header = {.url = "ws://h/socket", .transport = "longpoll", .vsn = "1.0.0"};
  recorded.events = {opened(1, "ws://h/socket"), opened(2, "ws://h/socket/websocket")};
  CaptureEvent poll;
  poll.c = 3, poll.kind = CaptureKind::http, poll.direction = to_server, poll.path = "/s/longpoll?vsn=2.0.0";
  recorded.events.push_back(poll);
  const CaptureConnections three(recorded);
  EXPECT_EQ(three.of(1), (CaptureConnection{.url = "ws://h/socket", .transport = "longpoll", .vsn = "1.0.0"}));
  EXPECT_EQ(three.of(2), (CaptureConnection{.url = "ws://h/socket", .vsn = "1.0.0"})) << "a server takes a missing vsn as 1.0.0";
  EXPECT_EQ(three.of(3), (CaptureConnection{.url = "ws://h/s", .transport = "longpoll"}));
}

// Issue 6, point 7: whatever the header says, a V1 session is read as V1.
TEST(Replay, TakesTheVsnOfItsConnection) {
  Replay replay(v1_through_a_proxy());
  EXPECT_EQ(replay.core.connection().vsn, "1.0.0");
  replay.hear(R"({"topic":"t","event":"phx_reply","payload":{"status":"ok","response":{"b":2}},"ref":"1"})");
  ASSERT_TRUE(replay.done());
  EXPECT_TRUE(replay.core.differences().empty());
  EXPECT_NE(capture_to_mock(v1_through_a_proxy()).find(R"(!exactly {"a":1})"), std::string::npos);
}

/// Steps of a converted capture as they stand in the file.
std::vector<std::string> steps_of(const std::string& file, std::size_t actor = 0) {
  std::vector<std::string> out;
  const Scenario scenario = parse_scenario(file, "converted.yaml");
  for (const Step& step : scenario.actors.at(actor).steps) out.push_back(step.source.substr(step.source.find('-') + 2));
  return out;
}

// Issue 6, point 7: converters, to scenario. What it writes is a scenario, and says how the client connected.
TEST(ToScenario, SaysHowTheClientConnectedAndWhatItGot) {
  const std::string file = capture_to_scenario(v1_through_a_proxy());
  EXPECT_EQ(parse_scenario(file, "x.yaml").url, "ws://h:1/socket");
  EXPECT_EQ(steps_of(file),
            (std::vector<std::string>{
                R"(connect: { params: {"user name":"a b!"}, vsn: 1.0.0 })",
                R"(join: { topic: "t", as: "t", payload: {"a":1}, expect: { status: "ok", response: {"b": 2}, within: 7s } })"}));
  EXPECT_NE(file.find("# masked in the capture: \"token\"; give them with --params or --token-file"), std::string::npos);
}

TEST(ToScenario, ExpectsNothingOfWhatChangesFromRunToRun) {
  const auto steps = steps_of(capture_to_scenario(session, {"phx_ref", "n"}));
  ASSERT_EQ(steps.size(), 4u);
  EXPECT_NE(steps[1].find(R"(response: {"token": !any})"), std::string::npos) << steps[1];
  EXPECT_NE(steps[2].find(R"("ada": {"metas": [{"phx_ref": !any}]})"), std::string::npos) << steps[2];
  EXPECT_NE(steps[3].find(R"(response: {"n": !any})"), std::string::npos) << steps[3];
}

TEST(ToScenario, ClientsTakeTurnsAsTheyDid) {
  Capture two = capture_of({{to_server, R"(["1","1","t","phx_join",{}])"},
                            {to_client, R"(["1","1","t","phx_reply",{"status":"ok","response":{}}])"},
                            {to_server, R"(["1","1","t","phx_join",{}])"},
                            {to_client, R"(["1","1","t","phx_reply",{"status":"error","response":{}}])"}});
  two.events[2].c = two.events[3].c = 2;
  const std::string file = capture_to_scenario(two);
  EXPECT_EQ(steps_of(file)[2], "sync: { point: turn 1, within: 64s }");
  EXPECT_EQ(steps_of(file, 1).front(), "sync: { point: turn 1, within: 64s }");
  EXPECT_EQ(steps_of(file, 1).size(), 3u);
}

// A rejoin on the same connection, the end of a channel and of the connection; text that looks like a template; what cannot be said.
TEST(ToScenario, HasNoStepThatAScenarioCannotPlay) {
  Capture odd = capture_of({{to_server, R"(["1","1","a {{ x }}","phx_join",{"say":"{{ y }}"}])"},
                            {to_client, R"(["1","1","a {{ x }}","phx_reply",{"status":"ok","response":{}}])"},
                            {to_client, R"(["1","1","a {{ x }}","phx_error",{}])"},
                            {to_server, R"(["1","2","a {{ x }}","late",{}])"},
                            {to_server, R"(["3","3","a {{ x }}","phx_join",{}])"},
                            {to_client, R"(["3","3","a {{ x }}","phx_reply",{"status":"ok","response":{}}])"},
                            {to_client, R"(["1","1","a {{ x }}","phx_close",{}])"},
                            {to_server, R"(["3","4","a {{ x }}","deep",)" + std::string(70, '[') + std::string(70, ']') + "]"},
                            {to_server, R"(["5","5","silent","phx_join",{}])"},
                            {to_server, R"(["3","6","a {{ x }}","phx_leave",{}])"}});
  CaptureEvent close;
  close.kind = CaptureKind::close, close.direction = to_client, close.code = 4001, close.t = odd.events.back().t;
  odd.events.push_back(close);
  const std::string file = capture_to_scenario(odd);
  std::vector<std::string> words;
  for (const std::string& step : steps_of(file)) words.push_back(step.substr(0, step.find(':')));
  EXPECT_EQ(words, (std::vector<std::string>{"connect", "join", "expect", "leave", "join", "leave", "expect"})) << file;
  EXPECT_NE(steps_of(file)[1].find(R"(topic: "a \\{{ x }}", as: "a {{ x }}", payload: {"say":"\\{{ y }}"})"), std::string::npos) << file;
  for (const char* why : {"late\" on \"a {{ x }}\", which was not joined", "deep\" on \"a {{ x }}\", which a scenario cannot say",
                          "phx_join\" on \"silent\", which was not answered"})
    EXPECT_NE(file.find(why), std::string::npos) << file;
  EXPECT_EQ(parse_scenario(capture_to_scenario(Capture{}), "empty.yaml").actors.size(), 1u);
}

TEST(Har, GoesThereAndBack) {
  const auto back = capture_from_har(capture_to_har(session));
  ASSERT_TRUE(back) << back.error();
  std::vector<std::string> was, is;
  for (const auto& e : session.events) was.push_back(e.raw);
  for (const auto& e : back->events)
    if (e.kind == CaptureKind::frame) is.push_back(e.raw);
  EXPECT_EQ(is, was);
}

TEST(Har, SaysWhatIsWrongAndMasks) {
  EXPECT_EQ(capture_from_har("x").error(), "not JSON; a HAR file is what a browser's network panel exports");
  EXPECT_EQ(capture_from_har("{}").error(), "/: no \"log\"; is this a HAR file?");
  EXPECT_EQ(capture_from_har(R"({"log":{"entries":[{}]}})").error(), "/log/entries/0: no \"request\"; is this a HAR file?");
  EXPECT_EQ(capture_from_har(R"({"log":{"entries":[{"request":{"url":"ws://h"},"_webSocketMessages":[{"type":"send"}]}]}})").error(),
            "/log/entries/0/_webSocketMessages/0: no \"time\"; is this a HAR file?");
  const auto masked = capture_from_har(
      R"({"log":{"entries":[{"request":{"method":"POST","url":"http://h/x?token=geheim","postData":{"text":"{\"password\":\"geheim\"}"}},"response":{"status":200}}]}})");
  ASSERT_TRUE(masked);
  std::string all;
  for (const auto& e : masked->events) all += capture_line(e);
  EXPECT_EQ(all.find("geheim"), std::string::npos) << all;
}

}  // namespace
}  // namespace phx::scenario
