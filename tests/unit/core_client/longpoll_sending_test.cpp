// The client half of long-poll: messages that go out, in batches, one POST at a time, and what remains of them at the end. LP-numbers: spec
// client-semantics 3.12, cases of phoenix.js's longpoll_test.js; G: 3.9.
#include <phx/core/error.hpp>

#include "longpoll_case.hpp"

namespace phx::core {
namespace {

TEST_F(LongPoll, LP_08_X_23_HeadersOfPosts) {  // LP-08, X-23
  auto core = opened({.auth_token = "secret", .headers = {{"X-Own", "1"}}, .token_in_header = true});
  send(core, "[1]");
  turn(core);
  EXPECT_THAT(post().headers,
              ElementsAre(Pair("Content-Type", "application/x-ndjson"), Pair("X-Phoenix-Longpoll-Token", "T"), Pair("X-Own", "1")));
}

TEST_F(LongPoll, LP_10_TwoMessagesOnePost) {
  auto core = make({.token_in_header = true});
  core.open(now);  // no token is held yet
  send(core, "a");
  send(core, "b");
  turn(core);
  ASSERT_EQ(requests("POST").size(), 1u);
  EXPECT_EQ(post().body, "a\nb");
  EXPECT_THAT(post().headers, ElementsAre(Pair("Content-Type", "application/x-ndjson")));
}

TEST_F(LongPoll, LP_11_OnePostAtATime) {
  auto core = opened();
  for (const char* message : {"a", "b", "c"}) send(core, message);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(core.queued(), 3u);
  turn(core);
  EXPECT_EQ(post().body, "a\nb\nc");
  EXPECT_EQ(core.queued(), 0u);
  EXPECT_TRUE(core.awaiting_ack());
  send(core, "d");
  send(core, "e");
  turn(core);
  EXPECT_EQ(requests("POST").size(), 1u);
  EXPECT_EQ(core.queued(), 2u);
  answer(core, post().id, R"({"status":200})");
  EXPECT_EQ(requests("POST").size(), 2u);
  EXPECT_EQ(post().body, "d\ne");
  answer(core, post().id, R"({"status":200})");
  EXPECT_FALSE(core.awaiting_ack());
  EXPECT_EQ(core.buffered_bytes(), 0u);
}

TEST_F(LongPoll, LP_12_ABatchHasAHundredMessages) {
  auto core = opened();
  std::string first, second;
  for (int i = 0; i < 150; ++i) {
    const std::string message = "m" + std::to_string(i);
    send(core, message);
    std::string& batch = i < 100 ? first : second;
    batch += (batch.empty() ? "" : "\n") + message;
  }
  turn(core);
  EXPECT_EQ(post().body, first);
  answer(core, post().id, R"({"status":200})");
  EXPECT_EQ(post().body, second);
  answer(core, post().id, R"({"status":200})");
  EXPECT_EQ(requests("POST").size(), 2u);
  EXPECT_FALSE(core.awaiting_ack());
}

TEST_F(LongPoll, ABatchHasABoundedSizeUnlessOneMessageHasMore) {  // server.md 3.3: bodies over about 8 MB are refused
  auto core = opened({.batch_bytes = 10});
  for (const char* message : {"1234", "5678", "9", "a message that is longer"}) send(core, message);
  turn(core);
  std::vector<std::string> bodies{post().body};
  while (core.queued() != 0) {
    answer(core, post().id, R"({"status":200})");
    bodies.push_back(post().body);
  }
  EXPECT_THAT(bodies, ElementsAre("1234\n5678", "9", "a message that is longer"));
}

TEST_F(LongPoll, LP_13_APostThatTimesOut) {  // G4
  auto core = opened();
  const auto waiting = poll().id;
  now += 10s;  // and a fresh poll
  answer(core, waiting, R"({"status":204,"token":"T","messages":[]})");
  send(core, "a");
  turn(core);
  const auto unanswered = post().id;
  advance(core, 19'999ms);
  EXPECT_THAT(all<LongPollClosed>(), IsEmpty());
  advance(core, 1ms);
  ASSERT_EQ(all<LongPollError>().size(), 1u);
  EXPECT_EQ(all<LongPollError>()[0].detail, "timeout");
  EXPECT_EQ(all<LongPollError>()[0].why, std::make_error_code(std::errc::timed_out));
  EXPECT_THAT(all<LongPollClosed>(), ElementsAre(LongPollClosed{1005, "timeout", false}));
  EXPECT_EQ(core.state(), State::connecting);
  EXPECT_FALSE(core.awaiting_ack());
  forget();
  answer(core, unanswered, R"({"status":200})");
  EXPECT_TRUE(out.empty());
  send(core, "later");
  turn(core);
  EXPECT_EQ(post().body, "later");
  EXPECT_EQ(core.queued(), 0u);
}

TEST_F(LongPoll, G_5_BinaryIsBase64) {
  auto core = opened();
  core.send(Opcode::binary, std::string_view("\0\1\2\xff", 4), now);
  send(core, "[\n1,\r\n2]");  // a payload of the user's own writing
  turn(core);
  EXPECT_EQ(post().body, "AAEC/w==\n[ 1,  2]");
}

TEST_F(LongPoll, G_6_APostThatIsRefused) {
  auto core = opened();
  send(core, "a");
  turn(core);
  answer(core, post().id, R"({"status":408})");
  ASSERT_EQ(all<LongPollError>().size(), 1u);
  EXPECT_EQ(all<LongPollError>()[0].status, 408);
  EXPECT_THAT(all<LongPollClosed>(), ElementsAre(LongPollClosed{1011, "internal server error", false}));
  EXPECT_THAT(all<LongPollAbort>(), ElementsAre(LongPollAbort{poll().id}));
}

TEST_F(LongPoll, FinishDeliversWhatWasSent) {
  auto core = opened();
  send(core, "a");
  core.finish(1000, "", now, out);
  turn(core);
  EXPECT_EQ(post().body, "a");
  EXPECT_THAT(all<LongPollClosed>(), IsEmpty());
  answer(core, post().id, R"({"status":200})");
  EXPECT_THAT(all<LongPollClosed>(), ElementsAre(LongPollClosed{1000, "", true}));
}

TEST_F(LongPoll, FinishWaitsNoLongerThanItsLinger) {
  auto core = opened();
  send(core, "a");
  core.finish(4001, "x", now, out);
  advance(core, 1'999ms);
  EXPECT_THAT(all<LongPollClosed>(), IsEmpty());
  advance(core, 1ms);
  EXPECT_THAT(all<LongPollClosed>(), ElementsAre(LongPollClosed{4001, "x", true}));
  EXPECT_THAT(all<LongPollError>(), IsEmpty());
}

TEST_F(LongPoll, V1MessagesTravelAlone) {  // server.md 3.3
  auto core = opened({.ndjson = false});
  send(core, R"({"a":1})");
  send(core, R"({"b":2})");
  turn(core);
  EXPECT_EQ(post().body, R"({"a":1})");
  EXPECT_THAT(post().headers, ElementsAre(Pair("Content-Type", "application/json")));
  answer(core, post().id, R"({"status":200})");
  EXPECT_EQ(post().body, R"({"b":2})");
}

}  // namespace
}  // namespace phx::core
