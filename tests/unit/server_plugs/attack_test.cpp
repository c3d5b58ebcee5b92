// The attack list of the HTTP layer (traversal: static_test, CSRF: forgery_test, foreign origins: cors_test, depth: parsers_test).
#include <gtest/gtest.h>

#include "site.hpp"

namespace phx::server::test {
namespace {

Conn answer(Conn conn) {
  conn.send_resp(200, conn.method + " " + conn.body);
  return conn;
}

std::string raw(const std::string& bytes, bool* over = nullptr) {
  Peer peer({answer});
  peer.send(bytes);
  if (over) *over = peer.core().finished();
  return peer.take();
}

// One answer with 400, then the end: nothing behind it may be taken for a second request.
void expect_refused(const std::string& bytes) {
  bool over = false;
  const auto got = raw(bytes + "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n", &over);
  EXPECT_EQ(status_of(got), 400) << bytes << got;
  EXPECT_EQ(got.find("HTTP/1.", 1), std::string::npos) << bytes << got;
  EXPECT_TRUE(over) << bytes;
}

const std::string post = "POST / HTTP/1.1\r\nhost: x\r\n";

TEST(Smuggling, TwoWaysToTellTheLengthAreRefused) {
  expect_refused(post + "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n");
  expect_refused(post + "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n");
  expect_refused(post + "content-length: 5\r\ncontent-length: 6\r\n\r\nhello");
  expect_refused(post + "content-length: 5\r\ncontent-length: 5\r\n\r\nhello");
  expect_refused(post + "content-length: 5, 5\r\n\r\nhello");
}

TEST(Smuggling, OddLengthsAndCodingsAreRefused) {
  for (const auto* length : {"+5", "-5", "0x5", "5 5", "", "99999999999999999999"})
    expect_refused(post + "content-length: " + length + "\r\n\r\nhello");
  for (const auto* coding : {"identity", "gzip, chunked", "chunked, identity", "xchunked", "chunked, chunked"})
    expect_refused(post + "transfer-encoding: " + coding + "\r\n\r\n0\r\n\r\n");
  expect_refused(post + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n");
  expect_refused("POST / HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n");
  expect_refused(post + "transfer-encoding : chunked\r\n\r\n0\r\n\r\n");
}

TEST(Smuggling, BadChunksAreRefused) {
  for (const auto* chunks : {"5\r\nhello0\r\n\r\n", "x\r\n\r\n", "-1\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "ffffffffffffffffff\r\nx"})
    expect_refused(post + "transfer-encoding: chunked\r\n\r\n" + chunks);
}

TEST(Smuggling, FoldedAndBrokenHeadersAreRefused) {
  expect_refused("GET / HTTP/1.1\r\nhost: x\r\n x-folded\r\nbad header\r\n\r\n");
  expect_refused(std::string("GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n", 35));
}

// A value from outside must not become a header of its own.
TEST(HeaderInjection, LineBreaksInValuesAreRefused) {
  Conn conn;
  for (const std::string& value : {std::string("a\r\nset-cookie: x=1"), std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3)}) {
    EXPECT_THROW(conn.put_resp_header("location", value), std::invalid_argument);
    EXPECT_THROW(conn.prepend_resp_header("location", value), std::invalid_argument);
  }
  for (const auto* name : {"", "X-Upper", "a b", "a:", "a\r\nb"})
    EXPECT_THROW(conn.put_resp_header(name, "x"), std::invalid_argument) << name;
  Router router;
  router.get("/", [](Conn& c) { return ActionResult(redirect_external(c, text_param(c, "to"))); });
  const auto reply = Site({plug::parsers(), router.plug()}).get("/?to=http://x/%0d%0aset-cookie:%20evil=1");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.text.find("evil"), std::string::npos);
}

TEST(Oversized, HeadAndBody) {
  EXPECT_EQ(status_of(raw("GET /" + std::string(10'000, 'x') + " HTTP/1.1\r\nhost: x\r\n\r\n")), 414);
  EXPECT_EQ(status_of(raw("GET / HTTP/1.1\r\nhost: x\r\nx: " + std::string(10'000, 'x') + "\r\n\r\n")), 431);
  EXPECT_EQ(status_of(raw(post + "content-length: 8000001\r\n\r\nx")), 413);
}

}  // namespace
}  // namespace phx::server::test
