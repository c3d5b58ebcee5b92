#include <gtest/gtest.h>

#include <stdexcept>

#include "world.hpp"

namespace phx::server::test {
namespace {

struct LongPollRequestTest : ::testing::Test {
  std::shared_ptr<Log> log = std::make_shared<Log>();
  World world{mount(raw_handler(log), short_window())};
};

TEST_F(LongPollRequestTest, AFirstGetOpensASession) {  // A3 55, server.md 3.1
  const auto opened = world.get("/socket/longpoll?vsn=2.0.0");
  EXPECT_EQ(opened->http_status(), 200);
  EXPECT_EQ(opened->status(), 410);
  EXPECT_EQ(opened->messages(), Json::array());
  EXPECT_TRUE(opened->token().starts_with("SFMyNTY."));
}

TEST_F(LongPollRequestTest, EveryAnswerForbidsStoringAndAllowsAnyOrigin) {  // A4 83, B33
  const auto token = world.open();
  log->write("hi");
  for (const auto& answer :
       {world.get("/socket/longpoll"), world.post(poll_path(token), "[]"), world.post(poll_path("x"), "[]"), world.get(poll_path(token))}) {
    EXPECT_EQ(answer->header("cache-control"), "no-store");
    EXPECT_EQ(answer->header("access-control-allow-origin"), "*");
    EXPECT_EQ(answer->header("content-type"), "application/json; charset=utf-8");
  }
}

TEST_F(LongPollRequestTest, APlainBodyReachesTheHandlerAsText) {  // A4 79, A3 78
  const auto token = world.open();
  EXPECT_EQ(world.post(poll_path(token), "hello", "text/plain")->status(), 200);
  EXPECT_EQ(world.ask("POST", poll_path(token), {}, "world")->status(), 200);
  EXPECT_EQ(log->messages, (std::vector<std::string>{"text:hello", "text:world"}));
  EXPECT_EQ(world.get(poll_path(token))->messages(), Json::parse(R"(["hello","world"])"));
}

TEST_F(LongPollRequestTest, TheTokenInTheHeaderWins) {  // A4 81, 82
  const auto token = world.open();
  log->write("hi");
  EXPECT_EQ(world.get("/socket/longpoll?token=bad", "x-phoenix-longpoll-token: " + token + "\r\n")->status(), 200);
  EXPECT_EQ(world.get(poll_path(token), "x-phoenix-longpoll-token: bad\r\n")->status(), 410);
}

TEST_F(LongPollRequestTest, PathVariablesAreMergedIntoTheParams) {  // A4 80
  auto options = short_window();
  options.path = "/lp/:user";
  auto at = mount(raw_handler(log), options);
  at.path = "/room/:rid";
  World other(std::move(at));
  EXPECT_EQ(other.get("/room/7/lp/ada?x=1")->status(), 410);
  EXPECT_EQ(log->connects.back(), R"({"rid":"7","user":"ada","x":"1"})");
}

TEST_F(LongPollRequestTest, ConnectInfoHasWhatTheMountNames) {  // A3 60
  auto options = short_window();
  options.connect_info = {.peer_data = true, .trace_context_headers = true, .x_headers = true, .uri = true};
  World other(mount(raw_handler(log), options));
  other.get("/socket/longpoll?a=b", "x-one: 1\r\ntraceparent: t\r\nother: no\r\n");
  const auto& info = log->infos.back();
  EXPECT_EQ(info.x_headers, (ConnectInfo::Headers{{"x-one", "1"}}));
  EXPECT_EQ(info.trace_context_headers, (ConnectInfo::Headers{{"traceparent", "t"}}));
  EXPECT_EQ(info.peer_data->first, "127.0.0.1");
  EXPECT_EQ(info.uri->path, "/socket/longpoll");
}

TEST_F(LongPollRequestTest, TheAuthTokenHeaderCountsOnlyWhereTheMountWantsIt) {  // server.md 1.6
  world.get("/socket/longpoll", "x-phoenix-authtoken: secret\r\n");
  EXPECT_FALSE(log->infos.back().auth_token);
  auto with_auth = mount(raw_handler(log), short_window());
  with_auth.auth_token = true;
  World other(std::move(with_auth));
  other.get("/socket/longpoll", "x-phoenix-authtoken: secret\r\n");
  EXPECT_EQ(log->infos.back().auth_token, "secret");
}

TEST_F(LongPollRequestTest, RefusalsAreInTheBody) {  // A3 71, 72
  EXPECT_EQ(world.get("/socket/longpoll?auth=deny")->status(), 403);
  EXPECT_EQ(world.get("/socket/longpoll", "origin: http://evil.example\r\n")->status(), 403);
  EXPECT_EQ(world.get("/socket/longpoll", "origin: http://localhost:9\r\n")->status(), 410);
}

TEST_F(LongPollRequestTest, AConnectThatRaisesIsAnHttpError) {  // golden connect_raises
  EXPECT_EQ(world.get("/socket/longpoll?auth=crash")->http_status(), 500);
  EXPECT_EQ(world.get("/socket/longpoll?a=%ff")->http_status(), 400);
}

TEST_F(LongPollRequestTest, PreflightAndOtherMethods) {  // B33
  const auto preflight =
      world.ask("OPTIONS", "/socket/longpoll", "access-control-request-headers: a\r\naccess-control-request-headers: b\r\n");
  EXPECT_EQ(preflight->header("access-control-allow-headers"), "a, b");
  EXPECT_EQ(preflight->header("access-control-allow-methods"), "get, post, options");
  EXPECT_EQ(preflight->header("access-control-max-age"), "3600");
  for (const auto* method : {"PUT", "DELETE", "HEAD"}) {
    const auto answer = world.ask(method, "/socket/longpoll");
    EXPECT_EQ(answer->http_status(), 400);
    EXPECT_EQ(answer->header("access-control-allow-origin"), "*");
  }
}

TEST_F(LongPollRequestTest, ABodyBeyondTheLimitIs400ForALiveSession) {  // B34, golden large_post
  const auto token = world.open();
  EXPECT_EQ(world.post(poll_path(token), std::string(8'000'001, 'x'), "text/plain")->http_status(), 400);
  EXPECT_EQ(world.post(poll_path("dead"), std::string(8'000'001, 'x'), "text/plain")->status(), 410);
  EXPECT_EQ(world.post("/elsewhere", std::string(8'000'001, 'x'), "text/plain")->http_status(), 413);
}

TEST_F(LongPollRequestTest, AnOldTokenIsNone) {  // server.md 3.2
  auto options = short_window();
  options.token_max_age = 0;
  World other(mount(raw_handler(log), options));
  EXPECT_EQ(other.post(poll_path(other.open()), "[]")->status(), 410);
}

TEST_F(LongPollRequestTest, ATokenOfAnEarlierStartIsNone) {  // server.md 3.2: signed with the secret of that start
  World earlier(mount(raw_handler(log), short_window()));
  EXPECT_EQ(world.post(poll_path(earlier.open()), "[]")->status(), 410);
}

TEST_F(LongPollRequestTest, SessionsAreBounded) {
  auto options = short_window();
  options.max_sessions = 2;
  World other(mount(raw_handler(log), options));
  EXPECT_EQ(other.get("/socket/longpoll")->status(), 410);
  EXPECT_EQ(other.get("/socket/longpoll")->status(), 410);
  EXPECT_EQ(other.get("/socket/longpoll")->status(), 500);
}

TEST(LongPollMount, NeedsAnOriginOrCsrfCheck) {  // server.md 1.2
  LongPollOptions options;
  options.check_origin = CheckOrigin::off();
  options.check_csrf = false;
  EXPECT_THROW(socket_plug({mount(raw_handler(std::make_shared<Log>()), options)}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace phx::server::test
