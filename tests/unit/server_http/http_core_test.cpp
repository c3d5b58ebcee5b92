#include <gtest/gtest.h>

#include <stdexcept>

#include "peer.hpp"

namespace phx::server::test {
namespace {

/// Answers with method, path and body, so that tests see what arrived.
Conn mirror(Conn conn) {
  if (conn.path == "/crash") throw std::runtime_error("plug crashed");
  if (conn.path == "/teapot") throw HttpError(422, "not this");
  if (conn.path != "/none") conn.send_resp(200, conn.method + " " + conn.path + " " + conn.body);
  return conn;
}

std::string request(std::string_view line, std::string_view more = {}, std::string_view body = {}) {
  return std::string(line) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) + "\r\n" + std::string(body);
}

std::string answer(std::string_view body, bool close = false) {
  return std::string("HTTP/1.1 200 OK\r\n") + (close ? "connection: close\r\n" : "") +
         "date: <date>\r\ncontent-length: " + std::to_string(body.size()) +
         "\r\nvary: accept-encoding\r\ncache-control: max-age=0, private, must-revalidate\r\n\r\n" + std::string(body);
}

TEST(HttpCore, AnswersPipelinedRequestsInOrder) {
  for (const bool slowly : {false, true}) {
    Peer peer({mirror});
    const auto text = request("GET /a") + request("POST /b", "content-length: 2\r\n", "hi") + request("GET /c");
    slowly ? peer.send_slowly(text) : peer.send(text);
    EXPECT_EQ(peer.take(), answer("GET /a ") + answer("POST /b hi") + answer("GET /c "));
    EXPECT_FALSE(peer.core().finished());
  }
}

TEST(HttpCore, SkipsEmptyLinesBetweenRequests) {  // RFC 9112 2.2
  Peer peer({mirror});
  peer.send(request("GET /a") + "\r\n" + request("GET /b"));
  EXPECT_EQ(peer.take(), answer("GET /a ") + answer("GET /b "));
}

TEST(HttpCore, PutsChunksTogether) {
  const auto text = request("POST /x", "transfer-encoding: chunked\r\n", "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\ntrailer: t\r\n\r\n");
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    Peer peer({mirror});
    peer.send(std::string_view(text).substr(0, cut));
    peer.send(std::string_view(text).substr(cut));
    ASSERT_EQ(peer.take(), answer("POST /x abcde")) << "cut at " << cut;
  }
}

TEST(HttpCore, ClosesAfterTheLastRequest) {
  Peer peer({mirror});
  peer.send(request("GET /a", "Connection: Close\r\n") + request("GET /b"));
  EXPECT_EQ(peer.take(), answer("GET /a ", true));
  EXPECT_TRUE(peer.core().finished());
}

TEST(HttpCore, TreatsHttp10AsOneRequestWithoutHost) {
  Peer peer({mirror});
  peer.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(peer.take(), answer("GET /a ", true));
}

TEST(HttpCore, TakesAnAbsoluteTarget) {
  Peer peer({[](Conn conn) {
    conn.send_resp(200, conn.host + ":" + std::to_string(conn.port) + conn.path + "?" + conn.query_string);
    return conn;
  }});
  peer.send(request("GET http://other.example:8080/p?q=1"));
  EXPECT_EQ(peer.take(), answer("other.example:8080/p?q=1"));
}

// FIXTURE.md section 1: limits are those of a line, not of the head, and exact.
TEST(HttpCore, AllowsLinesOfExactlyTheLimit) {
  const std::string line = "GET /" + std::string(10'000 - 5 - 9, 'x');
  Peer peer({[](Conn conn) {
    conn.send_resp(200);
    return conn;
  }});
  std::string headers = "a: " + std::string(9'997, 'y') + "\r\n";
  for (int i = 0; i < 48; ++i) headers += "h: 1\r\n";
  peer.send(request(line, headers));
  EXPECT_EQ(status_of(peer.take()), 200);
  peer.send(request(line + "x"));
  EXPECT_EQ(peer.take(), "HTTP/1.0 414 Request-URI Too Long\r\nconnection: close\r\n\r\n");
}

TEST(HttpCore, RefusesAnOverlongLineBeforeItEnds) {
  Peer peer({mirror});
  peer.send("GET /" + std::string(10'000, 'x'));
  EXPECT_EQ(status_of(peer.take()), 414);
}

TEST(HttpCore, RefusesFiftyOneHeaderLines) {
  Peer peer({mirror});
  std::string headers;
  for (int i = 0; i < 50; ++i) headers += "h: 1\r\n";
  peer.send(request("GET /", headers));
  EXPECT_EQ(peer.take(), "HTTP/1.0 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n");
}

TEST(HttpCore, RefusesMalformedRequestsAndCloses) {
  for (const std::string_view bad : {"\x16\x03\x01\x02", "GET\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                                     "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
                                     "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"}) {
    Peer peer({mirror});
    peer.send(bad);
    EXPECT_EQ(peer.take(), "HTTP/1.0 400 Bad Request\r\nconnection: close\r\n\r\n") << bad;
    EXPECT_TRUE(peer.core().finished());
  }
}

TEST(HttpCore, AnswersBodiesOverTheLimitWithAnErrorPage) {  // golden too_large
  HttpOptions options;
  options.limits.body = 4;
  for (const auto* body : {"content-length: 5\r\n", "transfer-encoding: chunked\r\n"}) {
    Peer peer({mirror}, options);
    peer.send(request("POST /", std::string("accept: application/json\r\n") + body, "5\r\nabcde\r\n0\r\n\r\n"));
    const auto got = peer.take();
    EXPECT_EQ(status_of(got), 413);
    EXPECT_TRUE(got.ends_with(R"({"errors":{"detail":"Request Entity Too Large"}})"));
    EXPECT_TRUE(peer.core().finished());
  }
}

TEST(HttpCore, SaysContinueOnlyWhenTheBodyIsStillToCome) {  // golden expect_continue
  Peer peer({mirror});
  peer.send(request("POST /x", "expect: 100-continue\r\ncontent-length: 2\r\n"));
  EXPECT_EQ(peer.take(), "HTTP/1.1 100 Continue\r\ndate: <date>\r\n\r\n");
  peer.send("hi");
  EXPECT_EQ(peer.take(), answer("POST /x hi"));
}

// A client that trickles its head (slowloris) does not keep the connection by trickling.
TEST(HttpCore, LimitsTheTimeOfAHead) {
  HttpOptions options;
  options.head_timeout = 10s;
  Peer peer({mirror}, options);
  peer.send("GET / HTT");
  peer.advance(9'999ms);
  peer.send("P");
  EXPECT_FALSE(peer.core().finished());
  peer.advance(1ms);
  EXPECT_EQ(status_of(peer.take()), 408);
  EXPECT_TRUE(peer.core().finished());
}

// design.md 7: what a peer can make us keep is bounded. Answers that it does not read hold back its next requests.
TEST(HttpCore, PipelinedRequestsWaitUntilAnswersAreRead) {
  HttpOptions options;
  options.limits.unread = 100;
  Peer peer({mirror}, options);
  peer.send(request("GET /a") + request("GET /b") + request("GET /c"));
  EXPECT_EQ(peer.take(), answer("GET /a "));
  peer.turn();
  EXPECT_EQ(peer.take(), answer("GET /b "));
  peer.turn();
  EXPECT_EQ(peer.take(), answer("GET /c "));
  peer.turn();
  EXPECT_EQ(peer.take(), "");
}

TEST(HttpCore, ReadsNoFurtherThanABufferWhileAnswersAreUnread) {
  HttpOptions options;
  options.limits.unread = 100;
  Peer peer({mirror}, options);
  std::string many;
  while (many.size() < 70'000) many += request("GET /a");
  peer.core().feed(many, peer.now());
  EXPECT_FALSE(peer.core().reads());
  EXPECT_LT(peer.core().outbox().bytes(), 300u);
}

// A body that trickles is bounded as a head is; one that comes at a fair pace may take long.
TEST(HttpCore, LimitsTheTimeOfABodyByItsSize) {
  const auto head = request("POST /x", "content-length: 100000\r\n");
  Peer slow({mirror}), fair({mirror});
  slow.send(head);
  fair.send(head);
  for (int i = 0; i < 9; ++i) {
    slow.advance(10s);
    slow.send("x");
    fair.advance(10s);
    fair.send(std::string(5'000, 'x'));
  }
  EXPECT_EQ(status_of(slow.take()), 408);
  EXPECT_TRUE(slow.core().finished());
  EXPECT_EQ(fair.take(), "");
  EXPECT_FALSE(fair.core().finished());
  fair.send(std::string(55'000, 'x'));
  EXPECT_EQ(status_of(fair.take()), 200);
}

TEST(HttpCore, ClosesAnIdleConnectionSilently) {
  Peer peer({mirror});
  peer.send(request("GET /a"));
  peer.take();
  peer.advance(60s);
  EXPECT_EQ(peer.take(), "");
  EXPECT_TRUE(peer.core().finished());
}

TEST(HttpCore, TurnsExceptionsIntoErrorPagesAndLives) {  // server.md 12
  Peer peer({mirror});
  peer.send(request("GET /crash"));
  EXPECT_TRUE(peer.take().ends_with("Internal Server Error"));
  peer.send(request("GET /teapot", "accept: application/json\r\n"));
  EXPECT_TRUE(peer.take().ends_with(R"({"errors":{"detail":"Unprocessable Content"}})"));
  peer.send(request("GET /none?_format=json", "accept: text/html\r\n"));
  EXPECT_TRUE(peer.take().ends_with(R"({"errors":{"detail":"Not Found"}})"));
  EXPECT_FALSE(peer.core().finished());
}

TEST(HttpCore, EndsWhenThePeerDoes) {
  Peer peer({mirror});
  peer.send("GET / HT");
  peer.core().peer_closed(peer.now());
  EXPECT_TRUE(peer.core().finished());
}

}  // namespace
}  // namespace phx::server::test
