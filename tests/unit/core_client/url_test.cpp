// Spec client-semantics U1, U2, U4, D-16.
#include <gtest/gtest.h>

#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>

namespace phx::core {
namespace {

const UrlPolicy js = compat::phoenix_js().url;

TEST(ClientUrl, U2_NestedParams) {
  const Json params = {{"a", {{"b", "c d"}}}, {"l", {1, true}}, {"n", 1.0}, {"x", 2.5}};
  EXPECT_EQ(*encode_query(params), "a%5Bb%5D=c%20d&l%5B0%5D=1&l%5B1%5D=true&n=1&x=2.5");
}

TEST(ClientUrl, U2_PercentEncoding) {
  EXPECT_EQ(encode_uri_component("aZ09-_.!~*'()"), "aZ09-_.!~*'()");
  EXPECT_EQ(encode_uri_component("&=?/ +\xc3\xa9"), "%26%3D%3F%2F%20%2B%C3%A9");
}

TEST(ClientUrl, D_16_AnEndpointKeepsItsOwnQuery) {
  EXPECT_EQ(*websocket_url("ws://h:4000/socket?tenant=7", obj("a", 1), "2.0.0"), "ws://h:4000/socket/websocket?tenant=7&a=1&vsn=2.0.0");
  EXPECT_EQ(*websocket_url("ws://h/socket?tenant=7", obj("a", 1), "2.0.0", js), "ws://h/socket?tenant=7/websocket&a=1&vsn=2.0.0");
}

TEST(ClientUrl, D_16_NullAndEmptyList) {
  const Json params = {{"a", 1}, {"b", nullptr}, {"c", Json::array()}, {"d", 2}};
  EXPECT_EQ(*encode_query(params), "a=1&d=2");
  EXPECT_EQ(*encode_query(params, {.null_param = NullParam::empty_value}), "a=1&b=&d=2");
  EXPECT_EQ(*encode_query(params, js), "a=1&&&d=2");
}

TEST(ClientUrl, SchemesAndSlashes) {
  EXPECT_EQ(*websocket_url("http://h/socket/", Json::object(), "2.0.0"), "ws://h/socket/websocket?vsn=2.0.0");
  EXPECT_EQ(*websocket_url("https://h/socket#x", Json::object(), "1.0.0"), "wss://h/socket/websocket?vsn=1.0.0");
  EXPECT_EQ(*websocket_url("ws://[::1]:4000", Json::object(), "2.0.0"), "ws://[::1]:4000/websocket?vsn=2.0.0");
}

TEST(ClientUrl, BadUrls) {
  for (const char* url : {"", "localhost:4000/socket", "ftp://h/socket", "ws://", "ws:///socket", "ws://:4000/x", "ws://a b/socket"})
    EXPECT_EQ(websocket_url(url, Json::object(), "2.0.0").error(), Errc::bad_url) << url;
  EXPECT_EQ(websocket_url("ws://h/socket", Json::array(), "2.0.0").error(), Errc::bad_url);
}

}  // namespace
}  // namespace phx::core
