// The Asio shell of one connection, against a scripted TCP peer. Frames and handshakes themselves: unit_core_ws.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <phx/net/websocket_transport.hpp>

#include "raw_server.hpp"

namespace phx::test {
namespace {

using namespace std::chrono_literals;
using net::TransportClose;
using net::TransportError;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// Writes down what a transport tells, and answers as the test says.
struct Log final : net::TransportEvents {
  void on_open(std::string_view subprotocol) override {
    lines.push_back("open " + std::string(subprotocol));
    if (when_open) when_open();
  }
  void on_message(core::Opcode, std::string_view data) override {
    lines.push_back("message " + std::string(data));
    if (when_message) when_message();
  }
  void on_error(const TransportError& e) override {
    error = e;
    lines.push_back("error");
  }
  void on_close(const TransportClose& c) override {
    close = c;
    lines.push_back("close " + std::to_string(c.code));
  }

  std::vector<std::string> lines;
  TransportError error;
  TransportClose close;
  std::function<void()> when_open, when_message;
};

struct Session {
  explicit Session(net::WebSocketOptions options = {})
      : transport(std::make_unique<net::WebSocketTransport>(io.get_executor(), log, std::move(options))) {}
  /// To the end of the connection.
  void run(const std::string& url, Duration connect_timeout = 10s) {
    transport->open({.url = url, .connect_timeout = connect_timeout});
    EXPECT_TRUE(log.lines.empty()) << "no event from inside open()";
    io.run_for(20s);
  }

  boost::asio::io_context io;
  Log log;
  std::unique_ptr<net::WebSocketTransport> transport;
};

const std::string close_1000("\x88\x02\x03\xe8", 4);

TEST(NetWebSocketTransport, SendsMessagesAndClosesCleanly) {
  std::string head, rest;
  RawServer server([&](RawServer::Peer& peer) {
    head = peer.read_until("\r\n\r\n");
    peer.write(accept_upgrade(head) + "\x81\x02hi");  // the first frame comes with the head
    peer.read();
    peer.write(close_1000);
    rest = peer.read_all();
  });
  Session session;
  session.log.when_message = [&] { session.transport->send(core::Opcode::text, "you"); };
  session.run(server.url());
  EXPECT_THAT(session.log.lines, ElementsAre("open ", "message hi", "close 1000"));
  EXPECT_TRUE(session.log.close.clean);
  EXPECT_THAT(head, StartsWith("GET /x?y=1 HTTP/1.1\r\n"));
}

TEST(NetWebSocketTransport, UnderstandsAPeerThatSendsByteByByte) {
  RawServer server([](RawServer::Peer& peer) {
    const auto answer = accept_upgrade(peer.read_until("\r\n\r\n")) + "\x81\x02hi" + close_1000;
    for (const char c : answer) peer.write(std::string_view(&c, 1));
    peer.read_all();
  });
  Session session;
  session.run(server.url());
  EXPECT_THAT(session.log.lines, ElementsAre("open ", "message hi", "close 1000"));
}

TEST(NetWebSocketTransport, ReportsARefusalWithItsStatus) {
  RawServer server([](RawServer::Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy");
    peer.read_all();
  });
  Session session;
  session.run(server.url());
  EXPECT_THAT(session.log.lines, ElementsAre("error", "close 1006"));
  EXPECT_EQ(session.log.error.code, Errc::handshake_refused);
  EXPECT_EQ(session.log.error.http_status, 503);
  EXPECT_THAT(session.log.error.http_headers, testing::Contains(testing::Pair("retry-after", "7")));
  EXPECT_THAT(session.log.error.message(), HasSubstr("refused the WebSocket handshake: HTTP 503, busy"));
}

TEST(NetWebSocketTransport, ReportsAPeerThatHangsUpInTheHandshake) {
  RawServer server([](RawServer::Peer& peer) { peer.read_until("\r\n\r\n"); });
  Session session;
  session.run(server.url());
  EXPECT_THAT(session.log.lines, ElementsAre("error", "close 1006"));
  EXPECT_EQ(session.log.error.step, net::Step::handshake);
}

TEST(NetWebSocketTransport, GivesUpOnASilentPeer) {
  RawServer server([](RawServer::Peer& peer) { peer.read_all(); });
  Session session;
  session.run(server.url(), 50ms);
  EXPECT_EQ(session.log.error.code, Errc::connect_timeout);
  EXPECT_EQ(session.log.error.step, net::Step::handshake);
}

TEST(NetWebSocketTransport, ReportsALostConnection) {
  RawServer server([](RawServer::Peer& peer) { peer.write(accept_upgrade(peer.read_until("\r\n\r\n"))); });
  Session session;
  session.run(server.url());
  EXPECT_THAT(session.log.lines, ElementsAre("open ", "close 1006"));
  EXPECT_EQ(session.log.close.why, Errc::connection_closed);
}

TEST(NetWebSocketTransport, FailsAConnectionThatBreaksTheProtocol) {
  std::string answer;
  {
    RawServer server([&](RawServer::Peer& peer) {
      peer.write(accept_upgrade(peer.read_until("\r\n\r\n")) + "\xff\x01x");
      answer = peer.read_all();
    });
    Session session;
    session.run(server.url());
    EXPECT_THAT(session.log.lines, ElementsAre("open ", "error", "close 1002"));
    EXPECT_EQ(session.log.error.code, Errc::protocol_error);
  }
  EXPECT_THAT(answer, StartsWith("\x88\x82"));  // a masked close frame arrived before the connection was cut
}

TEST(NetWebSocketTransport, DoesNotWaitForeverForTheClosingHandshake) {
  RawServer server([](RawServer::Peer& peer) {
    peer.write(accept_upgrade(peer.read_until("\r\n\r\n")));
    peer.read_all();
  });
  Session session({.close_timeout = 30ms});
  session.log.when_open = [&] { session.transport->close(1000, "bye"); };
  session.run(server.url());
  EXPECT_THAT(session.log.lines, ElementsAre("open ", "close 1006"));
}

TEST(NetWebSocketTransport, CanBeClosedWhileConnecting) {
  RawServer server([](RawServer::Peer& peer) { peer.read_all(); });
  Session session;
  session.transport->open({.url = server.url()});
  session.transport->close({}, {});
  session.io.run_for(20s);
  EXPECT_THAT(session.log.lines, ElementsAre("close 1006"));
}

TEST(NetWebSocketTransport, CanBeDestroyedInsideItsEvents) {
  std::string rest;
  {
    RawServer server([&](RawServer::Peer& peer) {
      peer.write(accept_upgrade(peer.read_until("\r\n\r\n")) + "\x81\x02hi\x81\x02ho");
      rest = peer.read_all();
    });
    Session session;
    session.log.when_message = [&] { session.transport.reset(); };
    session.run(server.url());
    EXPECT_THAT(session.log.lines, ElementsAre("open ", "message hi"));
  }
  EXPECT_THAT(rest, StartsWith("\x88\x82"));  // going away is told
}

TEST(NetWebSocketTransport, TriesAllAddressesOfAName) {
  RawServer server([](RawServer::Peer& peer) {
    peer.write(accept_upgrade(peer.read_until("\r\n\r\n")) + close_1000);
    peer.read_all();
  });
  Session session;
  auto url = server.url();
  url.replace(url.find("127.0.0.1"), 9, "localhost");  // ::1 first where there is IPv6: nobody listens there
  session.run(url);
  EXPECT_THAT(session.log.lines, ElementsAre("open ", "close 1000"));
}

TEST(NetWebSocketTransport, SaysWhatCannotBeReached) {
  const auto error_of = [](const std::string& url) {
    Session session;
    session.run(url);
    EXPECT_THAT(session.log.lines, ElementsAre("error", "close 1006"));
    return session.log.error.message();
  };
  EXPECT_THAT(error_of("ws://127.0.0.1:1/"), StartsWith("cannot connect to 127.0.0.1:1: "));
  EXPECT_THAT(error_of("ws://no-such-host.invalid/"), StartsWith("cannot find host no-such-host.invalid: "));
  EXPECT_THAT(error_of("wss://127.0.0.1:1/"), HasSubstr("this transport has no TLS"));
  EXPECT_THAT(error_of("http://127.0.0.1:1/"), HasSubstr("is not a ws:// or wss:// URL"));
}

/// Stands in for TLS: every byte is flipped, a greeting comes first, a second '!' is the peer's goodbye, BYE is ours.
class FlipFilter final : public net::ByteFilter {
 public:
  std::error_code start(std::string& to_wire) override {
    to_wire += "HELLO";
    return {};
  }
  bool ready() const noexcept override { return ready_; }
  std::error_code from_wire(std::span<const char> wire, std::string& plain, std::string&) override {
    for (const char c : wire) {
      if (c == '!') {
        ended_ = ready_;
        ready_ = true;
      } else if (ready_) {
        plain += static_cast<char>(~c);
      }
    }
    return {};
  }
  bool ended() const noexcept override { return ended_; }
  void finish(std::string& to_wire) override {
    if (!std::exchange(finished_, true)) to_wire += "BYE";
  }
  std::error_code to_wire(std::string_view plain, std::string& to_wire) override {
    to_wire += flipped(plain);
    return {};
  }
  static std::string flipped(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(~c);
    return out;
  }

 private:
  bool ready_ = false, ended_ = false, finished_ = false;
};

TEST(NetWebSocketTransport, AnswersACloseThatComesWithTheGoodbyeOfTheFilter) {
  RawServer server([](RawServer::Peer& peer) {
    peer.read_until("HELLO");
    peer.write("!");
    const auto head = FlipFilter::flipped(peer.read_until(FlipFilter::flipped("\r\n\r\n")));
    peer.write(FlipFilter::flipped(accept_upgrade(head) + close_1000) + "!");
    const std::string answer = peer.read_until("BYE");
    EXPECT_EQ(answer.size(), 8u + 3u);  // masked close frame, goodbye
    EXPECT_EQ(FlipFilter::flipped(answer)[0], '\x88');
  });
  Session session({.secure_filter = [](const net::Url&) { return std::make_unique<FlipFilter>(); }});
  session.run(server.url("wss"));
  EXPECT_THAT(session.log.lines, ElementsAre("open ", "close 1000"));
}

TEST(NetWebSocketTransport, PutsAFilterUnderASecureUrl) {
  RawServer server([](RawServer::Peer& peer) {
    EXPECT_EQ(peer.read_until("HELLO"), "HELLO");
    peer.write("!");
    const auto head = FlipFilter::flipped(peer.read_until(FlipFilter::flipped("\r\n\r\n")));
    peer.write(FlipFilter::flipped(accept_upgrade(head) + "\x81\x02hi" + close_1000));
    peer.read_all();
  });
  Session session({.secure_filter = [](const net::Url&) { return std::make_unique<FlipFilter>(); }});
  session.run(server.url("wss"));
  EXPECT_THAT(session.log.lines, ElementsAre("open ", "message hi", "close 1000"));
}

}  // namespace
}  // namespace phx::test
