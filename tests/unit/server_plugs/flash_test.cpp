// server-behaviours C17 (flash persistence on redirects); server.md 10.1 `phoenix_flash`, 11.5.
#include <gtest/gtest.h>

#include <stdexcept>

#include "site.hpp"

#include <phx/server/flash.hpp>

namespace phx::server::test {
namespace {

ActionResult saves(Conn& conn) {
  put_flash(conn, "info", "saved");
  merge_flash(conn, obj("error", "not all of it"));
  return redirect(conn, "/show");
}
ActionResult show(Conn& conn) { return json(conn, flash(conn)); }

class Flash : public ::testing::Test {
 protected:
  Flash() {
    Router router;
    router.pipeline("browser", {plug::fetch_session(), plug::fetch_flash()});
    router.scope("/", {"browser"}, [](Scope& pages) {
      pages.get("/save", saves);
      pages.get("/show", show);
      pages.get("/one", [](Conn& conn) {
        return ActionResult(json(conn, Json::array({get_flash(conn, "info"), get_flash(conn, "none")})));
      });
      pages.get("/put", [](Conn& conn) {
        put_flash(conn, "info", "now");
        return show(conn);
      });
      pages.get("/on", [](Conn& conn) { return ActionResult(redirect(conn, "/show")); });
      pages.get("/clear", [](Conn& conn) {
        clear_flash(conn);
        return ActionResult(redirect(conn, "/show"));
      });
      pages.get("/300", [](Conn& conn) { return put_and_answer(conn, 300); });
      pages.get("/308", [](Conn& conn) { return put_and_answer(conn, 308); });
      pages.get("/309", [](Conn& conn) { return put_and_answer(conn, 309); });
      pages.get("/boom", [](Conn&) -> ActionResult { throw std::runtime_error("boom"); });
    });
    plug::SessionOptions session;
    session.key = "_key";
    session.secrets.signing_salt = "salt";
    web = std::make_unique<Site>(PlugChain{plug::session(test_keys(), session), router.plug()});
  }

  static ActionResult put_and_answer(Conn& conn, int status) {
    put_flash(conn, "info", "x");
    return send_resp(conn, status);
  }

  /// The next request of the same browser.
  Reply get(std::string_view target) {
    const auto reply = web->get(target, cookie.empty() ? HeaderList{} : HeaderList{{"cookie", cookie}});
    const auto set = reply.header("set-cookie");
    if (!set.empty()) cookie = set.substr(0, set.find(';'));
    return reply;
  }

  std::unique_ptr<Site> web;
  std::string cookie;
};

TEST_F(Flash, IsThereAfterOneRedirectAndThenGone) {
  EXPECT_EQ(get("/save").status, 302);
  EXPECT_EQ(get("/show").json(), obj("info", "saved", "error", "not all of it"));
  EXPECT_EQ(get("/show").json(), obj());
}

TEST_F(Flash, EveryRedirectOnTheWayKeepsIt) {
  get("/save");
  get("/on");
  get("/on");
  EXPECT_EQ(get("/one").json(), Json::array({"saved", nullptr}));
}

TEST_F(Flash, IsKeptByAnswersFrom300To308Only) {
  for (const auto* kept : {"/300", "/308"}) {
    get(kept);
    EXPECT_EQ(get("/show").json(), obj("info", "x")) << kept;
  }
  for (const auto* lost : {"/309", "/put"}) {
    get(lost);
    EXPECT_EQ(get("/show").json(), obj()) << lost;
  }
}

TEST_F(Flash, IsSeenByTheRequestThatPutsIt) { EXPECT_EQ(get("/put").json(), obj("info", "now")); }

TEST_F(Flash, MayBeClearedBeforeTheRedirect) {
  get("/save");
  EXPECT_EQ(get("/clear").status, 302);
  EXPECT_EQ(get("/show").json(), obj());
}

TEST_F(Flash, WithoutAnyNoSessionIsWritten) {
  EXPECT_EQ(get("/show").header("set-cookie"), "");
  EXPECT_EQ(get("/on").header("set-cookie"), "");
}

// An error page is no redirect: it runs the same hooks (server.md 12), so it has used the messages up.
TEST_F(Flash, AnErrorPageEndsIt) {
  get("/save");
  EXPECT_EQ(get("/boom").status, 500);
  EXPECT_EQ(get("/show").json(), obj());
}

TEST(FlashWithoutItsPlugs, IsAMistakeOfTheCaller) {
  Conn conn;
  EXPECT_THROW(put_flash(conn, "info", "x"), std::logic_error);
  EXPECT_THROW(clear_flash(conn), std::logic_error);
  EXPECT_THROW(flash(conn), std::logic_error);
  EXPECT_THROW(fetch_flash(conn), std::logic_error) << "no session";
  conn.set_session_reader([](const Conn&) { return core::etf::Term::empty_map(); });
  conn.fetch_session();
  fetch_flash(conn);
  put_flash(conn, "info", "x");
  fetch_flash(conn);  // a second time changes nothing
  EXPECT_EQ(get_flash(conn, "info"), "x");
  EXPECT_THROW(merge_flash(conn, "x"), std::invalid_argument);
}

}  // namespace
}  // namespace phx::server::test
