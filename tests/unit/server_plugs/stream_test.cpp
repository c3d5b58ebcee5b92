// Chunked answers and compression.
#include <gtest/gtest.h>

#include <optional>

#include "site.hpp"

namespace phx::server::test {
namespace {

const std::string get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

struct Held {
  std::optional<ResponseStream> stream;
};

Plug streams(const std::shared_ptr<Held>& held) {
  return [held](Conn conn) {
    conn.put_resp_header("content-type", "text/plain");
    conn.send_chunked(200, [held](ResponseStream stream) { held->stream = std::move(stream); });
    return conn;
  };
}

TEST(Chunked, GoesOutPieceByPiece) {
  const auto held = std::make_shared<Held>();
  Peer peer({streams(held)});
  peer.send(get);
  const auto head = peer.take();
  EXPECT_EQ(head,
            "HTTP/1.1 200 OK\r\ndate: <date>\r\ntransfer-encoding: chunked\r\nvary: accept-encoding\r\n"
            "cache-control: max-age=0, private, must-revalidate\r\ncontent-type: text/plain\r\n\r\n");
  EXPECT_TRUE(held->stream->write("hello, chunked world"));
  EXPECT_TRUE(held->stream->write(""));
  peer.turn();
  EXPECT_EQ(peer.take(), "14\r\nhello, chunked world\r\n");
  held->stream->end();
  peer.turn();
  EXPECT_EQ(peer.take(), "0\r\n\r\n");
  EXPECT_FALSE(held->stream->write("late"));
  held->stream->end();
  peer.send(get);
  EXPECT_EQ(peer.take(), head) << "keep-alive";
}

TEST(Chunked, ThePipelineWaits) {
  const auto held = std::make_shared<Held>();
  Peer peer({streams(held)});
  peer.send(get + get);
  EXPECT_EQ(status_of(peer.take()), 200);
  held->stream->end();
  peer.turn();
  EXPECT_TRUE(peer.take().starts_with("0\r\n\r\nHTTP/1.1 200"));
}

TEST(Chunked, HeadAndHttp10) {
  const auto held = std::make_shared<Held>();
  Peer head({streams(held)});
  head.send("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n");
  head.take();
  EXPECT_FALSE(held->stream->write("x"));
  held->stream->end();
  head.turn();
  EXPECT_EQ(head.take(), "");
  Peer old({streams(held)});
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.take().find("transfer-encoding"), std::string::npos);
  held->stream->write("plain");
  held->stream->end();
  old.turn();
  EXPECT_EQ(old.take(), "plain");
  EXPECT_TRUE(old.core().finished());
}

TEST(Chunked, TheClientMayGo) {
  const auto held = std::make_shared<Held>();
  {
    Peer peer({streams(held)});
    peer.send(get);
  }
  EXPECT_FALSE(held->stream->write("x"));
  held->stream->end();
}

TEST(Chunked, AFailureAfterTheHeadEndsTheConnection) {
  Peer peer({[](Conn conn) {
    conn.send_chunked(200, [](const ResponseStream&) { throw std::runtime_error("x"); });
    return conn;
  }});
  peer.send(get);
  EXPECT_EQ(status_of(peer.take()), 200);
  EXPECT_TRUE(peer.core().finished());
}

Reply compressed(const HeaderList& request, const HeaderList& response, int status = 200) {
  HttpOptions options;
  options.compress = true;
  const auto answer = [&](Conn conn) {
    for (const auto& [name, value] : response) conn.put_resp_header(name, value);
    conn.send_resp(status, "hello hello hello");
    return conn;
  };
  return Site({answer}, options).get("/", request);
}

TEST(Gzip, OnlyForWhomAndWhatItSuits) {  // golden gzip; its bytes are checked by conformance
  EXPECT_EQ(compressed({{"accept-encoding", "br, gzip;q=0.5"}}, {}).header("content-encoding"), "gzip");
  EXPECT_EQ(compressed({{"accept-encoding", "*"}}, {}).header("content-encoding"), "gzip");
  EXPECT_EQ(compressed({}, {}).body, "hello hello hello");
  for (const auto* not_wanted : {"br", "gzip;q=0", "gzip; q=0.0"})
    EXPECT_EQ(compressed({{"accept-encoding", not_wanted}}, {}).body, "hello hello hello") << not_wanted;
  const HeaderList gzip{{"accept-encoding", "gzip"}};
  EXPECT_EQ(compressed(gzip, {{"etag", "\"strong\""}}).body, "hello hello hello");
  EXPECT_EQ(compressed(gzip, {{"etag", "W/\"weak\""}}).header("content-encoding"), "gzip");
  EXPECT_EQ(compressed(gzip, {{"cache-control", "no-transform"}}).body, "hello hello hello");
  EXPECT_EQ(compressed(gzip, {{"content-encoding", "br"}}).body, "hello hello hello");
}

TEST(BeforeSend, RunsBackwardsAndMayFail) {
  const auto hooks = [](Conn conn) {
    conn.register_before_send([](Conn& c) { c.put_resp_header("x-order", std::string(c.resp_header("x-order").value_or("")) + "1"); });
    conn.register_before_send([](Conn& c) { c.put_resp_header("x-order", "2"); });
    conn.send_resp(200, "ok");
    return conn;
  };
  EXPECT_EQ(Site({hooks}).get("/").header("x-order"), "21");
  const auto fails = [](Conn conn) {
    conn.register_before_send([](Conn&) { throw std::runtime_error("x"); });
    conn.send_resp(200, "ok");
    return conn;
  };
  EXPECT_EQ(Site({fails}).get("/").status, 500);
}

}  // namespace
}  // namespace phx::server::test
