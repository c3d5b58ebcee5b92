// The client half of long-poll: how a session begins, what a poll may bring, how it ends. LP-numbers: spec client-semantics 3.12, cases of
// phoenix.js's longpoll_test.js; G: 3.9. LP-16, LP-17 are about a browser's HTTP facilities: ours is one, tests/unit/net/http_client_test.cpp.
#include <phx/core/client/url.hpp>
#include <phx/core/error.hpp>

#include "longpoll_case.hpp"
#include "support/golden.hpp"

namespace phx::core {
namespace {

std::optional<std::string> token_from(std::vector<std::string> protocols) { return auth_token_of(protocols); }

TEST(LongPollUrl, IsMadeFromTheWebSockets) {  // U1, SO-17
  EXPECT_EQ(longpoll_url("ws://h/socket/websocket?vsn=2.0.0"), "http://h/socket/longpoll?vsn=2.0.0");
  EXPECT_EQ(LongPollOptions{}.timeout, 20s);
  EXPECT_EQ(longpoll_url("wss://h:1/websocket/a/websocket?x=/websocket"), "https://h:1/websocket/a/longpoll?x=/websocket");
}

TEST_F(LongPoll, LP_01_02_03_NoProtocolsNoToken) {  // LP-01, LP-02, LP-03
  EXPECT_EQ(token_from({}), std::nullopt);
  EXPECT_EQ(token_from({"phoenix"}), std::nullopt);
  EXPECT_EQ(token_from({"phoenix", "other"}), std::nullopt);
  auto core = make();
  core.open(now);
  EXPECT_EQ(core.state(), State::connecting);
  EXPECT_TRUE(out.empty());  // G1: the first GET has a turn of its own
  turn(core);
  EXPECT_EQ(poll().url, "http://h/socket/longpoll?vsn=2.0.0");
}

TEST_F(LongPoll, LP_04_TheTokenIsTheSecondProtocol) {
  EXPECT_EQ(token_from({"phoenix", "base64url.bearer.phx.MTIzNA"}), "1234");
  EXPECT_EQ(token_from({"phoenix", auth_subprotocol("a+b/c=ü")}), "a+b/c=ü");
}

TEST_F(LongPoll, LP_05_06_HeadersOfGets) {  // LP-05, LP-06
  auto with = started({.auth_token = "1234"});
  EXPECT_THAT(poll().headers, ElementsAre(Pair("Accept", "application/json"), Pair("X-Phoenix-AuthToken", "1234")));
  auto without = started();
  EXPECT_THAT(poll().headers, ElementsAre(Pair("Accept", "application/json")));
}

TEST_F(LongPoll, LP_07_TheTokenOfTheSessionInTheHeader) {  // D-21
  auto core = started({.token_in_header = true});
  answer(core, poll().id, session_body);
  EXPECT_EQ(core.state(), State::open);
  EXPECT_THAT(poll().headers, ElementsAre(Pair("Accept", "application/json"), Pair("X-Phoenix-Longpoll-Token", "T")));
  EXPECT_EQ(poll().url, "http://h/socket/longpoll?vsn=2.0.0");
}

TEST_F(LongPoll, D_21_OrInTheQuery) {
  auto core = started();
  answer(core, poll().id, R"({"status":410,"token":"a+b/=","messages":[]})");
  EXPECT_EQ(poll().url, "http://h/socket/longpoll?vsn=2.0.0&token=a%2Bb%2F%3D");
  EXPECT_THAT(poll().headers, ElementsAre(Pair("Accept", "application/json")));
}

TEST_F(LongPoll, LP_09_ALostSession) {
  auto core = opened();
  answer(core, poll().id, R"({"status":410,"token":"U","messages":[]})");
  ASSERT_EQ(all<LongPollError>().size(), 1u);
  EXPECT_EQ(all<LongPollError>()[0].status, 410);
  EXPECT_THAT(all<LongPollClosed>(), ElementsAre(LongPollClosed{3410, "session_gone", false}));
  EXPECT_EQ(core.state(), State::connecting);
}

TEST_F(LongPoll, G_2_U_5_FurtherHeadersTravelWithEveryRequest) {
  auto core = started({.headers = {{"Authorization", "Bearer x"}}});
  EXPECT_THAT(poll().headers, ElementsAre(Pair("Accept", "application/json"), Pair("Authorization", "Bearer x")));
}

TEST_F(LongPoll, G_3_MessagesInOrderAfterTheNextPoll) {
  auto core = opened();
  answer(core, poll().id, R"({"status":200,"token":"T2","messages":["[1]","[2]"]})");
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(std::get<LongPollRequest>(out[0]).url, "http://h/socket/longpoll?vsn=2.0.0&token=T2");  // the token of each answer is stored
  EXPECT_EQ(std::get<LongPollMessage>(out[1]), (LongPollMessage{Opcode::text, "[1]"}));
  EXPECT_EQ(std::get<LongPollMessage>(out[2]), (LongPollMessage{Opcode::text, "[2]"}));
}

TEST_F(LongPoll, G_3_NothingNewPollsAgain) {
  auto core = opened();
  answer(core, poll().id, R"({"status":204,"token":"T","messages":[]})");
  EXPECT_EQ(out.size(), 1u);
  EXPECT_EQ(requests("GET").size(), 1u);
}

TEST_F(LongPoll, G_3_Forbidden) {
  auto core = started();
  answer(core, poll().id, R"({"status":403})");
  ASSERT_EQ(all<LongPollError>().size(), 1u);
  EXPECT_EQ(all<LongPollError>()[0].status, 403);
  EXPECT_THAT(all<LongPollClosed>(), ElementsAre(LongPollClosed{1008, "forbidden", false}));
  EXPECT_EQ(core.state(), State::closed);
  forget();
  send(core, "a");
  turn(core);
  EXPECT_TRUE(out.empty());
}

TEST_F(LongPoll, G_3_WhatIsNoAnswerEndsTheSession) {
  const std::vector<std::pair<int, std::string>> answers = {{200, ""},
                                                            {200, "{"},
                                                            {200, "[]"},
                                                            {200, R"({"status":"x"})"},
                                                            {200, R"({"status":410})"},  // no token: no session
                                                            {200, R"({"status":200,"messages":[1]})"},
                                                            {500, "Internal Server Error"},
                                                            {404, "Not Found"},
                                                            {200, R"({"status":599})"},
                                                            {200, R"({"status":18446744073709551615})"}};
  for (const auto& [http, body] : answers) {
    SCOPED_TRACE(body);
    out.clear();
    auto core = started();
    answer(core, poll().id, body, http);
    ASSERT_EQ(all<LongPollError>().size(), 1u);
    EXPECT_NE(all<LongPollError>()[0].status, 0);
    EXPECT_FALSE(all<LongPollError>()[0].detail.empty());
    EXPECT_THAT(all<LongPollClosed>(), ElementsAre(LongPollClosed{1011, "internal server error", false}));
  }
}

TEST_F(LongPoll, G_3_NoAnswerAtAll) {
  auto core = started();
  core.on_failure(poll().id, Errc::tls_failed, now, out);
  EXPECT_THAT(all<LongPollError>(), ElementsAre(LongPollError{Errc::tls_failed, 500, {}}));
  EXPECT_THAT(all<LongPollClosed>(), ElementsAre(LongPollClosed{1011, "internal server error", false}));
}

TEST_F(LongPoll, G_4_TheFirstRequestHasItsOwnTimeLimit) {
  auto core = started({.connect_timeout = 3s});
  advance(core, 2'999ms);
  EXPECT_THAT(all<LongPollError>(), IsEmpty());
  advance(core, 1ms);
  ASSERT_EQ(all<LongPollError>().size(), 1u);
  EXPECT_EQ(all<LongPollError>()[0].why, make_error_code(Errc::connect_timeout));
  EXPECT_THAT(all<LongPollAbort>(), ElementsAre(LongPollAbort{poll().id}));
}

TEST_F(LongPoll, G_7_CloseDropsEverything) {
  auto core = opened();
  send(core, "a");
  turn(core);
  send(core, "b");
  const auto get = poll().id, sent = post().id;
  forget();
  core.close(4000, "bye", out);
  EXPECT_THAT(all<LongPollAbort>(), ElementsAre(LongPollAbort{get}, LongPollAbort{sent}));
  EXPECT_THAT(all<LongPollClosed>(), ElementsAre(LongPollClosed{4000, "bye", true}));
  EXPECT_EQ(core.queued(), 0u);
  EXPECT_FALSE(core.awaiting_ack());
  EXPECT_EQ(core.next_deadline(), std::nullopt);
  forget();
  answer(core, get, R"({"status":200,"token":"T","messages":["[1]"]})");
  answer(core, sent, R"({"status":200})");
  core.close(1000, "", out);
  EXPECT_TRUE(out.empty());
}

/// Each case of the recording, answered to our machine as it was to the recorder. What the recorder posted we post; polls that
/// waited side by side are not something we do.
TEST_F(LongPoll, UnderstandsTheRecordedServer) {  // golden longpoll
  int played = 0, messages = 0;
  for (const golden::Case& c : golden::load("longpoll")) {
    SCOPED_TRACE(c.name);
    out.clear(), seen.clear();
    auto core = started();
    bool ended = false;
    for (const golden::Exchange& e : c.exchanges) {
      if (ended || (e.method != "GET" && e.method != "POST")) break;
      if (e.method == "POST" && !core.token()) break;  // a POST without a session: not ours
      const int http = e.response.at("status").get<int>();
      const std::string body = e.response.at("body").is_string() ? e.response.at("body").get<std::string>() : "";
      if (e.method == "POST") send(core, e.body), turn(core);
      forget();
      answer(core, e.method == "POST" ? post().id : poll().id, body, http);
      messages += static_cast<int>(all<LongPollMessage>().size());
      const Json json = parse_json(body).value_or(Json());
      const int status = json.is_object() ? json.value("status", 0) : 0;
      const bool lost = status == 410 && (e.method == "POST" || &e != &c.exchanges.front());
      ended = lost || (status != 200 && status != 204 && status != 410);
      EXPECT_EQ(all<LongPollClosed>().size(), ended ? 1u : 0u) << e.label;
      EXPECT_EQ(all<LongPollError>().size(), ended ? 1u : 0u) << e.label;
      ++played;
    }
  }
  EXPECT_GT(played, 50);
  EXPECT_GT(messages, 15);
}

TEST_F(LongPoll, ABinaryMessageIsToldByItsFirstByte) {  // golden longpoll/binary_reply
  auto core = opened();
  answer(core, poll().id, R"({"messages":["\u0001\u0001\u0001\b\u000212room:binokabc"],"status":200,"token":"T"})");
  ASSERT_EQ(all<LongPollMessage>().size(), 1u);
  EXPECT_EQ(all<LongPollMessage>()[0], (LongPollMessage{Opcode::binary,
                                                        "\x01\x01\x01\x08\x02"
                                                        "12room:binokabc"}));
}

}  // namespace
}  // namespace phx::core
