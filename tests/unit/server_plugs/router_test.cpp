// server-behaviours C1, C2, C8, C14, C19 to C22; server.md 11.3.
#include <gtest/gtest.h>

#include "site.hpp"

namespace phx::server::test {
namespace {

Action says(std::string what) {
  return [what](Conn& conn) { return ActionResult(text(conn, what)); };
}

Plug marks(std::string what) {
  return [what](Conn conn) {
    conn.put_resp_header("x-marks", std::string(conn.resp_header("x-marks").value_or("")) + what);
    return conn;
  };
}

Site site(const Router& router) { return Site({plug::parsers(), plug::head(), router.plug()}); }

TEST(Router, TheFirstDeclaredRouteThatMatchesWins) {
  Router router;
  router.get("/a/:x", says("param")).get("/a/b", says("literal")).get("/c/d", says("early")).get("/c/:x", says("late"));
  EXPECT_EQ(site(router).get("/a/b").body, "param");
  EXPECT_EQ(site(router).get("/c/d").body, "early");
  EXPECT_EQ(site(router).get("/c/e").body, "late");
}

TEST(Router, TakesAnotherBranchWhenTheFirstEndsDead) {
  Router router;
  router.get("/a/b/c", says("deep")).get("/a/:x/d", says("param")).get("/*rest", says("glob"));
  EXPECT_EQ(site(router).get("/a/b/d").body, "param");
  EXPECT_EQ(site(router).get("/a/b/e").body, "glob");
  EXPECT_EQ(site(router).get("/").body, "glob");
}

// C1, C2: no 405, no OPTIONS; slashes do not count; HEAD is served by GET.
TEST(Router, WhatHasNoRouteIs404WhateverTheMethod) {
  Router router;
  router.get("/a", says("a"));
  for (const auto* verb : {"POST", "OPTIONS", "FOO"}) EXPECT_EQ(site(router).request(verb, "/a").status, 404) << verb;
  EXPECT_EQ(site(router).get("/b", {{"accept", "application/json"}}).body, R"({"errors":{"detail":"Not Found"}})");
  EXPECT_EQ(site(router).get("/b?_format=json").body, R"({"errors":{"detail":"Not Found"}})");
  EXPECT_EQ(site(router).get("/b?_format=odd").body, "Not Found");
  EXPECT_EQ(site(router).get("//a/").status, 200);
  const auto head = site(router).request("HEAD", "/a");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "1");
  EXPECT_EQ(head.body, "");
}

// C22
TEST(Router, SegmentsAreDecodedAndMayHavePrefixAndSuffix) {
  Router router;
  router.get("/item/:id.json", echo)
      .get("/v:version/x", echo)
      .get("/files/*path", echo)
      .get("/item/:id", echo)
      .match("*", "/any", says("any"));
  const auto params = [&](std::string_view path) { return site(router).get(path).json(); };
  EXPECT_EQ(params("/item/a%2Fb"), obj("id", "a/b"));
  EXPECT_EQ(params("/item/7.json"), obj("id", "7"));
  EXPECT_EQ(params("/item/%zz"), obj("id", "%zz"));
  EXPECT_EQ(params("/v2/x"), obj("version", "2"));
  EXPECT_EQ(params("/files/a/b%20c"), obj("path", Json{"a", "b c"}));
  EXPECT_EQ(params("/files"), obj("path", Json::array()));
  EXPECT_EQ(site(router).request("PURGE", "/any").body, "any");
}

// C8
TEST(Router, PathParamsBeatBodyParamsBeatQueryParams) {
  Router router;
  router.post("/x/:a", echo);
  EXPECT_EQ(site(router).post("/x/path?a=query&b=query&c=query", "application/json", R"({"a":"body","b":"body"})").json(),
            obj("a", "path", "b", "body", "c", "query"));
}

// C21
TEST(Router, PipelinesRunInOrderOnlyOnceARouteMatchedAndSeeItsParams) {
  Router router;
  router.pipeline("one", {marks("1"), [](Conn conn) {
                            conn.put_resp_header("x-id", conn.params().value("id", "none"));
                            return conn;
                          }});
  router.pipeline("two", {marks("2")}).pipeline("stop", {[](Conn conn) {
                                                  conn.send_resp(403, "halt");
                                                  return conn;
                                                }});
  router.scope("/s", {"one"}, [](Scope& outer) {
    outer.scope("/t", {"two"}, [](Scope& inner) { inner.get("/:id", says("in")); });
    outer.scope("/halted", {"stop"}, [](Scope& inner) { inner.get("/", says("never")); });
  });
  const auto reply = site(router).get("/s/t/9");
  EXPECT_EQ(reply.header("x-marks"), "12");
  EXPECT_EQ(reply.header("x-id"), "9");
  EXPECT_EQ(site(router).get("/s/none/9").header("x-marks"), "");
  EXPECT_EQ(site(router).get("/s/halted").body, "halt");
}

// C21: what cannot be meant is refused at declaration.
TEST(Router, RefusesNonsense) {
  Router router;
  router.pipeline("api", {});
  EXPECT_THROW(router.pipeline("api", {}), std::invalid_argument);
  EXPECT_THROW(router.scope("/", {"web"}, [](Scope&) {}), std::invalid_argument);
  EXPECT_THROW(router.scope("/", {"api"}, [](Scope& s) { s.pipe_through({"api"}); }), std::invalid_argument);
  EXPECT_THROW(router.get("/*rest/more", echo), std::invalid_argument);
  EXPECT_THROW(router.get("/:a/:a", echo), std::invalid_argument);
  EXPECT_THROW(router.get("/:", echo), std::invalid_argument);
  EXPECT_THROW(router.get("no-slash", Action()), std::invalid_argument);
  EXPECT_THROW(router.forward("/:x", marks("f")), std::invalid_argument);
}

// C20
TEST(Router, HostsAreExactOrAPrefix) {
  Router router;
  router.scope("/", ScopeOptions{.hosts = {"www.", "exact.test"}}, [](Scope& s) { s.get("/", says("www")); });
  router.scope("/", ScopeOptions{.hosts = {"other.test"}}, [](Scope& s) { s.get("/", says("other")); });
  const Site web = site(router);
  EXPECT_EQ(web.get("/").body, "www") << "www.example.com";
  EXPECT_EQ(web.get("http://other.test/").body, "other");
  EXPECT_EQ(web.get("http://exact.test/").body, "www");
  EXPECT_EQ(web.get("http://exact.test.evil/").status, 404);
}

// C20
TEST(Router, ForwardsHandTheRestToAnotherRouter) {
  Router inner, outer;
  inner.get("/users/:id", [](Conn& conn) {
    std::string script;
    for (const auto& segment : conn.script_name) script += "/" + segment;
    return ActionResult(text(conn, script + " " + conn.params().at("id").get<std::string>()));
  });
  outer.scope("/admin", [&](Scope& admin) { admin.forward("/v1", inner.plug()); });
  EXPECT_EQ(site(outer).get("/admin/v1/users/a%2Fb").body, "/admin/v1 a/b");
  EXPECT_EQ(site(outer).get("/admin/v1/none").status, 404);
  EXPECT_EQ(site(outer).get("/admin/v").status, 404);
}

struct Users {
  ActionResult index(Conn& conn) { return text(conn, "index"); }
  ActionResult new_(Conn& conn) { return text(conn, "new"); }
  ActionResult show(Conn& conn) { return text(conn, "show " + text_param(conn, "id")); }
  ActionResult create(Conn& conn) { return text(conn, "create"); }
  ActionResult update(Conn& conn) { return text(conn, "update"); }
  ActionResult delete_(Conn& conn) { return text(conn, "delete"); }
};

// C19: what the controller has, in Phoenix's order; `new` is no id.
TEST(Router, ResourcesAreTheActionsOfTheirController) {
  Router router;
  router.scope("/api/v1", ScopeOptions{.name = "api"}, [](Scope& api) {
    api.resources("/users", std::make_shared<Users>(), {.except = {"delete"}},
                  [](Scope& user) { user.resources("/posts", std::make_shared<Users>(), {.only = {"show"}, .param = "slug"}); });
    api.resources("/profile", std::make_shared<Users>(), {.only = {"index", "show"}, .singleton = true});
  });
  EXPECT_EQ(router.routes_text(),
            "GET      /api/v1/users                       api_user.index\n"
            "GET      /api/v1/users/new                   api_user.new\n"
            "GET      /api/v1/users/:id                   api_user.show\n"
            "POST     /api/v1/users                       api_user.create\n"
            "PATCH    /api/v1/users/:id                   api_user.update\n"
            "PUT      /api/v1/users/:id                   api_user.update\n"
            "GET      /api/v1/users/:user_id/posts/:slug  api_user_post.show\n"
            "GET      /api/v1/profile                     api_profile.show\n");
  EXPECT_EQ(site(router).get("/api/v1/users/new").body, "new");
  EXPECT_EQ(site(router).request("PUT", "/api/v1/users/3").body, "update");
  EXPECT_EQ(site(router).request("DELETE", "/api/v1/users/3").status, 404);
  EXPECT_THROW(router.resources("/x", std::make_shared<Users>(), {.only = {"list"}}), std::invalid_argument);
}

TEST(Router, ThePlugIsASnapshot) {
  Router router;
  router.get("/a", says("a"));
  const Site early = site(router);
  router.get("/b", says("b"));
  EXPECT_EQ(early.get("/b").status, 404);
  EXPECT_EQ(site(router).get("/b").status, 200);
}

TEST(Router, APlugOfAPipelineMayAnswerLater) {
  struct Waiting {
    std::optional<Conn> conn;
    std::optional<Answer> answer;
  };
  const auto waiting = std::make_shared<Waiting>();
  Router router;
  router.pipeline("slow", {[waiting](Conn conn) {
                             conn.answer_later([waiting](Conn c, Answer a) {
                               waiting->conn = std::move(c);
                               waiting->answer = std::move(a);
                             });
                             return conn;
                           },
                           marks("after")});
  router.scope("/", {"slow"}, [](Scope& s) { s.get("/x", says("done")); });
  Peer peer({router.plug()});
  peer.send("GET /x HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_EQ(peer.take(), "");
  (*waiting->answer)(std::move(*waiting->conn));
  peer.turn();
  const auto reply = read_reply(peer.take());
  EXPECT_EQ(reply.body, "done");
  EXPECT_EQ(reply.header("x-marks"), "after");
}

}  // namespace
}  // namespace phx::server::test
