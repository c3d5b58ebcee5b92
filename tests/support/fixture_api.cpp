#include "support/fixture_api.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

#include <phx/core/etf.hpp>
#include <phx/core/json.hpp>
#include <phx/server/signed_cookies.hpp>

namespace phx::fixture {

using server::ActionResult;
using server::Conn;
using server::CookieOptions;
using server::HttpError;
using server::Scope;
namespace plug = server::plug;

namespace {

ActionResult ping(Conn& conn) { return json(conn, obj("pong", true)); }
ActionResult echo(Conn& conn) { return json(conn, conn.params()); }
ActionResult show_item(Conn& conn) { return json(conn, obj("data", obj("id", param(conn, "id")))); }

ActionResult create_item(Conn& conn) {
  conn.put_resp_header("location", "/api/v1/items/1");
  return json(conn, 201, obj("data", conn.params()));
}

ActionResult delete_item(Conn& conn) { return send_resp(conn, 204); }
ActionResult boom(Conn&) { throw std::runtime_error("boom"); }
ActionResult clause(Conn& conn) { return json(conn, param(conn, "must")); }
ActionResult bad_request(Conn&) { throw HttpError(400, "bad request"); }
ActionResult hello(Conn& conn) { return text(conn, "hello"); }
ActionResult no_response(Conn&) { return {}; }

ActionResult put_session(Conn& conn) {
  for (const auto& [key, value] : conn.params().items()) conn.put_session(key, value);
  return json(conn, obj("set", conn.params()));
}

ActionResult show_session(Conn& conn) { return json(conn, conn.get_session()); }

ActionResult cookies(Conn& conn, const plug::KeysPtr& keys) {
  using core::etf::Term;
  const auto term = Term::map({{Term::atom("a"), Term(1)}});
  conn.put_resp_cookie("plain", "v1");
  put_signed_cookie(conn, *keys, "signed", term);
  put_encrypted_cookie(conn, *keys, "enc", term);
  CookieOptions options;
  options.path = "/api";
  options.domain = "example.test";
  options.max_age = 60;
  options.secure = true;
  options.http_only = false;
  options.same_site = "Strict";
  conn.put_resp_cookie("opts", "x", options);
  conn.delete_resp_cookie("gone");
  return json(conn, obj("ok", true));
}

ActionResult me(Conn& conn) { return json(conn, obj("user_id", std::any_cast<const Json&>(conn.assigns.at("user_id")))); }

ActionResult counter(Conn& conn) {
  return html(conn, "<!DOCTYPE html><html><head><meta name=\"csrf-token\" content=\"" + plug::get_csrf_token(conn) +
                        "\"><title>Counter</title></head><body><h1>Counter</h1></body></html>");
}

}  // namespace

server::PlugChain http_plugs(const plug::KeysPtr& keys, const server::Router& routes) {
  plug::ParserOptions parsers;
  parsers.length = parsers.urlencoded_length = 100'000;
  parsers.pass = {"application/*", "text/html"};
  plug::SessionOptions session;
  session.key = "_peer_key";
  session.secrets.signing_salt = "peer-sign";
  session.cookie.same_site = "Lax";
  return {plug::request_id(), plug::parsers(parsers), plug::method_override(), plug::head(), plug::session(keys, session), routes.plug()};
}

void declare_api(server::Router& router, const plug::KeysPtr& keys) {
  router.pipeline("api", {plug::accepts({"json"})});
  router.pipeline("session", {plug::fetch_session()});
  plug::AuthOptions auth;
  auth.salt = "api auth";
  auth.max_age = 3600;
  auth.assign = "user_id";
  router.pipeline("auth", {plug::require_auth(keys, auth)});
  router.pipeline("browser",
                  {plug::accepts({"html"}), plug::fetch_session(), plug::protect_from_forgery(), plug::put_secure_browser_headers()});

  router.scope("/api/v1", {"api"}, [&](Scope& api) {
    api.get("/ping", ping).get("/echo", echo).post("/echo", echo);
    api.get("/items/:id", show_item).post("/items", create_item).delete_("/items/:id", delete_item);
    api.get("/boom", boom).get("/clause", clause).get("/badreq", bad_request).get("/text", hello).get("/noresp", no_response);
    api.get("/cookies", [keys](Conn& conn) { return cookies(conn, keys); });
    api.scope("/session", {"session"}, [](Scope& session) { session.post("/", put_session).get("/", show_session); });
    api.scope("/me", {"auth"}, [](Scope& mine) { mine.get("/", me); });
  });
  router.scope("/", {"browser"}, [](Scope& pages) { pages.get("/counter", counter); });
}

}  // namespace phx::fixture
