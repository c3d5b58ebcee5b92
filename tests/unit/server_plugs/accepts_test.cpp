// server-behaviours C3, C15; server.md 11.4.
#include <gtest/gtest.h>

#include "site.hpp"

namespace phx::server::test {
namespace {

std::string chosen(std::vector<std::string> formats, std::string_view accept, std::string_view target = "/") {
  const auto tell = [](Conn conn) {
    conn.send_resp(200, conn.format);
    return conn;
  };
  const Site site({plug::parsers(), plug::accepts(std::move(formats)), tell});
  const auto reply = accept.empty() ? site.get(target) : site.get(target, {{"accept", std::string(accept)}});
  return reply.status == 200 ? reply.body : std::to_string(reply.status);
}

TEST(Accepts, TheParamGoesBeforeTheHeader) {
  EXPECT_EQ(chosen({"json", "html"}, "application/json", "/?_format=html"), "html");
  EXPECT_EQ(chosen({"json"}, "application/json", "/?_format=xml"), "406");
  EXPECT_EQ(chosen({"json"}, "application/json", "/?_format[]=json"), "406");
}

TEST(Accepts, NoHeaderOrAllTakesTheFirst) {
  EXPECT_EQ(chosen({"json", "html"}, ""), "json");
  EXPECT_EQ(chosen({"json", "html"}, "*/*"), "json");
}

TEST(Accepts, BrowsersGetHtml) { EXPECT_EQ(chosen({"json", "html"}, "application/xml,*/*;q=0.8"), "html"); }

TEST(Accepts, ByQualityThenOrder) {
  EXPECT_EQ(chosen({"json", "html"}, "text/html, application/json"), "html");
  EXPECT_EQ(chosen({"json", "html"}, "text/html;q=0.5, application/json;q=0.9"), "json");
  EXPECT_EQ(chosen({"json", "text"}, "text/*"), "text");
  EXPECT_EQ(chosen({"json"}, "text/html, */*;q=0.1"), "json");
  EXPECT_EQ(chosen({"json"}, "application/vnd.x+json"), "json");
  EXPECT_EQ(chosen({"json"}, "nonsense, application/json"), "json");
  EXPECT_EQ(chosen({"json"}, "application/json;q=0"), "406");
  EXPECT_EQ(chosen({"json"}, "application/xml"), "406");
  EXPECT_EQ(chosen({"application/x-thing"}, "application/x-thing"), "application/x-thing");
}

TEST(Accepts, RefusesFormatsWithoutAType) { EXPECT_THROW(plug::accepts({"nonsense"}), std::invalid_argument); }

}  // namespace
}  // namespace phx::server::test
