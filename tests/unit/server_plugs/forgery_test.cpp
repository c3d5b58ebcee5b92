// server-behaviours C23; server.md 10.2.
#include <gtest/gtest.h>

#include "site.hpp"

#include <phx/core/csrf.hpp>
#include <phx/core/random.hpp>

namespace phx::server::test {
namespace {

class Forgery : public ::testing::Test {
 protected:
  static Site site(plug::ForgeryOptions options = {}) {
    Router router;
    plug::SessionOptions session;
    session.key = "_key";
    session.secrets.signing_salt = "salt";
    router.pipeline("browser", {plug::fetch_session(), plug::protect_from_forgery(std::move(options))});
    router.scope("/", {"browser"}, [](Scope& pages) {
      pages.get("/form", [](Conn& conn) { return ActionResult(text(conn, plug::get_csrf_token(conn))); });
      pages.get("/fresh", [](Conn& conn) {
        plug::delete_csrf_token(conn);
        return ActionResult(text(conn, plug::get_csrf_token(conn)));
      });
      pages.post("/form", [](Conn& conn) { return ActionResult(json(conn, conn.get_session())); });
      pages.get("/js", [](Conn& conn) {
        conn.put_resp_header("content-type", "text/javascript");
        return ActionResult(text(conn, "1"));
      });
    });
    return Site({plug::parsers(), plug::session(test_keys(), session), router.plug()});
  }

  static HeaderList cookie(const Reply& page) {
    const auto set = page.header("set-cookie");
    return {{"cookie", set.substr(0, set.find(';'))}};
  }
  static Reply post(const Site& web, const HeaderList& headers, const std::string& body, std::string_view target = "/form") {
    return web.post(target, "application/x-www-form-urlencoded", body, headers);
  }
};

TEST_F(Forgery, TakesTheTokenFromBodyOrHeaderNotFromTheQuery) {
  const auto page = site().get("/form");
  ASSERT_EQ(page.body.size(), 56u);
  EXPECT_EQ(post(site(), cookie(page), "_csrf_token=" + page.body).status, 200);
  auto headers = cookie(page);
  EXPECT_EQ(post(site(), headers, "a=1").status, 403);
  EXPECT_EQ(post(site(), headers, "a=1", "/form?_csrf_token=" + page.body).status, 403);
  headers.emplace_back("x-csrf-token", page.body);
  EXPECT_EQ(post(site(), headers, "a=1").status, 200);
  EXPECT_EQ(post(site(), {{"x-csrf-token", page.body}}, "a=1").status, 403) << "no session";
  EXPECT_EQ(post(site(), cookie(site().get("/form")), "_csrf_token=" + page.body).status, 403) << "another session";
}

TEST_F(Forgery, MasksAnewAndMayBeMadeAnew) {
  const auto page = site().get("/form"), again = site().get("/form", cookie(page));
  EXPECT_NE(page.body, again.body);
  EXPECT_EQ(again.header("set-cookie"), "") << "the state is the same";
  EXPECT_EQ(post(site(), cookie(page), "_csrf_token=" + again.body).status, 200);
  const auto fresh = site().get("/fresh", cookie(page));
  EXPECT_EQ(post(site(), cookie(fresh), "_csrf_token=" + page.body).status, 403);
}

TEST_F(Forgery, MayGoOnWithoutTheSession) {
  const auto page = site().get("/form");
  const auto reply = post(site({.clear_session = true}), cookie(page), "a=1");
  EXPECT_EQ(reply.json(), obj());
  EXPECT_EQ(reply.header("set-cookie"), "");
}

TEST_F(Forgery, HostTokensAreGoodForTheirHost) {
  core::SystemRandom random;
  const auto keys = test_keys();
  const auto page = site().get("/form");
  Conn request;
  request.req_headers = cookie(page);
  plug::SessionOptions session;
  session.key = "_key";
  session.secrets.signing_salt = "salt";
  request = plug::session(keys, session)(std::move(request));
  request.fetch_session();
  const auto state = request.get_session("_csrf_token").get<std::string>();
  const auto ours = core::make_csrf_host_token(*keys, state, "www.example.com", random);
  const auto sister = core::make_csrf_host_token(*keys, state, "a.sister.test", random);
  const auto with = [&](const std::string& token) { return HeaderList{cookie(page)[0], {"x-csrf-token", token}}; };
  EXPECT_EQ(post(site({.keys = keys}), with(ours), "a=1").status, 200);
  EXPECT_EQ(post(site(), with(ours), "a=1").status, 403);
  EXPECT_EQ(post(site({.keys = keys}), with(sister), "a=1").status, 403);
  EXPECT_EQ(post(site({.keys = keys, .allow_hosts = {".sister.test"}}), with(sister), "a=1").status, 200);
}

TEST_F(Forgery, ScriptsAreForXhrOnly) {
  EXPECT_EQ(site().get("/js").status, 403);
  EXPECT_EQ(site().get("/js", {{"x-requested-with", "XMLHttpRequest"}}).status, 200);
}

}  // namespace
}  // namespace phx::server::test
