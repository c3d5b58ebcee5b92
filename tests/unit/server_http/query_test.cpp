#include <gtest/gtest.h>

#include <phx/core/json.hpp>
#include <phx/server/query.hpp>

namespace phx::server {
namespace {

Json decoded(std::string_view query) { return decode_query(query).value(); }

TEST(DecodeQuery, NestsAndCollects) {  // golden http_rest/query
  EXPECT_EQ(decoded("a=1&b[c]=2&b[d][]=3&b[d][]=4&e=x+y%20z&a=5&f&g=&&h[]=1"),
            Json::parse(R"({"a":"5","b":{"c":"2","d":["3","4"]},"e":"x y z","f":"","g":"","h":["1"]})"));
}

TEST(DecodeQuery, TheLastShapeOfANameWins) {  // server.md 11.2
  EXPECT_EQ(decoded("x[]=1&x[y]=1"), Json::parse(R"({"x":{"y":"1"}})"));
  EXPECT_EQ(decoded("x[y]=2&x=1"), Json::parse(R"({"x":"1"})"));
  EXPECT_EQ(decoded("x=1&x[]=2"), Json::parse(R"({"x":["2"]})"));
}

TEST(DecodeQuery, TakesEachListEntryOfMapsAsItsOwn) {
  EXPECT_EQ(decoded("x[][a]=1&x[][b]=2"), Json::parse(R"({"x":[{"a":"1"},{"b":"2"}]})"));
}

TEST(DecodeQuery, KeepsBadEscapesAndOpenBracketsLiterally) {
  EXPECT_EQ(decoded("a=%zz&b[c=1&d=%4"), Json::parse(R"({"a":"%zz","b[c":"1","d":"%4"})"));
}

TEST(DecodeQuery, RefusesInvalidUtf8) {  // golden http_rest/query_bad_utf8
  EXPECT_EQ(decode_query("a=%ff").error(), Errc::invalid_utf8);
  EXPECT_EQ(decode_query("%ff=a").error(), Errc::invalid_utf8);
}

TEST(DecodeQuery, RefusesDepthAndNumbersBeyondTheLimits) {
  std::string key = "a";
  for (int i = 0; i < 99; ++i) key += "[b]";
  EXPECT_TRUE(decode_query(key + "=1"));
  EXPECT_EQ(decode_query(key + "[b]=1").error(), Errc::bad_request);
  for (int i = 0; i < 50'000; ++i) key += "[b]";
  EXPECT_EQ(decode_query(key + "=1").error(), Errc::bad_request);
  EXPECT_TRUE(decode_query("a=1&b=2", {.pairs = 2}));
  EXPECT_EQ(decode_query("a=1&b=2&c=3", {.pairs = 2}).error(), Errc::bad_request);
}

TEST(PercentDecode, TurnsPlusIntoASpaceOnlyInQueries) {
  EXPECT_EQ(percent_decode("a+b%2Fc"), "a+b/c");
  EXPECT_EQ(percent_decode("a+b%2Fc", true), "a b/c");
}

}  // namespace
}  // namespace phx::server
