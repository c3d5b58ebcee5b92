// The way to the peer: the race of addresses and proxies, against scripted TCP peers. Their rules: happy_eyeballs_test, proxy_test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <phx/core/ws/deflate.hpp>
#include <phx/net/websocket_transport.hpp>

#include "raw_server.hpp"
#include "tcp_connector.hpp"

namespace phx::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using net::TransportClose;
using net::TransportError;
using testing::ElementsAre;
using testing::HasSubstr;

// --- the race ---

/// Takes no connection: its queue is full, and the kernel drops what else comes.
class BlackHole {
 public:
  BlackHole() : acceptor_(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    acceptor_.listen(0);
    for (int i = 0; i < 4; ++i) waiting_.emplace_back(io_).async_connect(endpoint(), [](const boost::system::error_code&) {});
    io_.poll();
  }
  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::deque<tcp::socket> waiting_;
};

struct Race {
  boost::asio::io_context io;  // outlives the socket
  tl::expected<tcp::socket, net::ConnectFailure> result = tl::unexpected(net::ConnectFailure{net::Step::close, {}, "no answer"});
  Duration took{};

  Race(const net::Endpoints& endpoints, Duration limit) {
    const auto connector = std::make_shared<net::TcpConnector>(io.get_executor());
    const auto begin = std::chrono::steady_clock::now();
    connector->start(endpoints, begin + limit, [&](auto outcome) { result = std::move(outcome); });
    io.run_for(20s);
    took = std::chrono::steady_clock::now() - begin;
  }
};

tcp::endpoint refusing() { return {boost::asio::ip::address_v4::loopback(), 1}; }

TEST(NetTcpConnector, AnAddressThatDoesNotAnswerHoldsUpNobody) {  // in real time: 250 ms
  const BlackHole hole;
  RawServer server([](RawServer::Peer& peer) { peer.read_all(); });
  const tcp::endpoint good(boost::asio::ip::address_v4::loopback(), server.port());
  Race race({hole.endpoint(), good}, 10s);
  ASSERT_TRUE(race.result);
  EXPECT_EQ(race.result->remote_endpoint(), good);
  EXPECT_GE(race.took, 250ms);
  EXPECT_LT(race.took, 5s);
}

TEST(NetTcpConnector, ARefusalStartsTheNextAtOnce) {
  RawServer server([](RawServer::Peer& peer) { peer.read_all(); });
  const tcp::endpoint good(boost::asio::ip::address_v4::loopback(), server.port());
  Race race({refusing(), refusing(), refusing(), good}, 10s);
  ASSERT_TRUE(race.result);
  EXPECT_EQ(race.result->remote_endpoint(), good);
}

TEST(NetTcpConnector, TellsTheLastErrorWhenAllFail) {
  Race race({refusing(), refusing()}, 10s);
  ASSERT_FALSE(race.result);
  EXPECT_EQ(race.result.error().step, net::Step::connect);
  EXPECT_EQ(race.result.error().code, std::errc::connection_refused);
}

TEST(NetTcpConnector, TheLimitEndsTheRace) {  // in real time: 50 ms
  const BlackHole hole;
  Race race({hole.endpoint()}, 50ms);
  ASSERT_FALSE(race.result);
  EXPECT_EQ(race.result.error().code, Errc::connect_timeout);
}

TEST(NetTcpConnector, MayBeCancelledInTheMiddle) {
  const BlackHole hole;
  boost::asio::io_context io;
  const auto connector = std::make_shared<net::TcpConnector>(io.get_executor());
  bool called = false;
  connector->start({hole.endpoint()}, std::chrono::steady_clock::now() + 10s, [&](auto) { called = true; });
  io.poll();
  connector->cancel();
  io.run_for(5s);
  EXPECT_FALSE(called);
  EXPECT_TRUE(io.stopped()) << "nothing is left under way";
}

// --- proxies ---

struct Log final : net::TransportEvents {
  void on_open(std::string_view) override {
    lines.emplace_back("open");
    if (when_open) when_open();
  }
  void on_message(core::Opcode, std::string_view data) override { lines.push_back("message " + std::string(data)); }
  void on_error(const TransportError& e) override {
    message = e.message();
    error = e;
  }
  void on_close(const TransportClose& c) override { lines.push_back("close " + std::to_string(c.code)); }

  std::vector<std::string> lines;
  std::string message;
  TransportError error;
  std::function<void()> when_open;
};

net::ProxyOptions proxy_at(const RawServer& server, const std::string& scheme, const std::string& credentials = "") {
  std::string why;
  const auto at = credentials.empty() ? "" : credentials + "@";
  return net::parse_proxy(scheme + "://" + at + "127.0.0.1:" + std::to_string(server.port()), why).value();
}

void run(Log& log, const std::string& url, net::WebSocketOptions options, Duration limit = 10s) {
  boost::asio::io_context io;
  net::WebSocketTransport transport(io.get_executor(), log, std::move(options));
  transport.open({.url = url, .connect_timeout = limit});
  io.run_for(20s);
}

/// What goes wrong with this answer of an HTTP proxy.
std::string failure_of(const std::string& answer) {
  RawServer proxy([&](RawServer::Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write(answer);
  });
  Log log;
  run(log, "ws://target.invalid:4000/socket", {.proxy = proxy_at(proxy, "http")});
  EXPECT_THAT(log.lines, ElementsAre("close 1006"));
  EXPECT_EQ(log.error.step, net::Step::proxy);
  EXPECT_EQ(log.error.http_status, 0) << "that is the server's";
  const auto prefix = "cannot connect to target.invalid:4000: proxy 127.0.0.1:" + std::to_string(proxy.port());
  EXPECT_EQ(log.message.substr(0, prefix.size()), prefix);
  return log.message.substr(std::min(prefix.size(), log.message.size()));
}

const std::string close_1000("\x88\x02\x03\xe8", 4);

TEST(NetProxyTunnel, AWebSocketGoesThroughAnHttpProxyThatLooksUpTheName) {
  std::string asked;
  RawServer proxy([&](RawServer::Peer& peer) {
    asked = peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
    const auto head = peer.read_until("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("Host: target.invalid:4000\r\n"));
    EXPECT_THAT(head, testing::Not(HasSubstr("Proxy-Authorization")));
    peer.write(accept_upgrade(head) + std::string("\x81\x02hi", 4) + close_1000);
    peer.read_all();
  });
  Log log;
  run(log, "ws://target.invalid:4000/socket", {.proxy = proxy_at(proxy, "http", "ada:sesame")});
  EXPECT_THAT(log.lines, ElementsAre("open", "message hi", "close 1000")) << log.message;
  EXPECT_EQ(asked,
            "CONNECT target.invalid:4000 HTTP/1.1\r\nHost: target.invalid:4000\r\nProxy-Authorization: Basic YWRhOnNlc2FtZQ==\r\n\r\n");
}

TEST(NetProxyTunnel, AWebSocketGoesThroughASocksProxy) {
  RawServer proxy([&](RawServer::Peer& peer) {
    EXPECT_EQ(peer.read(), std::string("\5\2\0\2", 4));
    peer.write(std::string("\5\2", 2));
    EXPECT_EQ(peer.read_until("sesame"), "\1\3ada\6sesame");
    peer.write(std::string("\1\0", 2));
    EXPECT_EQ(peer.read_until("\x0f\xa0"), std::string("\5\1\0\3\16target.invalid\x0f\xa0", 21));
    for (const char c : std::string("\5\0\0\1\0\0\0\0\0\0", 10)) peer.write(std::string(1, c));
    peer.write(accept_upgrade(peer.read_until("\r\n\r\n")) + close_1000);
    peer.read_all();
  });
  Log log;
  run(log, "ws://target.invalid:4000/socket", {.proxy = proxy_at(proxy, "socks5", "ada:sesame")});
  EXPECT_THAT(log.lines, ElementsAre("open", "close 1000")) << log.message;
}

TEST(NetProxyTunnel, SaysWhatTheProxyDid) {
  EXPECT_EQ(failure_of("HTTP/1.1 407 Auth\r\n\r\n"), ": HTTP 407, it wants a user and a password");
  EXPECT_EQ(failure_of("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nbody"), ": HTTP 502 Bad Gateway");
  EXPECT_EQ(failure_of("\5\1"), ": its answer is no HTTP");
  EXPECT_EQ(failure_of("HTTP/1.1 200"), ": it closed the connection");
}

TEST(NetProxyTunnel, SaysThatTheProxyCannotBeReached) {
  Log refused, unknown;
  run(refused, "ws://target.invalid/x", {.proxy = net::ProxyOptions{.host = "127.0.0.1", .port = 1}});
  EXPECT_EQ(refused.message, "cannot connect to target.invalid:80: cannot connect to proxy 127.0.0.1:1: Connection refused");
  EXPECT_EQ(refused.error.code, std::errc::connection_refused);
  run(unknown, "ws://target.invalid/x", {.proxy = net::ProxyOptions{.host = "proxy.invalid", .port = 1}});
  EXPECT_THAT(unknown.message, testing::StartsWith("cannot connect to target.invalid:80: cannot find proxy host proxy.invalid: "));
}

TEST(NetProxyTunnel, ASilentProxyIsGivenUp) {  // in real time: 50 ms
  RawServer proxy([](RawServer::Peer& peer) { peer.read_all(); });
  Log log;
  run(log, "ws://target.invalid/x", {.proxy = proxy_at(proxy, "socks5")}, 50ms);
  EXPECT_THAT(log.message, HasSubstr("proxy 127.0.0.1:"));
  EXPECT_THAT(log.message, HasSubstr("did not connect within the time limit"));
  EXPECT_EQ(log.error.code, Errc::connect_timeout);
}

// --- compression ---

/// Answers the upgrade with this extension, then sends `frames`; keeps what was asked.
void run_compressed(Log& log, const core::ws::DeflateOffer& offer, const std::string& granted, const std::string& frames,
                    std::string& head) {
  RawServer server([&](RawServer::Peer& peer) {
    head = peer.read_until("\r\n\r\n");
    std::string answer = accept_upgrade(head);
    answer.insert(answer.size() - 2, "Sec-WebSocket-Extensions: " + granted + "\r\n");
    peer.write(answer + frames);
    peer.read_all();
  });
  run(log, server.url(), {.limits = {.max_frame = 1 << 20, .max_message = 1000}, .deflate = offer});
}

std::string compressed_frame(std::string_view text) {
  std::string payload;
  core::ws::MessageDeflater().deflate(text, payload);
  EXPECT_LT(payload.size(), 126u);
  return std::string("\xc1", 1) + static_cast<char>(payload.size()) + payload;
}

TEST(NetDeflate, IsOfferedAsAskedAndUsed) {  // RFC 7692 7.1
  Log log;
  std::string head;
  run_compressed(log, {.server_no_context_takeover = true, .client_no_context_takeover = true, .server_max_window_bits = 10},
                 "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10",
                 compressed_frame("hello") + close_1000, head);
  EXPECT_THAT(head, HasSubstr("\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                              "server_max_window_bits=10; client_max_window_bits\r\n"));
  EXPECT_THAT(log.lines, ElementsAre("open", "message hello", "close 1000")) << log.message;
}

TEST(NetDeflate, WhatIsSentIsCompressed) {
  std::string frame;
  RawServer server([&](RawServer::Peer& peer) {
    std::string answer = accept_upgrade(peer.read_until("\r\n\r\n"));
    answer.insert(answer.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    peer.write(answer);
    frame = peer.read();
    peer.write(close_1000);
    peer.read_all();
  });
  boost::asio::io_context io;
  Log log;
  net::WebSocketTransport transport(io.get_executor(), log, {.deflate = core::ws::DeflateOffer{}});
  log.when_open = [&] { transport.send(core::Opcode::text, std::string(1000, 'x')); };
  transport.open({.url = server.url()});
  io.run_for(20s);
  ASSERT_GE(frame.size(), 6u);
  EXPECT_EQ(frame[0], '\xc1') << "RSV1: compressed";
  EXPECT_LT(frame.size(), 100u);
  std::string payload = frame.substr(6), text;
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ frame[2 + i % 4]);
  ASSERT_TRUE(core::ws::MessageInflater().inflate(payload, 2000, text));
  EXPECT_EQ(text, std::string(1000, 'x'));
}

TEST(NetDeflate, AnAnswerThatWasNotOfferedFails) {
  Log log;
  std::string head;
  run_compressed(log, {.server_max_window_bits = 10}, "permessage-deflate; server_max_window_bits=15", "", head);
  EXPECT_THAT(log.lines, ElementsAre("close 1006"));
  EXPECT_EQ(log.error.code, Errc::handshake_invalid);
}

TEST(NetDeflate, InflationStopsAtTheMessageLimit) {
  Log log;
  std::string head;
  run_compressed(log, {}, "permessage-deflate", compressed_frame(std::string(1000, 'x')) + compressed_frame(std::string(1001, 'x')), head);
  EXPECT_EQ(log.lines.size(), 3u);
  EXPECT_EQ(log.error.code, Errc::message_too_large);
}

}  // namespace
}  // namespace phx::test
