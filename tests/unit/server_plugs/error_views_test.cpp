// server.md 12 (error view, formats of render_errors); issue 5, 3 (exceptions into ErrorJSON). The default is golden http_rest.
#include <gtest/gtest.h>

#include <stdexcept>

#include "site.hpp"

namespace phx::server::test {
namespace {

ErrorViews own_views() {
  ErrorViews views;
  views.json = [](Conn& conn, int status) {
    return to_json_text(obj("code", status, "message", std::string(reason_phrase(status)), "path", conn.path));
  };
  views.html = [](Conn& conn, int status) {
    conn.put_resp_header("x-page", "mine");
    return "<h1>" + std::to_string(status) + "</h1>";
  };
  return views;
}

Site site(ErrorViews views, PlugChain pipeline = {}) {
  Router router;
  router.pipeline("p", std::move(pipeline));
  router.scope("/", {"p"}, [](Scope& s) {
    s.get("/boom", [](Conn&) -> ActionResult { throw std::runtime_error("secret"); });
    s.get("/none", [](Conn&) { return ActionResult(NotFound{}); });
    s.get("/invalid", [](Conn&) { return ActionResult(Invalid{{{"name", {"can't be blank"}}}}); });
  });
  HttpOptions options;
  options.errors = std::move(views);
  return Site({plug::request_id(), plug::parsers(), router.plug()}, options);
}

TEST(ErrorViews, SayWhatEveryErrorPageSays) {
  const HeaderList json{{"accept", "application/json"}};
  const auto boom = site(own_views()).get("/boom", json);
  EXPECT_EQ(boom.status, 500);
  EXPECT_EQ(boom.header("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(boom.header("x-request-id").size(), 20u);
  EXPECT_EQ(boom.json(), obj("code", 500, "message", "Internal Server Error", "path", "/boom"));
  EXPECT_EQ(site(own_views()).get("/nowhere", json).json(), obj("code", 404, "message", "Not Found", "path", "/nowhere"));
  EXPECT_EQ(site(own_views()).post("/x?a=1", "application/json", "{").body, "<h1>400</h1>") << "raised by a plug of the endpoint";
  const auto page = site(own_views()).get("/boom");
  EXPECT_EQ(page.body, "<h1>500</h1>");
  EXPECT_EQ(page.header("x-page"), "mine");
}

TEST(ErrorViews, SpeakForTheFallbackToo) {
  EXPECT_EQ(site(own_views(), {plug::accepts({"json"})}).get("/none").json(), obj("code", 404, "message", "Not Found", "path", "/none"));
  EXPECT_EQ(site(own_views()).get("/invalid").json(), obj("errors", obj("name", Json::array({"can't be blank"})))) << "no error page";
}

TEST(ErrorViews, TheFirstFormatIsForWhoNamesNone) {
  ErrorViews views;
  views.formats = {ErrorFormat::json, ErrorFormat::html};
  EXPECT_EQ(site(views).get("/boom").body, R"({"errors":{"detail":"Internal Server Error"}})");
  EXPECT_EQ(site(views).get("/boom", {{"accept", "image/png"}}).body, R"({"errors":{"detail":"Internal Server Error"}})");
  EXPECT_EQ(site(views).get("/boom", {{"accept", "*/*"}}).body, "Internal Server Error") << "server.md 11.4 rule 3";
  views.formats = {ErrorFormat::json};
  for (const auto* accept : {"*/*", "text/html", "text/html, application/json;q=0.1"})
    EXPECT_EQ(site(views).get("/boom", {{"accept", accept}}).body, R"({"errors":{"detail":"Internal Server Error"}})") << accept;
  EXPECT_EQ(site(views).get("/boom?_format=html").body, R"({"errors":{"detail":"Internal Server Error"}})");
}

TEST(ErrorViews, OneThatThrowsIsReplacedByTheGeneratedOne) {
  ErrorViews views;
  views.json = [](Conn&, int) -> std::string { throw std::runtime_error("secret"); };
  const auto reply = site(views).get("/none", {{"accept", "application/json"}});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, R"({"errors":{"detail":"Not Found"}})");
}

}  // namespace
}  // namespace phx::server::test
