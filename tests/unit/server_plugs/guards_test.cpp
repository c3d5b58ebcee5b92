// require_auth (server-behaviours C25), rate_limit, scrub_params (C17).
#include <gtest/gtest.h>

#include "site.hpp"

#include <phx/core/token.hpp>

namespace phx::server::test {
namespace {

Conn answer(Conn conn) {
  conn.send_resp(200, "ok");
  return conn;
}

constexpr core::UnixTime signed_at{std::chrono::milliseconds(1'700'000'000'000)};

Reply with_token(const std::string& authorization, std::chrono::seconds later = 0s) {
  plug::AuthOptions options;
  options.salt = "api auth";
  options.max_age = 3600;
  options.clock = [later] { return signed_at + later; };
  const auto tell = [](Conn conn) {
    conn.send_resp(200, std::any_cast<const Json&>(conn.assigns.at("user")).dump());
    return conn;
  };
  const Site site({plug::require_auth(test_keys(), options), tell});
  return authorization.empty() ? site.get("/") : site.get("/", {{"authorization", authorization}});
}

TEST(RequireAuth, TakesABearerTokenOfItsSaltAndAge) {
  const auto token = core::sign_token(*test_keys(), "api auth", core::etf::Term("u1"), signed_at);
  EXPECT_EQ(with_token("Bearer " + token).body, "\"u1\"");
  EXPECT_EQ(with_token("Bearer " + token, 3601s).status, 401) << "expired";
  EXPECT_EQ(with_token("bearer " + token).status, 401);
  EXPECT_EQ(with_token("Bearer  " + token).status, 401);
  EXPECT_EQ(with_token("Bearer " + token.substr(0, token.size() - 1)).status, 401) << "truncated";
  EXPECT_EQ(with_token("Bearer " + core::sign_token(*test_keys(), "other", core::etf::Term("u1"), signed_at)).status, 401);
  EXPECT_EQ(with_token("").body, R"({"errors":{"detail":"Unauthorized"}})");
}

class RateLimit : public ::testing::Test {
 protected:
  explicit RateLimit() : peer({plug::rate_limit({.burst = 2, .per_second = 0.5, .key = key, .max_keys = 2}), answer}) {}
  static std::string key(const Conn& conn) { return conn.path; }
  Reply get(const std::string& path) {
    peer.send("GET " + path + " HTTP/1.1\r\nhost: x\r\n\r\n");
    return read_reply(peer.take());
  }
  Peer peer;
};

TEST_F(RateLimit, RefusesBeyondTheBurstAndSaysWhen) {
  EXPECT_EQ(get("/a").status, 200);
  EXPECT_EQ(get("/a").status, 200);
  const auto refused = get("/a");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("retry-after"), "2");
  EXPECT_EQ(refused.body, R"({"errors":{"detail":"Too Many Requests"}})");
  EXPECT_EQ(get("/b").status, 200) << "another bucket";
  peer.advance(1s);
  EXPECT_EQ(get("/a").header("retry-after"), "1");
  peer.advance(1s);
  EXPECT_EQ(get("/a").status, 200);
  EXPECT_EQ(get("/a").status, 429);
}

TEST_F(RateLimit, KeepsABoundedNumberOfBuckets) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/" + std::to_string(i)).status, 200);
}

TEST(RateLimitOptions, Refused) { EXPECT_THROW(plug::rate_limit({.burst = 0}), std::invalid_argument); }

TEST(ScrubParams, NeedsTheKeyAndNullsBlanks) {
  Router router;
  router.pipeline("scrub", {plug::scrub_params("user")});
  router.scope("/", {"scrub"}, [](Scope& s) { s.post("/", echo); });
  const Site site({plug::parsers(), router.plug()});
  EXPECT_EQ(site.post("/", "application/json", R"({"user":{"a":" \t","b":["","x"],"c":1},"d":""})").json(),
            Json::parse(R"({"user":{"a":null,"b":[null,"x"],"c":1},"d":""})"));
  EXPECT_EQ(site.post("/", "application/json", R"({"other":1})").status, 400);
}

}  // namespace
}  // namespace phx::server::test
