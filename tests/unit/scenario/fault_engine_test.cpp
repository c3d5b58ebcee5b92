#include <phx/scenario/fault_engine.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

// Rules: design.md section 5 (one fault engine for mock, proxy, in-memory wire and swarm).

namespace phx::scenario {
namespace {

using namespace std::chrono_literals;
using core::Opcode;

constexpr Instant at(Duration d) { return Instant{} + d; }

struct Rig {
  explicit Rig(std::vector<FaultRule> rules, std::uint64_t seed = 1) : engine(std::move(rules), seed) {}

  LinkActions pass(Direction direction, std::string_view text, Instant now = at(0s)) {
    LinkActions out;
    link.on_message({direction, Opcode::text, text}, now, out);
    return out;
  }

  FaultEngine engine;
  FaultLink link{engine, core::v2_serializer()};
};

Deliver to_server(std::string text, Instant when = at(0s)) { return {Direction::to_server, Opcode::text, std::move(text), when}; }
Deliver to_client(std::string text, Instant when = at(0s)) { return {Direction::to_client, Opcode::text, std::move(text), when}; }

constexpr const char* ping = R"(["1","2","room:lobby","ping",{"n":1}])";
constexpr const char* pong = R"(["1","2","room:lobby","phx_reply",{"status":"ok","response":{"n":1}}])";
constexpr const char* news = R"([null,null,"room:lobby","news",{}])";
constexpr const char* chat = R"([null,null,"chat:1","new_msg",{}])";

TEST(FaultLink, WithoutRulesEverythingPassesAtOnce) {
  Rig rig({});
  EXPECT_EQ(rig.pass(Direction::to_server, ping, at(3s)), (LinkActions{to_server(ping, at(3s))}));
  EXPECT_EQ(rig.pass(Direction::to_client, pong, at(4s)), (LinkActions{to_client(pong, at(4s))}));
  EXPECT_EQ(rig.link.next_deadline(), std::nullopt);
}

TEST(FaultLink, DropsWhatFitsTopicEventAndDirection) {
  Rig rig({{.when = {.direction = Direction::to_client, .topic = "room:*", .event = "news"}, .fault = Drop{}}});
  EXPECT_TRUE(rig.pass(Direction::to_client, news).empty());
  EXPECT_EQ(rig.pass(Direction::to_client, chat).size(), 1u);
  EXPECT_EQ(rig.pass(Direction::to_server, news).size(), 1u);
  EXPECT_EQ(rig.engine.strikes(0), 1u);
}

TEST(FaultLink, StrikesTheNthOnlyCountedOverAllLinks) {
  Rig rig({{.when = {.event = "news", .nth = 2}, .fault = Drop{}}});
  FaultLink other(rig.engine, core::v2_serializer());
  LinkActions out;
  other.on_message({Direction::to_client, Opcode::text, news}, at(0s), out);
  EXPECT_EQ(out.size(), 1u);
  EXPECT_TRUE(rig.pass(Direction::to_client, news).empty());
  EXPECT_EQ(rig.pass(Direction::to_client, news).size(), 1u);
}

TEST(FaultLink, StopsAtItsLimit) {
  Rig rig({{.when = {.limit = 2}, .fault = Drop{}}});
  EXPECT_TRUE(rig.pass(Direction::to_client, news).empty());
  EXPECT_TRUE(rig.pass(Direction::to_client, news).empty());
  EXPECT_EQ(rig.pass(Direction::to_client, news).size(), 1u);
}

TEST(FaultLink, TheSameSeedGivesTheSameFaults) {
  const auto lost = [](std::uint64_t seed) {
    Rig rig({{.when = {.probability = 0.3}, .fault = Drop{}}}, seed);
    std::string pattern;
    for (int i = 0; i < 1000; ++i) pattern += rig.pass(Direction::to_client, news).empty() ? 'x' : '.';
    return pattern;
  };
  EXPECT_EQ(lost(7), lost(7));
  EXPECT_NE(lost(7), lost(8));
  const std::string pattern = lost(7);
  const auto count = std::count(pattern.begin(), pattern.end(), 'x');
  EXPECT_GT(count, 250);
  EXPECT_LT(count, 350);
}

TEST(FaultLink, WhatFollowsADelayedMessageWaitsBehindIt) {
  Rig rig({{.when = {.event = "news"}, .fault = Delay{.by = 50ms}}});
  EXPECT_EQ(rig.pass(Direction::to_client, news), (LinkActions{to_client(news, at(50ms))}));
  EXPECT_EQ(rig.pass(Direction::to_client, chat, at(10ms)), (LinkActions{to_client(chat, at(50ms))}));
  EXPECT_EQ(rig.pass(Direction::to_server, ping, at(10ms)), (LinkActions{to_server(ping, at(10ms))}));
}

TEST(FaultLink, AnOvertakingDelayLetsOthersGoAhead) {
  Rig rig({{.when = {.event = "news"}, .fault = Delay{.by = 50ms, .overtaking = true}}});
  rig.pass(Direction::to_client, news);
  EXPECT_EQ(rig.pass(Direction::to_client, chat, at(10ms)), (LinkActions{to_client(chat, at(10ms))}));
}

TEST(FaultLink, JitterStaysBelowItsBound) {
  Rig rig({{.when = {}, .fault = Delay{.by = 10ms, .jitter = 5ms, .overtaking = true}}});
  for (int i = 0; i < 200; ++i) {
    const auto when = std::get<Deliver>(rig.pass(Direction::to_client, news).at(0)).at;
    EXPECT_GE(when, at(10ms));
    EXPECT_LT(when, at(15ms));
  }
}

TEST(FaultLink, DuplicatesAreEqual) {
  Rig rig({{.when = {.event = "news"}, .fault = Duplicate{.copies = 2}}});
  EXPECT_EQ(rig.pass(Direction::to_client, news), (LinkActions{to_client(news), to_client(news), to_client(news)}));
}

TEST(FaultLink, ReorderDeliversBehindTheNextMessageOfItsDirection) {
  Rig rig({{.when = {.event = "news"}, .fault = Reorder{.behind = 1, .at_most = 1s}}});
  EXPECT_TRUE(rig.pass(Direction::to_client, news).empty());
  EXPECT_EQ(rig.link.next_deadline(), at(1s));
  EXPECT_EQ(rig.pass(Direction::to_server, ping).size(), 1u);
  EXPECT_EQ(rig.pass(Direction::to_client, chat, at(20ms)), (LinkActions{to_client(chat, at(20ms)), to_client(news, at(20ms))}));
  EXPECT_EQ(rig.link.next_deadline(), std::nullopt);
}

TEST(FaultLink, ReorderGivesUpWaitingAtItsDeadlineAndNotBefore) {
  Rig rig({{.when = {.event = "news"}, .fault = Reorder{.behind = 3, .at_most = 1s}}});
  rig.pass(Direction::to_client, news);
  LinkActions out;
  rig.link.on_deadline(at(999ms), out);
  EXPECT_TRUE(out.empty());
  rig.link.on_deadline(at(1s), out);
  EXPECT_EQ(out, (LinkActions{to_client(news, at(1s))}));
}

TEST(FaultLink, CorruptChangesBytesAndKeepsTheLength) {
  Rig rig({{.when = {}, .fault = Corrupt{.bytes = 1}}});
  const auto out = rig.pass(Direction::to_client, news);
  const std::string& bytes = std::get<Deliver>(out.at(0)).bytes;
  ASSERT_EQ(bytes.size(), std::string_view(news).size());
  EXPECT_EQ(std::inner_product(bytes.begin(), bytes.end(), news, 0, std::plus<>(), std::not_equal_to<>()), 1);
}

TEST(FaultLink, NeverReplySwallowsTheReplyToThatMessageOnly) {
  Rig rig({{.when = {.event = "ping", .nth = 1}, .fault = NeverReply{}}});
  EXPECT_EQ(rig.pass(Direction::to_server, ping), (LinkActions{to_server(ping)}));
  EXPECT_EQ(rig.pass(Direction::to_client, news).size(), 1u);
  EXPECT_TRUE(rig.pass(Direction::to_client, pong).empty());
  EXPECT_EQ(rig.pass(Direction::to_client, pong).size(), 1u);
}

TEST(FaultLink, AnswersInPlaceOfTheServer) {
  Rig rig({{.when = {.event = "ping"}, .fault = AnswerWith{.status = "error", .response = R"({"reason":"overload"})"}}});
  EXPECT_EQ(rig.pass(Direction::to_server, ping),
            (LinkActions{to_client(R"(["1","2","room:lobby","phx_reply",{"response":{"reason":"overload"},"status":"error"}])")}));
}

TEST(FaultLink, ClosesOnceAndForAll) {
  Rig rig({{.when = {.event = "ping"}, .fault = CloseWith{.code = 1012, .reason = "bye"}}});
  EXPECT_EQ(rig.pass(Direction::to_server, ping), (LinkActions{CloseLink{1012, "bye"}}));
  EXPECT_EQ(rig.link.state(), FaultLink::State::closed);
  EXPECT_TRUE(rig.pass(Direction::to_client, news).empty());
}

TEST(FaultLink, HalfOpenIsSilentBothWays) {
  Rig rig({{.when = {.event = "ping"}, .fault = HalfOpen{}}});
  EXPECT_TRUE(rig.pass(Direction::to_server, ping).empty());
  EXPECT_TRUE(rig.pass(Direction::to_client, news).empty());
  EXPECT_TRUE(rig.pass(Direction::to_server, ping).empty());
  EXPECT_EQ(rig.link.state(), FaultLink::State::silent);
}

TEST(FaultLink, RulesApplyInOrderToWhatIsLeft) {
  Rig rig({{.when = {.event = "news"}, .fault = Delay{.by = 5ms}},
           {.when = {.event = "news"}, .fault = Duplicate{}},
           {.when = {.event = "news", .nth = 2}, .fault = Drop{}}});
  EXPECT_EQ(rig.pass(Direction::to_client, news), (LinkActions{to_client(news, at(5ms)), to_client(news, at(5ms))}));
  EXPECT_TRUE(rig.pass(Direction::to_client, news).empty());
}

TEST(FaultLink, AMessageItCannotReadFitsTheWildcardsOnly) {
  Rig rig({{.when = {.topic = "room:*"}, .fault = Duplicate{}}, {.when = {.nth = 2}, .fault = Drop{}}});
  EXPECT_EQ(rig.pass(Direction::to_server, "not json"), (LinkActions{to_server("not json")}));
  EXPECT_TRUE(rig.pass(Direction::to_server, "not json").empty());
}

TEST(FaultEngine, RefusesTheNthUpgrade) {
  FaultEngine engine({{.when = {.nth = 2}, .fault = RefuseUpgrade{.status = 503, .headers = {}, .body = {}}}});
  EXPECT_EQ(engine.on_upgrade(), std::nullopt);
  EXPECT_EQ(engine.on_upgrade(), (RefuseUpgrade{.status = 503, .headers = {}, .body = {}}));
  EXPECT_EQ(engine.on_upgrade(), std::nullopt);
}

TEST(Rng, IsTheSameEverywhere) {
  Rng rng(1234567);  // first numbers of the reference implementation of SplitMix64 with this seed
  EXPECT_EQ(rng.next(), 6457827717110365317u);
  EXPECT_EQ(rng.next(), 3203168211198807973u);
}

}  // namespace
}  // namespace phx::scenario
