// CORS, request id (C10), security headers (C18), etag.
#include <gtest/gtest.h>

#include "site.hpp"

namespace phx::server::test {
namespace {

Conn answer(Conn conn) {
  conn.send_resp(200, "ok");
  return conn;
}

plug::CorsOptions listed() {
  plug::CorsOptions out;
  out.origins = {"https://app.example"};
  out.credentials = true;
  out.expose = {"x-total"};
  return out;
}

HeaderList preflight(std::string origin, std::string method, std::string headers = "content-type") {
  return {{"origin", std::move(origin)},
          {"access-control-request-method", std::move(method)},
          {"access-control-request-headers", std::move(headers)}};
}

TEST(Cors, MarksAnswersToListedOriginsOnly) {
  const Site site({plug::cors(listed()), answer});
  const auto ours = site.get("/", {{"origin", "https://app.example"}});
  EXPECT_EQ(ours.header("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(ours.header("access-control-allow-credentials"), "true");
  EXPECT_EQ(ours.header("access-control-expose-headers"), "x-total");
  EXPECT_NE(ours.text.find("vary: origin\r\n"), std::string::npos);
  for (const auto* foreign : {"https://evil.example", "https://app.example.evil", "null", "http://app.example"})
    EXPECT_EQ(site.get("/", {{"origin", foreign}}).header("access-control-allow-origin"), "") << foreign;
}

TEST(Cors, AnswersPreflights) {
  const Site site({plug::cors(listed()), answer});
  const auto ok = site.request("OPTIONS", "/x", preflight("https://app.example", "PUT", "Content-Type, authorization"));
  EXPECT_EQ(ok.status, 204);
  EXPECT_EQ(ok.header("access-control-allow-methods"), "GET, HEAD, POST, PUT, PATCH, DELETE");
  EXPECT_EQ(ok.header("access-control-max-age"), "600");
  EXPECT_EQ(site.request("OPTIONS", "/x", preflight("https://evil.example", "PUT")).status, 403);
  EXPECT_EQ(site.request("OPTIONS", "/x", preflight("https://app.example", "TRACE")).status, 403);
  EXPECT_EQ(site.request("OPTIONS", "/x", preflight("https://app.example", "PUT", "x-odd")).status, 403);
  EXPECT_EQ(site.request("OPTIONS", "/x", {{"origin", "https://app.example"}}).body, "ok") << "no preflight";
}

TEST(Cors, AllOriginsGoWithoutCredentials) {
  plug::CorsOptions all;
  all.origins = {"*"};
  EXPECT_EQ(Site({plug::cors(all), answer}).get("/", {{"origin", "https://any"}}).header("access-control-allow-origin"), "*");
  all.credentials = true;
  EXPECT_THROW(plug::cors(all), std::invalid_argument);
  EXPECT_THROW(plug::cors({}), std::invalid_argument);
}

TEST(RequestId, KeptOrMade) {  // C10
  const Site site({plug::request_id(), answer});
  const auto id = [&](const std::string& given) { return site.get("/", {{"x-request-id", given}}).header("x-request-id"); };
  EXPECT_EQ(id(std::string(20, 'a')), std::string(20, 'a'));
  EXPECT_EQ(id(std::string(200, 'a')), std::string(200, 'a'));
  EXPECT_EQ(id(std::string(19, 'a')).size(), 20u);
  EXPECT_EQ(id(std::string(201, 'a')).size(), 20u);
  EXPECT_NE(id("x"), id("x"));
  EXPECT_EQ(Site({plug::request_id("x-trace"), answer}).get("/").header("x-trace").size(), 20u);
}

TEST(SecureHeaders, FourDefaultsThatDoNotOverrideAndMayBeOverridden) {  // C18
  const auto preset = [](Conn conn) {
    conn.put_resp_header("referrer-policy", "no-referrer");
    return conn;
  };
  const auto reply = Site({preset, plug::put_secure_browser_headers({{"x-content-type-options", "mine"}}), answer}).get("/");
  EXPECT_EQ(reply.header("referrer-policy"), "no-referrer");
  EXPECT_EQ(reply.header("x-content-type-options"), "mine");
  EXPECT_EQ(reply.header("content-security-policy"), "base-uri 'self'; frame-ancestors 'self';");
  EXPECT_EQ(reply.header("x-permitted-cross-domain-policies"), "none");
}

TEST(Etag, MakesOneFromTheBody) {
  const Site site({plug::etag(), answer});
  const auto tag = site.get("/").header("etag");
  EXPECT_TRUE(tag.starts_with("W/\"")) << tag;
  const auto again = site.get("/", {{"if-none-match", tag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(site.request("POST", "/").header("etag"), "");
}

}  // namespace
}  // namespace phx::server::test
