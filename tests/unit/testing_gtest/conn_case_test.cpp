// server.md 16 (Phoenix.ConnTest): each function, its success and its failure message, in process and behind a port.
#include <phx/core/key_generator.hpp>
#include <phx/server/controller.hpp>
#include <phx/server/flash.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/router.hpp>
#include <phx/testing/conn_case.hpp>

#include <stdexcept>

#include "failure_of.hpp"

namespace phx::testing {
namespace {

using server::Conn;
using ::testing::HasSubstr;

Conn answer(Conn conn) {
  const std::string& path = conn.path;
  if (path == "/json") {
    conn.put_resp_header("content-type", "application/vnd.api+json; charset=utf-8");
    conn.send_resp(200, R"({"data":[]})");
  } else if (path == "/broken") {
    conn.put_resp_header("content-type", "application/json");
    conn.send_resp(200, "{");
  } else if (path == "/text") {
    conn.put_resp_header("content-type", "text/plain; charset=utf-8");
    conn.send_resp(200, "hello");
  } else if (path == "/html") {
    conn.put_resp_header("content-type", "text/html");
    conn.send_resp(201, "<p>hello</p>");
  } else if (path == "/bare") {
    conn.send_resp(200, "nothing said");
  } else if (path == "/moved") {
    conn.put_resp_header("location", "/json");
    conn.send_resp(302);
  } else if (path == "/lost") {
    conn.send_resp(302);
  } else if (path == "/login") {
    conn.put_resp_cookie("user", "ada");
    conn.send_resp(204);
  } else if (path == "/logout") {
    conn.delete_resp_cookie("user");
    conn.send_resp(204);
  } else if (path == "/raise") {
    throw std::runtime_error("raised");
  } else if (path == "/echo") {
    Json headers = Json::object();
    for (const auto& [name, value] : conn.req_headers) headers[name] = value;
    const Json all = obj("method", conn.method, "query", conn.query_string, "body", conn.body, "headers", headers, "user",
                         conn.cookie("user").value_or("nobody"));
    conn.put_resp_header("content-type", "application/json");
    conn.send_resp(200, to_json_text(all));
  }
  return conn;
}

class ApiTest : public ConnCase, public ::testing::WithParamInterface<Where> {
 protected:
  Way way() const override { return {.where = GetParam()}; }
  Application application() override { return {.plugs = {answer}}; }
};
INSTANTIATE_TEST_SUITE_P(Every, ApiTest, ::testing::Values(Where::in_process, Where::loopback),
                         [](const auto& in) { return to_string(Way{.where = in.param}); });

TEST_P(ApiTest, JsonResponse) {
  EXPECT_EQ(json_response(get(build_conn(), "/json"), 200)["data"], Json::array());
  const auto missing = get(build_conn(), "/nowhere");
  const int line = __LINE__ + 1;
  auto failure = failure_of([&] { json_response(missing, 200); });
  EXPECT_EQ(failure.line, line);
  EXPECT_THAT(failure.message, HasSubstr("expected response with status 200, got: 404, with body:\n"));
  failure = failure_of([&] { json_response(get(build_conn(), "/bare"), 200); });
  EXPECT_THAT(failure.message, HasSubstr("no content-type was set, expected a json response"));
  failure = failure_of([&] { json_response(get(build_conn(), "/broken"), 200); });
  EXPECT_THAT(failure.message, HasSubstr("could not decode JSON body"));
}

TEST_P(ApiTest, TextAndHtmlResponse) {
  const auto text = get(build_conn(), "/text");
  EXPECT_EQ(text_response(text, 200), "hello");
  EXPECT_EQ(html_response(get(build_conn(), "/html"), 201), "<p>hello</p>");
  EXPECT_EQ(response(text, 200), "hello");
  EXPECT_EQ(response_content_type(text, "text"), "text/plain; charset=utf-8");
  EXPECT_THAT(failure_of([&] { html_response(text, 200); }).message,
              HasSubstr(R"(expected content-type for html, got: "text/plain; charset=utf-8")"));
  EXPECT_THAT(failure_of([] { response(build_conn(), 200); }).message,
              HasSubstr("expected connection to have a response but no response was set or sent"));
}

TEST_P(ApiTest, RedirectedTo) {
  EXPECT_EQ(redirected_to(get(build_conn(), "/moved")), "/json");
  EXPECT_THAT(failure_of([&] { redirected_to(get(build_conn(), "/text")); }).message,
              HasSubstr("expected redirection with status 302, got: 200"));
  EXPECT_THAT(failure_of([&] { redirected_to(get(build_conn(), "/lost")); }).message, HasSubstr("no location header was set"));
}

TEST_P(ApiTest, EveryMethodWithItsBody) {
  const Json params = obj("name", "ada");
  Json echo = json_response(get(build_conn(), "/echo", params), 200);
  EXPECT_EQ(echo["query"], "name=ada");
  for (const auto& [method, conn] : std::vector<std::pair<std::string, TestConn>>{{"POST", post(build_conn(), "/echo", params)},
                                                                                  {"PUT", put(build_conn(), "/echo", params)},
                                                                                  {"PATCH", patch(build_conn(), "/echo", params)}}) {
    echo = json_response(conn, 200);
    EXPECT_EQ(echo["method"], method);
    EXPECT_EQ(echo["body"], R"({"name":"ada"})");
    EXPECT_EQ(echo["headers"]["content-type"], "application/json");
  }
  EXPECT_EQ(json_response(delete_(build_conn(), "/echo"), 200)["method"], "DELETE");
  EXPECT_EQ(json_response(options(build_conn(), "/echo"), 200)["method"], "OPTIONS");
  EXPECT_EQ(response(head(build_conn(), "/echo"), 200), "");
  const auto form = put_req_header(build_conn(), "Content-Type", "application/x-www-form-urlencoded");
  EXPECT_EQ(json_response(post(form, "/echo", params), 200)["body"], "name=ada");
  EXPECT_THROW(post(build_conn(), "/echo", std::string("raw")), std::invalid_argument);
  EXPECT_EQ(json_response(post(put_req_header(build_conn(), "content-type", "text/plain"), "/echo", std::string("raw")), 200)["body"],
            "raw");
}

// Recycling: cookies as answers changed them, accept, accept-language, authorization; nothing else.
TEST_P(ApiTest, RecyclesCookiesAndSomeHeaders) {
  auto conn = put_req_header(put_req_header(build_conn(), "authorization", "Bearer x"), "x-once", "1");
  conn = get(conn, "/login");
  conn = get(conn, "/echo");
  Json echo = json_response(conn, 200);
  EXPECT_EQ(echo["user"], "ada");
  EXPECT_EQ(echo["headers"]["authorization"], "Bearer x");
  EXPECT_FALSE(echo["headers"].contains("x-once"));
  conn = get(get(conn, "/logout"), "/echo");
  EXPECT_EQ(json_response(conn, 200)["user"], "nobody");
  echo = json_response(get(put_req_cookie(conn, "user", "bob"), "/echo"), 200);
  EXPECT_EQ(echo["user"], "bob");
  EXPECT_EQ(json_response(get(delete_req_cookie(put_req_cookie(conn, "user", "bob"), "user"), "/echo"), 200)["user"], "nobody");
  EXPECT_EQ(json_response(get(recycle(conn, {"x-once"}), "/echo"), 200)["headers"].value("authorization", "none"), "none");
  EXPECT_EQ(json_response(get(delete_req_header(conn, "authorization"), "/echo"), 200)["headers"].value("authorization", "none"), "none");
}

TEST_P(ApiTest, AssertErrorSent) {
  const auto conn = assert_error_sent(500, [&] { return get(build_conn(), "/raise"); });
  EXPECT_EQ(conn.sent->status, 500);
  assert_error_sent(404, [&] { return get(build_conn(), "/nowhere"); });
  EXPECT_THAT(failure_of([&] { assert_error_sent(500, [&] { return get(build_conn(), "/text"); }); }).message,
              HasSubstr("expected error to be sent with status 500, but response sent has status 200"));
}

// ---- what needs the inside of the server: sessions, pipelines, routes, actions ----

server::ActionResult show_session(Conn& conn) { return server::json(conn, conn.get_session()); }
server::ActionResult show_item(Conn& conn) { return server::json(conn, conn.params()); }
server::ActionResult later(Conn& conn) {
  co_await conn.sleep(std::chrono::milliseconds(1));
  co_return server::json(conn, conn.params());
}

Conn refuse_strangers(Conn conn) {
  if (conn.get_session("user").is_null()) conn.send_resp(401, "who are you?");
  return conn;
}

class SiteTest : public ConnCase, public ::testing::WithParamInterface<Where> {
 protected:
  Way way() const override { return {.where = GetParam()}; }
  Application application() override {
    server::Router router;
    router.pipeline("browser", {server::plug::fetch_session(), server::plug::fetch_flash(), server::plug::protect_from_forgery()});
    router.pipeline("user", {refuse_strangers});
    router.pipeline("broken", {[](Conn) -> Conn { throw std::runtime_error("pipeline raised"); }});
    router.scope("/", {"browser", "user"}, [](server::Scope& site) {
      site.get("/session", show_session);
      site.post("/session", show_session);
      site.get("/items/:id", show_item);
      site.get("/away", [](Conn& conn) { return server::ActionResult(server::redirect(conn, "/items/7?x=1")); });
      site.get("/far", [](Conn& conn) { return server::ActionResult(server::redirect_external(conn, "http://www.example.com/items/8")); });
      site.get("/lost", [](Conn& conn) { return server::ActionResult(server::redirect(conn, "/nowhere")); });
      site.get("/raise", [](Conn&) -> server::ActionResult { throw std::runtime_error("raised"); });
      site.get("/flash", [](Conn& conn) { return server::ActionResult(server::json(conn, server::flash(conn))); });
      site.get("/saved", [](Conn& conn) {
        server::put_flash(conn, "info", "saved");
        return server::ActionResult(server::redirect(conn, "/flash"));
      });
      site.get("/missing", [](Conn&) { return server::ActionResult(server::NotFound{}); });
    });
    const auto keys = std::make_shared<const core::KeyGenerator>(std::string(64, 'k'));
    return {.plugs = {server::plug::parsers(), server::plug::session(keys, {.key = "_site", .secrets = {"salt"}}), router.plug()}};
  }
  TestConn ada() { return init_test_session(build_conn(), obj("user", "ada")); }
};
INSTANTIATE_TEST_SUITE_P(Every, SiteTest, ::testing::Values(Where::in_process, Where::loopback),
                         [](const auto& in) { return to_string(Way{.where = in.param}); });

// server.md 16: the session is there, is written like any other, and lives on in the cookie.
TEST_P(SiteTest, InitTestSession) {
  EXPECT_EQ(response(get(build_conn(), "/session"), 401), "who are you?");
  auto conn = get(init_test_session(ada(), obj("cart", Json::array({1, 2}))), "/session");
  EXPECT_EQ(json_response(conn, 200), obj("user", "ada", "cart", Json::array({1, 2})));
  conn = get(conn, "/session");
  EXPECT_EQ(get_session(conn), obj("user", "ada", "cart", Json::array({1, 2})));
  conn = get(init_test_session(conn, obj("user", "bob")), "/session");
  EXPECT_EQ(get_session(conn, "user"), "bob");
  EXPECT_EQ(get_session(conn, "nobody"), Json());
  EXPECT_THAT(failure_of([&] { get_session(get(build_conn(), "/nowhere")); }).message,
              HasSubstr("session not fetched, call plug::fetch_session"));
}

TEST_P(SiteTest, Flash) {
  auto conn = put_flash(put_flash(fetch_flash(ada()), "info", "hello"), "error", "no");
  EXPECT_EQ(get_flash(conn, "info"), "hello");
  conn = get(conn, "/flash");
  EXPECT_EQ(json_response(conn, 200), obj("info", "hello", "error", "no"));
  EXPECT_EQ(get_flash(conn, "error"), "no");
  conn = get(get(conn, "/saved"), "/flash");
  EXPECT_EQ(get_flash(conn), obj("info", "saved")) << "kept over the redirect";
  EXPECT_EQ(get_flash(get(conn, "/flash")), Json::object()) << "and no longer";
  EXPECT_EQ(get_flash(clear_flash(put_flash(fetch_flash(ada()), "info", "x")), "info"), Json());
  EXPECT_THROW(put_flash(build_conn(), "info", "x"), std::logic_error);
  EXPECT_THROW(clear_flash(build_conn()), std::logic_error);
  EXPECT_THAT(failure_of([&] { get_flash(build_conn(), "info"); }).message, HasSubstr("flash not fetched, call fetch_flash"));
  EXPECT_THAT(failure_of([&] { get_flash(get(build_conn(), "/nowhere")); }).message, HasSubstr("flash not fetched, call fetch_flash"));
}

TEST_P(SiteTest, ForgeryProtectionIsOffUnlessAskedFor) {
  EXPECT_EQ(json_response(post(ada(), "/session"), 200)["user"], "ada");
  auto conn = ada();
  conn.checks_csrf = true;
  EXPECT_EQ(response(post(conn, "/session"), 403), "Forbidden");
}

TEST_P(SiteTest, BypassThroughEndsAheadOfTheAction) {
  auto conn = get(bypass_through(ada()), "/items/7");
  EXPECT_FALSE(conn.sent);
  EXPECT_EQ(conn.seen->path_params, obj("id", "7"));
  EXPECT_TRUE(conn.seen->session.is_null()) << "no pipeline ran";
  conn = get(bypass_through(ada(), {"browser"}), "/items/7");
  EXPECT_EQ(get_session(conn, "user"), "ada");
  EXPECT_FALSE(conn.sent);
  conn = get(bypass_through(build_conn(), current_pipelines), "/items/7");
  EXPECT_EQ(response(conn, 401), "who are you?") << "what a pipeline answers is sent";
  const auto failure = failure_of([&] { response(get(bypass_through(ada(), current_pipelines), "/items/7"), 200); });
  EXPECT_THAT(failure.message, HasSubstr("expected connection to have a response but no response was set or sent"));
  EXPECT_EQ(get(bypass_through(build_conn()), "/nowhere").sent->status, 404) << "the request must match a route";
  EXPECT_THAT(get(bypass_through(build_conn(), {"browsr"}), "/items/7").seen->raised, HasSubstr("no pipeline browsr"));
  EXPECT_EQ(get(bypass_through(build_conn(), {"broken"}), "/items/7").seen->raised, "pipeline raised");
}

TEST_P(SiteTest, APlugIsTestedBehindThePipelines) {
  EXPECT_EQ(response(get(bypass_through(build_conn(), {"browser"}, refuse_strangers), "/items/7"), 401), "who are you?");
  EXPECT_FALSE(get(bypass_through(ada(), {"browser"}, refuse_strangers), "/items/7").sent);
}

TEST_P(SiteTest, PathParamsAndRedirectedParams) {
  const auto conn = get(ada(), "/away");
  EXPECT_EQ(redirected_params(conn), obj("id", "7"));
  EXPECT_EQ(redirected_params(get(ada(), "/far")), obj("id", "8"));
  EXPECT_EQ(path_params(build_conn(), "/items/caf%C3%A9"), obj("id", "caf\u00e9"));
  EXPECT_THAT(failure_of([&] { path_params(conn, "/nowhere"); }).message, HasSubstr("no route found for GET /nowhere"));
  EXPECT_THAT(failure_of([&] { redirected_params(get(ada(), "/lost")); }).message, HasSubstr("no route found for GET /nowhere"));
  EXPECT_THAT(failure_of([&] { redirected_params(get(ada(), "/session")); }).message,
              HasSubstr("expected redirection with status 302, got: 200"));
}

TEST_P(SiteTest, AnActionAlone) {
  EXPECT_EQ(json_response(get(build_conn(), show_item, obj("n", "1")), 200), obj("n", "1"));
  EXPECT_EQ(json_response(post(build_conn(), later, obj("n", 1)), 200), obj("n", 1));
  EXPECT_EQ(json_response(put(build_conn(), show_item, obj("n", 2)), 200), obj("n", 2));
  EXPECT_EQ(json_response(patch(build_conn(), show_item, obj("n", 3)), 200), obj("n", 3));
  EXPECT_EQ(json_response(delete_(build_conn(), show_item, obj("n", "4")), 200), obj("n", "4"));
  EXPECT_EQ(json_response(options(build_conn(), show_item, obj("n", "5")), 200), obj("n", "5"));
  const auto told = trace(build_conn(), show_item);
  EXPECT_EQ(told.method, "TRACE");
  EXPECT_EQ(told.sent->status, 200);
  EXPECT_EQ(head(build_conn(), show_item).sent->status, 200);
  EXPECT_EQ(response(get(build_conn(), show_session), 500), "Internal Server Error") << "no session was fetched";
}

TEST_P(SiteTest, AssertErrorSentWantsAnException) {
  EXPECT_EQ(assert_error_sent(500, [&] { return get(ada(), "/raise"); }).seen->raised, "raised");
  assert_error_sent(404, [&] { return get(ada(), "/nowhere"); });
  EXPECT_THAT(failure_of([&] { assert_error_sent(404, [&] { return get(ada(), "/missing"); }); }).message,
              HasSubstr("expected error to be sent with status 404, but it was sent without one raised"));
}

TEST_P(SiteTest, BuildConnWithARequestIsDispatched) {
  EXPECT_EQ(build_conn("GET", "/session").sent->status, 401);
  EXPECT_EQ(trace(build_conn(), "/session").sent->status, 404);
}

/// What is inside a server of somebody else is out of reach.
class FarAway : public ConnCase {
 public:
  void TestBody() override {}
  Way way() const override { return {.where = Where::url, .url = "ws://127.0.0.1:1/socket"}; }
  void ask() { get(init_test_session(build_conn(), obj("user", "ada")), "/"); }
  void reach() { get(build_conn(), "/"); }
};
TEST(ConnCaseAtAUrl, SaysWhatIsOutOfReach) {
  EXPECT_THAT(failure_of([] { FarAway().ask(); }).message,
              HasSubstr("need a server of this process; ws://127.0.0.1:1/socket is out of reach"));
  EXPECT_THAT(failure_of([] { FarAway().reach(); }).message, HasSubstr("GET / at ws://127.0.0.1:1/socket: "));
}

}  // namespace
}  // namespace phx::testing
