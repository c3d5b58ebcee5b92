// server-behaviours C13, C14, C16, C17; server.md 11.5, 11.6, 12.
#include <gtest/gtest.h>

#include <stdexcept>

#include "site.hpp"

#include <phx/server/shard.hpp>

namespace phx::server::test {
namespace {

Site site(const Action& action, PlugChain pipeline = {}) {
  Router router;
  router.pipeline("p", std::move(pipeline));
  router.scope("/", {"p"}, [&](Scope& s) { s.match("*", "/", action); });
  return Site({plug::request_id(), plug::parsers(), router.plug()});
}

TEST(Controller, FallbackGivesPhoenixShapes) {  // C14, 11.6
  const auto answered = [](const ActionValue& value) { return site([value](Conn&) { return ActionResult(value); }).get("/"); };
  EXPECT_EQ(answered(NotFound{}).text.substr(0, 22), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(answered(NotFound{}).body, R"({"errors":{"detail":"Not Found"}})");
  EXPECT_EQ(answered(Unauthorized{}).body, R"({"errors":{"detail":"Unauthorized"}})");
  EXPECT_EQ(answered(Forbidden{}).status, 403);
  EXPECT_EQ(answered(Refused{409}).body, R"({"errors":{"detail":"Conflict"}})");
  const auto invalid = answered(Invalid{{{"name", {"can't be blank", "is invalid"}}}});
  EXPECT_EQ(invalid.status, 422);
  EXPECT_EQ(invalid.body, R"({"errors":{"name":["can't be blank","is invalid"]}})");
}

TEST(Controller, AScopeMayHaveItsOwnFallback) {
  Router router;
  ScopeOptions options;
  options.fallback = [](Conn& conn, const ActionValue&) { text(conn, "mine"); };
  router.scope("/", options, [](Scope& s) { s.get("/", [](Conn&) { return ActionResult(NotFound{}); }); });
  EXPECT_EQ(Site({router.plug()}).get("/").body, "mine");
}

TEST(Controller, AnActionThatAnswersNothingIsAFailure) {  // golden no_response
  EXPECT_EQ(site([](Conn&) { return ActionResult(); }).get("/").status, 500);
}

// C13, golden raise: the page keeps the request id and says nothing of the reason.
TEST(Controller, ExceptionsBecomeAPageWithoutInternals) {
  const auto boom = [](Conn& conn) -> ActionResult {
    conn.put_resp_header("x-half-done", "1");
    throw std::runtime_error("secret detail");
  };
  const auto reply = site(boom, {plug::accepts({"json"})}).get("/");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, R"({"errors":{"detail":"Internal Server Error"}})");
  EXPECT_EQ(reply.header("x-request-id").size(), 20u);
  EXPECT_EQ(reply.header("x-half-done"), "");
  EXPECT_EQ(reply.text.find("secret"), std::string::npos);
  const auto teapot = [](Conn&) -> ActionResult { throw HttpError(409, "x"); };
  EXPECT_EQ(site(teapot).get("/").status, 409);
}

TEST(Controller, AMissingParamIs400) {  // C14
  const auto action = [](Conn& conn) { return ActionResult(text(conn, text_param(conn, "must"))); };
  EXPECT_EQ(site(action).get("/").status, 400);
  EXPECT_EQ(site(action).get("/?must[]=1").status, 400);
  EXPECT_EQ(site(action).get("/?must=1").body, "1");
}

TEST(Controller, RendersViews) {
  const auto view = [](int n) { return obj("data", obj("n", n)); };
  EXPECT_EQ(site([view](Conn& conn) { return ActionResult(render(conn, view, 7)); }).get("/").body, R"({"data":{"n":7}})");
}

TEST(Controller, RedirectsToLocalPathsOnly) {  // C16
  const auto to = [](std::string path) { return site([path](Conn& conn) { return ActionResult(redirect(conn, path)); }).get("/"); };
  const auto reply = to("/a?b=\"&c");
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.header("location"), "/a?b=\"&c");
  EXPECT_EQ(reply.body, "<html><body>You are being <a href=\"/a?b=&quot;&amp;c\">redirected</a>.</body></html>");
  for (const auto* bad : {"a", "//evil.test", "/\\evil.test", "/%09/evil.test", "/\t/evil.test", "http://evil.test"})
    EXPECT_EQ(to(bad).status, 500) << bad;
  const auto external = [](Conn& conn) {
    conn.status = 301;
    return ActionResult(redirect_external(conn, "https://x.test/"));
  };
  EXPECT_EQ(site(external).get("/").status, 301);
}

TEST(Controller, SendsDownloads) {  // C17
  const auto reply = site([](Conn& conn) { return ActionResult(send_download(conn, "x", "a b.csv", "text/csv")); }).get("/");
  EXPECT_EQ(reply.header("content-disposition"), "attachment; filename=\"a%20b.csv\"; filename*=utf-8''a%20b.csv");
  EXPECT_EQ(reply.header("content-type"), "text/csv");
}

TEST(Controller, ConditionalGet) {
  const auto action = [](Conn& conn) -> ActionResult {
    if (not_modified(conn, {.etag = "\"v1\"", .last_modified = 784111777})) return Sent{};
    return text(conn, "body");
  };
  const auto fresh = site(action).get("/");
  EXPECT_EQ(fresh.header("etag"), "\"v1\"");
  EXPECT_EQ(fresh.header("last-modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(site(action).get("/", {{"if-none-match", "\"v0\", W/\"v1\""}}).status, 304);
  EXPECT_EQ(site(action).get("/", {{"if-none-match", "\"v0\""}, {"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status, 200);
  EXPECT_EQ(site(action).get("/", {{"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status, 304);
  EXPECT_EQ(site(action).get("/", {{"if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT"}}).status, 200);
  EXPECT_EQ(site(action).get("/", {{"if-modified-since", "yesterday"}}).status, 200);
}

/// Runs what it is given when told to.
class HeldPool final : public BlockingExecutor {
 public:
  void submit(std::function<void()> work) override { work_.push_back(std::move(work)); }
  void run() {
    for (auto& work : std::exchange(work_, {})) work();
  }

 private:
  std::vector<std::function<void()>> work_;
};

ActionResult looks_up(Conn& conn) {
  const int row = co_await conn.blocking([] { return 41; });
  co_await conn.sleep(300ms);
  if (conn.query_string == "boom") co_await conn.blocking([] { throw std::runtime_error("no database"); });
  if (conn.query_string == "gone") co_return NotFound{};
  co_return json(conn, obj("row", row + 1));
}

class Suspended : public ::testing::Test {
 protected:
  Suspended() {
    Router router;
    router.pipeline("api", {plug::accepts({"json"})});
    router.scope("/", {"api"}, [](Scope& s) { s.get("/", looks_up); });
    peer = std::make_unique<Peer>(PlugChain{plug::request_id(), plug::parsers(), router.plug()});
    peer->shard().set_blocking_executor(&pool);
  }
  Reply play(const std::string& target) {
    peer->send("GET " + target + " HTTP/1.1\r\nhost: x\r\n\r\n");
    EXPECT_EQ(peer->take(), "");
    pool.run();
    peer->turn();
    EXPECT_EQ(peer->take(), "");
    peer->advance(300ms);
    pool.run();
    peer->turn();
    return read_reply(peer->take());
  }
  HeldPool pool;
  std::unique_ptr<Peer> peer;
};

TEST_F(Suspended, AnActionMayWait) { EXPECT_EQ(play("/").body, R"({"row":42})"); }
TEST_F(Suspended, AndThenFallBack) { EXPECT_EQ(play("/?gone").status, 404); }
TEST_F(Suspended, AndThenFail) {
  const auto reply = play("/?boom");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, R"({"errors":{"detail":"Internal Server Error"}})");
  EXPECT_EQ(reply.header("x-request-id").size(), 20u);
}

TEST_F(Suspended, TheClientMayGoMeanwhile) {
  peer->send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  peer->core().lost(peer->now());
  pool.run();
  peer->turn();
  peer->advance(300ms);
  EXPECT_EQ(peer->take(), "");
}

}  // namespace
}  // namespace phx::server::test
