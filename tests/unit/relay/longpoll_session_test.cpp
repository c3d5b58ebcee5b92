// Issue 6: faults by topic and event act on the messages in long-poll bodies. Formats: server.md 3.3, 3.4; golden longpoll.
#include "longpoll_session.hpp"

#include <gmock/gmock.h>

#include <phx/core/base64.hpp>
#include <phx/scenario/fault_script.hpp>

namespace phx::relay {
namespace {

using namespace std::chrono_literals;
using scenario::Direction;
using scenario::FaultLink;

struct World {
  explicit World(const char* fault, const core::Serializer& serializer = core::v2_serializer()) : session(engine, serializer) {
    if (fault) {
      const auto steps = scenario::parse_fault(parse_json(fault).value());
      for (const auto& step : steps.value()) engine.add(std::get<scenario::RuleStep>(step.what).rule);
    }
  }
  std::string post(std::string_view body, bool ndjson = true) {
    const auto out = session.on_post(body, ndjson, tap(), now);
    at = out ? out->at : Instant{};
    return out ? out->text : "nothing";
  }
  Json answer(const std::vector<std::string>& messages, int status = 200) {
    const auto out = session.on_answer(obj("status", status, "token", "T", "messages", messages), tap(), now);
    at = out.at;
    return parse_json(out.text).value();
  }
  LongPollSession::Tap tap() {
    return [this](Direction, core::Opcode op, std::string_view bytes) {
      seen.push_back((op == core::Opcode::text ? "t:" : "b:") + std::string(bytes));
    };
  }

  scenario::FaultEngine engine{{}};
  LongPollSession session;
  Instant now{}, at{};
  std::vector<std::string> seen;
};

const std::string join = R"(["1","1","room:a","phx_join",{}])", ping = R"(["1","2","room:a","ping",{"n":1}])",
                  pong = R"(["1","2","room:a","phx_reply",{"status":"ok","response":{"n":1}}])", news = R"([null,null,"room:a","news",{}])";

TEST(LongPollSession, WithoutFaultsBodiesPassAsTheyAre) {
  World world(nullptr);
  const std::string binary =
      core::base64_encode(std::string("\0\1\1\1\4"
                                      "11abin_",
                                      11));
  EXPECT_EQ(world.post(join + "\n" + binary), join + "\n" + binary);
  EXPECT_EQ(world.seen[1].substr(0, 2), "b:");
  EXPECT_EQ(world.answer({pong, news}), obj("status", 200, "token", "T", "messages", Json::array({pong, news})));
  EXPECT_EQ(world.answer({}, 204)["status"], 204);
  EXPECT_EQ(world.session.state(), FaultLink::State::passing);
}

// server.md 3.3: CRLF ends a line too; server.md 3.4: messages are texts, but what is none passes as JSON.
TEST(LongPollSession, OddBodiesPassAsTheOtherSideReadsThem) {
  World world(nullptr);
  EXPECT_EQ(world.post(join + "\r\n\n" + ping + "\r\r\n"), join + "\n" + ping);
  EXPECT_EQ(world.post("\r\n\n"), "nothing");
  const auto out = world.session.on_answer(obj("messages", Json::array({1, obj("a", nullptr)})), world.tap(), world.now);
  EXPECT_EQ(out.text, R"({"messages":["1","{\"a\":null}"],"status":200})");
  EXPECT_EQ(world.session.on_answer(obj("messages", 7, "status", 410), world.tap(), world.now).text, R"({"messages":[],"status":410})");
}

TEST(LongPollSession, CountsMessagesOfBothSides) {
  World world(R"({"drop":{"event":"ping"}})");
  world.post(join + "\n" + ping);
  world.answer({pong});
  EXPECT_EQ(world.session.received(), 2u) << "also what was dropped";
  EXPECT_EQ(world.session.sent(), 1u);
}

TEST(LongPollSession, DropsByEventEitherWay) {
  World world(R"({"drop":{"event":"ping"}})");
  EXPECT_EQ(world.post(join + "\n" + ping), join);
  EXPECT_EQ(world.post(ping), "nothing");
  World other(R"({"drop":{"event":"news"}})");
  EXPECT_EQ(other.answer({news, pong})["messages"], Json::array({pong}));
  EXPECT_EQ(other.answer({news}), obj("status", 204, "token", "T", "messages", Json::array()));
  EXPECT_EQ(other.seen.size(), 3u) << "who looks on sees what was dropped";
}

TEST(LongPollSession, DelaysHoldTheWholeBody) {
  World world(R"({"delay":{"by":"300ms","event":"ping"}})");
  EXPECT_EQ(world.post(join + "\n" + ping), join + "\n" + ping);
  EXPECT_EQ(world.at, Instant{} + 300ms);
}

TEST(LongPollSession, DuplicatesAndReorders) {
  World world(R"({"duplicate":{"event":"news","copies":2}})");
  EXPECT_EQ(world.answer({news})["messages"], Json::array({news, news, news}));
  World other(R"({"reorder":{"event":"news","behind":1,"at_most":"1s"}})");
  EXPECT_EQ(other.answer({news, pong})["messages"], Json::array({pong, news}));
  EXPECT_EQ(other.answer({news})["status"], 204);
  EXPECT_EQ(other.session.next_deadline(), Instant{} + 1s);
  EXPECT_FALSE(other.session.take_news("T", other.now));
  other.session.on_deadline(Instant{} + 1s);
  EXPECT_EQ(other.session.take_news("T", Instant{} + 1s)->text, obj("status", 200, "token", "T", "messages", Json::array({news})).dump());
}

TEST(LongPollSession, AnErrorReplyWaitsForAPoll) {
  World world(R"({"error_reply":{"event":"ping","response":{"reason":"no"}}})");
  EXPECT_EQ(world.post(ping), "nothing");
  const auto own = world.session.take_news("T", world.now);
  ASSERT_TRUE(own);
  const auto messages = parse_json(own->text).value()["messages"];
  EXPECT_EQ(parse_json(messages[0].get<std::string>()).value()[4], obj("status", "error", "response", obj("reason", "no")));
  EXPECT_FALSE(world.session.take_news("T", world.now));
}

TEST(LongPollSession, NeverReplyLetsThePushPass) {
  World world(R"({"never_reply":{"event":"ping"}})");
  EXPECT_EQ(world.post(ping), ping);
  EXPECT_EQ(world.answer({pong, news})["messages"], Json::array({news}));
}

TEST(LongPollSession, ClosesAndFallsSilent) {
  World world(R"({"close":{"event":"ping","code":1008}})");
  EXPECT_EQ(world.post(ping), "nothing");
  EXPECT_EQ(world.session.state(), FaultLink::State::closed);
  EXPECT_EQ(world.session.close_code(), 1008);
  World other(R"({"half_open":{"event":"news"}})");
  EXPECT_TRUE(other.answer({news, pong})["messages"].empty());
  EXPECT_EQ(other.session.state(), FaultLink::State::silent);
}

TEST(LongPollSession, AV1RequestCarriesOneMessage) {
  World world(R"({"duplicate":{"event":"ping"}})", core::v1_serializer());
  const std::string text = R"({"topic":"room:a","event":"ping","payload":{},"ref":"2"})";
  EXPECT_EQ(world.post(text, false), text);
  EXPECT_EQ(world.session.take_lost(), 1u);
  EXPECT_EQ(world.session.take_lost(), 0u);
}

}  // namespace
}  // namespace phx::relay
