// server-behaviours C24; server.md 10.1, golden session_set, cookies.
#include <gtest/gtest.h>

#include "site.hpp"

#include <phx/server/signed_cookies.hpp>

namespace phx::server::test {
namespace {

plug::SessionOptions options() {
  plug::SessionOptions out;
  out.key = "_key";
  out.secrets.signing_salt = "salt";
  return out;
}

Site site(ActionResult (*action)(Conn&), plug::SessionOptions session = options()) {
  Router router;
  router.match("*", "/*path", action);
  return Site({plug::parsers(), plug::session(test_keys(), std::move(session)), plug::fetch_session(), router.plug()});
}

ActionResult put_user(Conn& conn) {
  conn.put_session("user", 7);
  return json(conn, conn.get_session());
}
ActionResult show(Conn& conn) { return json(conn, conn.get_session()); }
ActionResult wipe(Conn& conn) {
  conn.configure_session(SessionChange::drop);
  return text(conn, "");
}
ActionResult ignored(Conn& conn) {
  conn.put_session("a", 1);
  conn.configure_session(SessionChange::ignore);
  return text(conn, "");
}
ActionResult renewed(Conn& conn) {
  conn.configure_session(SessionChange::renew);
  return text(conn, "");
}
ActionResult edits(Conn& conn) {
  conn.put_session("b", "x");
  conn.delete_session("user");
  return json(conn, conn.get_session());
}

std::string pair_of(const Reply& reply) { return reply.header("set-cookie").substr(0, reply.header("set-cookie").find(';')); }

TEST(Session, ComesBack) {
  const auto set = site(put_user).get("/");
  EXPECT_TRUE(set.header("set-cookie").ends_with("; path=/; HttpOnly")) << set.text;
  const HeaderList cookie{{"cookie", "other=1; " + pair_of(set)}};
  const auto shown = site(show).get("/", cookie);
  EXPECT_EQ(shown.json(), obj("user", 7));
  EXPECT_EQ(shown.header("set-cookie"), "") << "nothing changed";
  const auto edited = site(edits).get("/", cookie);
  EXPECT_EQ(site(show).get("/", {{"cookie", pair_of(edited)}}).json(), obj("b", "x"));
}

TEST(Session, WhatDoesNotVerifyIsEmpty) {
  EXPECT_EQ(site(show).get("/", {{"cookie", "_key=SFMyNTY.g3QAAAAA.forged"}}).json(), obj());
  auto other = options();
  other.secrets.signing_salt = "other";
  const HeaderList cookie{{"cookie", pair_of(site(put_user, other).get("/"))}};
  EXPECT_EQ(site(show).get("/", cookie).json(), obj());
  auto rotating = options();
  rotating.older = {other.secrets};
  EXPECT_EQ(site(show, rotating).get("/", cookie).json(), obj("user", 7));
}

TEST(Session, MayBeEncrypted) {
  auto secret = options();
  secret.secrets.encryption_salt = "enc";
  const auto set = site(put_user, secret).get("/");
  EXPECT_TRUE(pair_of(set).starts_with("_key=XCP."));
  EXPECT_EQ(site(show, secret).get("/", {{"cookie", pair_of(set)}}).json(), obj("user", 7));
}

TEST(Session, DropRenewIgnore) {
  const HeaderList cookie{{"cookie", pair_of(site(put_user).get("/"))}};
  EXPECT_EQ(site(wipe).get("/").header("set-cookie"), "") << "there was none";
  EXPECT_EQ(site(wipe).get("/", cookie).header("set-cookie"), "_key=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=0; HttpOnly");
  EXPECT_EQ(site(ignored).get("/").header("set-cookie"), "");
  EXPECT_EQ(pair_of(site(renewed).get("/", cookie)), cookie[0].second);
}

TEST(Session, NeedsItsPlugsAndASecret) {
  Router router;
  router.get("/", show);
  EXPECT_EQ(Site({router.plug()}).get("/").status, 500);
  EXPECT_THROW(plug::session(std::make_shared<const core::KeyGenerator>("only-twenty-characters"), options()), std::invalid_argument);
  EXPECT_THROW(plug::session(test_keys(), {}), std::invalid_argument);
}

TEST(Session, BeyondACookieIsAnError) {  // server.md 10.1: 4096 bytes
  const auto big = [](Conn& conn) -> ActionResult {
    conn.put_session("big", std::string(5'000, 'x'));
    return text(conn, "");
  };
  EXPECT_EQ(site(big).get("/").status, 500);
}

TEST(Cookies, SecureIsAutomaticWithTls) {
  HttpOptions tls;
  tls.secure = true;
  Router router;
  router.get("/", [](Conn& conn) {
    conn.put_resp_cookie("a", "1");
    return ActionResult(text(conn, ""));
  });
  EXPECT_EQ(Site({router.plug()}, tls).get("/").header("set-cookie"), "a=1; path=/; secure; HttpOnly");
}

TEST(Cookies, RefusesWhatWouldNotStayOneCookie) {
  Conn conn;
  EXPECT_THROW(conn.put_resp_cookie("a b", "1"), std::invalid_argument);
  EXPECT_THROW(conn.put_resp_cookie("", "1"), std::invalid_argument);
  EXPECT_THROW(conn.put_resp_cookie("a", "1; domain=evil"), std::invalid_argument);
  EXPECT_THROW(conn.put_resp_cookie("a", "1\r\nset-cookie: b=1"), std::invalid_argument);
  EXPECT_THROW(conn.put_resp_cookie("a", "1", {.path = "/;x"}), std::invalid_argument);
}

TEST(Cookies, SignedAndEncryptedOnes) {
  using core::etf::Term;
  const auto keys = test_keys();
  Conn answer, request;
  put_signed_cookie(answer, *keys, "s", Term(7));
  put_encrypted_cookie(answer, *keys, "e", Term("secret"));
  answer.before_send();
  for (const auto& [name, value] : answer.resp_headers)
    if (name == "set-cookie") request.req_headers.emplace_back("cookie", value.substr(0, value.find(';')));
  EXPECT_EQ(signed_cookie(request, *keys, "s"), Term(7));
  EXPECT_EQ(encrypted_cookie(request, *keys, "e"), Term("secret"));
  EXPECT_EQ(signed_cookie(request, *keys, "e"), std::nullopt);
  EXPECT_EQ(signed_cookie(request, *keys, "none"), std::nullopt);
}

}  // namespace
}  // namespace phx::server::test
