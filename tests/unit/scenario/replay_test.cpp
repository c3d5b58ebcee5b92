#include <phx/scenario/replay.hpp>

#include <gtest/gtest.h>

#include <phx/scenario/capture_convert.hpp>

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
