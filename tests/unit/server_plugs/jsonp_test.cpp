// server-behaviours C17 (jsonp); server.md 11.5 allow_jsonp.
#include <gtest/gtest.h>

#include "site.hpp"

namespace phx::server::test {
namespace {

Site site(const std::string& param = "callback") {
  Router router;
  router.pipeline("api", {plug::allow_jsonp(param)});
  router.scope("/", {"api"}, [](Scope& s) {
    s.get("/json", [](Conn& conn) { return ActionResult(json(conn, obj("a", "\xE2\x80\xA8|\xE2\x80\xA9|\xE2\x82\xAC"))); });
    s.get("/text", [](Conn& conn) { return ActionResult(text(conn, "{}")); });
    s.get("/created", [](Conn& conn) { return ActionResult(json(conn, 201, obj())); });
  });
  return Site({plug::parsers(), router.plug()});
}

TEST(Jsonp, WrapsJsonInACallOfTheNamedFunction) {
  const auto reply = site().get("/json?callback=cb_1");
  EXPECT_EQ(reply.header("content-type"), "application/javascript");
  EXPECT_EQ(reply.body, "/**/ typeof cb_1 === 'function' && cb_1({\"a\":\"\\u2028|\\u2029|\xE2\x82\xAC\"});");
  EXPECT_EQ(site().get("/created?callback=cb").status, 201);
  EXPECT_EQ(site("f").get("/created?f=cb").body, "/**/ typeof cb === 'function' && cb({});");
}

TEST(Jsonp, LeavesOtherAnswersAlone) {
  EXPECT_EQ(site().get("/created").body, "{}");
  EXPECT_EQ(site().get("/created?callback=").body, "{}");
  EXPECT_EQ(site().get("/created?f=cb").body, "{}");
  EXPECT_EQ(site().get("/text?callback=cb").body, "{}");
}

TEST(Jsonp, OnlyLettersDigitsAndUnderscoresNameAFunction) {
  for (const auto* bad : {"alert(1)//", "a.b", "a%20b", "%3Cscript%3E", "a-b", "\xC3\xA4"})
    EXPECT_EQ(site().get(std::string("/json?callback=") + bad).status, 500) << bad;
  EXPECT_EQ(site().get("/json?callback[]=cb").status, 500);
  EXPECT_THROW(plug::allow_jsonp(""), std::invalid_argument);
}

}  // namespace
}  // namespace phx::server::test
