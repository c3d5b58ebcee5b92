#include "http_message.hpp"

#include <gtest/gtest.h>

namespace phx::relay {
namespace {

using Role = HttpMessage::Role;

/// Fed whole, and cut in two at every position, the result is the same.
std::string collected(Role role, std::string_view bytes, bool ends = false) {
  std::string first;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    HttpMessage m(role);
    m.feed(bytes.substr(0, cut));
    m.feed(bytes.substr(cut));
    if (ends) m.finish();
    const std::string now = m.failed() ? "failed" : m.complete() ? "body:" + m.body() : "more";
    if (cut == 0) first = now;
    EXPECT_EQ(now, first) << "cut at " << cut;
  }
  return first;
}

TEST(HttpMessage, TakesBodiesOfEveryKind) {
  EXPECT_EQ(collected(Role::request, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"), "body:");
  EXPECT_EQ(collected(Role::request, "POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcrest"), "body:abc");
  EXPECT_EQ(collected(Role::answer, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n"),
            "body:abcde");
  EXPECT_EQ(collected(Role::answer, "HTTP/1.0 200 OK\r\n\r\nabc", true), "body:abc");
  EXPECT_EQ(collected(Role::answer, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), "body:");
  EXPECT_EQ(collected(Role::answer, "HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x01x"), "body:");
}

TEST(HttpMessage, FailsForWhatIsNoHttp) {
  EXPECT_EQ(collected(Role::request, "hello\r\n\r\n"), "failed");
  EXPECT_EQ(collected(Role::request, "GET /x HTTP/1.1\r\nno colon\r\n\r\n"), "failed");
  EXPECT_EQ(collected(Role::request, "GET /x HTTP/1.1\r\ncontent-length: x\r\n\r\n"), "failed");
  EXPECT_EQ(collected(Role::answer, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), "failed");
  EXPECT_EQ(collected(Role::answer, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", true), "failed");
  HttpMessage endless(Role::request);
  endless.feed(std::string(HttpMessage::max_head + 1, 'a'));
  EXPECT_TRUE(endless.failed());
}

TEST(HttpHead, ChangesFieldsAndKeepsTheRest) {
  auto head = HttpHead::parse(
      "GET /s/websocket?vsn=2.0.0 HTTP/1.1\r\nHOST: a\r\nX-One:  1 \r\nhost: b\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade");
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->wants_websocket());
  EXPECT_EQ(head->target(), "/s/websocket?vsn=2.0.0");
  head->set("Host", "c:1");
  head->remove("upgrade");
  EXPECT_FALSE(head->wants_websocket());
  EXPECT_EQ(head->text(), "GET /s/websocket?vsn=2.0.0 HTTP/1.1\r\nHOST: c:1\r\nX-One: 1\r\nConnection: keep-alive, Upgrade\r\n\r\n");
  EXPECT_EQ(HttpHead::parse("HTTP/1.1 403 Forbidden")->status(), 403);
}

}  // namespace
}  // namespace phx::relay
