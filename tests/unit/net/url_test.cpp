#include <gtest/gtest.h>

#include <phx/net/url.hpp>

namespace phx::test {
namespace {

TEST(NetUrl, TakesPartsAndDefaults) {
  const auto url = net::parse_url("WS://Example.COM/socket/websocket?a=1&b=%20#frag");
  ASSERT_TRUE(url);
  EXPECT_EQ(*url, (net::Url{"ws", "example.com", 80, "/socket/websocket", "a=1&b=%20"}));
  EXPECT_EQ(url->authority(), "example.com");
  EXPECT_EQ(url->target(), "/socket/websocket?a=1&b=%20");
  EXPECT_EQ(net::parse_url("wss://h")->port, 443);
  EXPECT_EQ(net::parse_url("ws://h?x")->target(), "/?x");
}

TEST(NetUrl, TakesAddresses) {
  EXPECT_EQ(net::parse_url("ws://[::1]:4000/s")->host, "::1");
  EXPECT_EQ(net::parse_url("ws://[::1]:4000/s")->authority(), "[::1]:4000");
  EXPECT_EQ(net::parse_url("ws://127.0.0.1:1/")->port, 1);
}

TEST(NetUrl, RefusesWhatIsNone) {
  for (const auto* text : {"", "host", "ftp://h/", "ws://", "ws:///path", "ws://h:0/", "ws://h:65536/", "ws://h:x/", "ws://h:/",
                           "ws://u:p@h/", "ws://h/a b", "ws://[::1/", "ws://[::1]x/", "ws://h\r\nEvil: 1/"}) {
    EXPECT_EQ(net::parse_url(text).error(), Errc::bad_url) << text;
  }
}

}  // namespace
}  // namespace phx::test
