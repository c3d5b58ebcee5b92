// The SDK over long-poll, and falling back to it, against our own server in one process over loopback.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "support/certificates.hpp"
#include "support/fixture_endpoint.hpp"

#include "support.hpp"

namespace phx::test {
namespace {

using client::TransportMode;
using core::TransportKind;
using testing::ElementsAre;
using testing::HasSubstr;

class ClientLongPoll : public testing::Test {
 protected:
  void start(std::uint16_t port = 0, const core::TlsServerOptions& tls = {}) {
    app_ = std::make_unique<fixture::FixtureApp>();
    auto options = fixture::endpoint_options(*app_, [] {});
    options.port = port;
    options.workers = 2;
    options.tls = tls;
    endpoint_ = std::make_unique<server::Endpoint>(options);
    ASSERT_TRUE(endpoint_->start());
    port_ = endpoint_->port();
  }
  void stop() {
    endpoint_.reset();
    app_.reset();
  }
  std::string url(const std::string& scheme = "ws") const { return scheme + "://127.0.0.1:" + std::to_string(port_) + "/socket"; }
  static SocketOptions over(TransportMode mode) {
    SocketOptions options = eager();
    options.transport = mode;
    return options;
  }

  std::unique_ptr<fixture::FixtureApp> app_;
  std::unique_ptr<server::Endpoint> endpoint_;
  std::uint16_t port_ = 0;
};

TEST_F(ClientLongPoll, TwoClientsTalkInOrder) {
  start();
  const auto runtime = Runtime::create();
  auto options = over(TransportMode::longpoll);
  options.runtime = runtime;
  client::Socket ada(url(), options), bob(url(), options);
  ada.connect();
  bob.connect();
  auto ada_room = ada.channel("room:lobby"), bob_room = bob.channel("room:lobby");
  EXPECT_TRUE(get(ada_room.join().future())->ok());
  EXPECT_TRUE(get(bob_room.join().future())->ok());
  Seen<std::string> heard;
  const auto messages = bob_room.on("new_msg", [&](const client::Message& m) { heard.add(m.json()->at("n").dump()); });
  for (int n = 0; n < 250; ++n) ada_room.push("new_msg", obj("n", n));
  const auto all = heard.wait_for(250);
  for (int n = 0; n < 250; ++n) EXPECT_EQ(all[static_cast<std::size_t>(n)], std::to_string(n));
  EXPECT_EQ(ada.transport(), TransportKind::longpoll);
  get(ada.disconnect());
}

TEST_F(ClientLongPoll, RepliesBinaryAndLargeMessages) {
  start();
  for (const auto vsn : {client::Vsn::v2, client::Vsn::v1}) {
    auto options = over(TransportMode::longpoll);
    options.vsn = vsn;
    client::Socket socket(url(), options);
    socket.connect();
    auto room = socket.channel("room:lobby");
    EXPECT_TRUE(get(room.join().future())->ok());
    EXPECT_EQ(get(room.push("ping", obj("n", 1)).future())->response, client::Payload(obj("n", 1)));
    EXPECT_EQ(get(room.push("custom_status").future())->status, "accepted");
    const client::Payload large(obj("text", std::string(1'000'000, '"')));
    EXPECT_EQ(get(room.push("ping", large).future())->response, large);
    if (vsn == client::Vsn::v1) continue;
    EXPECT_EQ(get(room.push("bin", client::Bytes{"\x01\x02"}).future())->response, client::Payload(client::Bytes{"\x01\x02"}));
    EXPECT_EQ(get(room.push("ping", client::RawJson{"{\n \"a\": [1,\r\n2]}"}).future())->json()->at("a").at(1), 2);
  }
}

TEST_F(ClientLongPoll, PresenceComesAndGoes) {
  start();
  auto options = over(TransportMode::longpoll);
  options.params = obj("user_id", "ada");
  client::Socket ada(url(), options);
  ada.connect();
  auto ada_room = ada.channel("chat:lobby");
  client::Presence presence(ada_room);
  Seen<std::string> seen;
  const auto joins = presence.on_join([&](const client::PresenceJoined& e) {
    if (!e.current) seen.add("+" + e.presence.key);
  });
  const auto leaves = presence.on_leave([&](const client::PresenceLeft& e) {
    if (e.current.metas.empty()) seen.add("-" + e.presence.key);
  });
  ada_room.join();
  seen.wait_for(1);
  options.params = obj("user_id", "bob");
  client::Socket bob(url(), options);
  bob.connect();
  auto bob_room = bob.channel("chat:lobby");
  EXPECT_TRUE(get(bob_room.join().future())->ok());
  seen.wait_for(2);
  bob_room.leave();
  EXPECT_THAT(seen.wait_for(3), ElementsAre("+ada", "+bob", "-bob"));
}

TEST_F(ClientLongPoll, SurvivesARestartOfTheServer) {
  start();
  client::Socket socket(url(), over(TransportMode::longpoll));
  auto room = socket.channel("room:lobby");
  Seen<std::string> joined;
  room.join().receive("ok", [&](const client::Reply& r) { joined.add(r.status); });
  socket.connect();
  joined.wait_for(1);
  stop();
  const auto waiting = room.push("ping", obj("n", 1));
  start(port_);
  joined.wait_for(2);
  EXPECT_TRUE(get(waiting.future())->ok());
}

TEST_F(ClientLongPoll, DisconnectDeliversWhatWasSent) {
  start();
  client::Socket bob(url(), eager());
  bob.connect();
  auto bob_room = bob.channel("room:lobby");
  EXPECT_TRUE(get(bob_room.join().future())->ok());
  Seen<std::string> heard;
  const auto messages = bob_room.on("new_msg", [&](const client::Message& m) { heard.add(m.json()->at("n").dump()); });
  client::Socket ada(url(), over(TransportMode::longpoll));
  ada.connect();
  auto ada_room = ada.channel("room:lobby");
  EXPECT_TRUE(get(ada_room.join().future())->ok());
  ada_room.push("new_msg", obj("n", 7));
  get(ada.disconnect());
  EXPECT_THAT(heard.wait_for(1), ElementsAre("7"));
}

TEST_F(ClientLongPoll, TellsWhyItCannotConnect) {
  start();
  stop();  // its port refuses now
  client::Socket socket(url(), over(TransportMode::longpoll));
  Seen<client::ConnectionError> errors;
  const auto on_error = socket.on_error([&](const client::ConnectionError& e) { errors.add(e); });
  socket.connect();
  EXPECT_EQ(errors.wait_for(1).front().message, "cannot connect to 127.0.0.1:" + std::to_string(port_) + ": Connection refused");
}

TEST_F(ClientLongPoll, ARefusalIsFinalAfterFreshCredentials) {  // X-23, D-12
  StubServer server(
      [](const std::string&) { return "HTTP/1.1 200 OK\r\ncontent-length: 14\r\nconnection: close\r\n\r\n{\"status\":403}"; });
  auto options = over(TransportMode::longpoll);
  client::Socket socket(server.url(), options);
  Seen<client::ConnectionError> finals;
  const auto on_error = socket.on_error([&](const client::ConnectionError& e) {
    if (e.final) finals.add(e);
  });
  socket.connect();
  EXPECT_EQ(finals.wait_for(1).front().code, make_error_code(Errc::unauthorized));
  EXPECT_EQ(server.connections(), 2);
  EXPECT_THAT(server.last_head(), testing::Not(HasSubstr("AuthToken")));  // LP-14
}

TEST_F(ClientLongPoll, CookiesAndTokensTravel) {  // U5, D-21, LP-15
  Seen<std::string> heads;
  StubServer server([&](const std::string& head) {
    heads.add(head);
    const std::string body = R"({"status":410,"token":"T","messages":[]})";
    return "HTTP/1.1 200 OK\r\nset-cookie: node=b; path=/\r\ncontent-length: " + std::to_string(body.size()) +
           "\r\nconnection: close\r\n\r\n" + body;
  });
  auto options = over(TransportMode::longpoll);
  options.auth_token = std::optional<std::string>("secret");
  options.headers = client::HeaderList{{"Cookie", "mine=1"}, {"X-Own", "2"}};
  options.longpoll_token_in_header = true;
  client::Socket socket(server.url(), options);
  socket.connect();
  const auto seen = heads.wait_for(2);
  EXPECT_THAT(seen[0], HasSubstr("GET /socket/longpoll?vsn=2.0.0 HTTP/1.1\r\n"));
  EXPECT_THAT(seen[0], HasSubstr("X-Phoenix-AuthToken: secret\r\n"));
  EXPECT_THAT(seen[0], HasSubstr("Cookie: mine=1\r\n"));
  EXPECT_THAT(seen[0], HasSubstr("X-Own: 2\r\n"));
  EXPECT_THAT(seen[1], HasSubstr("X-Phoenix-Longpoll-Token: T\r\n"));
  EXPECT_THAT(seen[1], HasSubstr("node=b"));
  EXPECT_THAT(seen[1], HasSubstr("mine=1"));
}

TEST_F(ClientLongPoll, OverTls) {
  Authority authority;
  PemFiles files;
  const auto identity = authority.issue(), wrong = authority.issue({.alt_names = "DNS:other.example"});
  start(0, {.cert_file = files.add(wrong.cert), .key_file = files.add(wrong.key), .client_ca_file = {}});
  const auto first_error = [&](const SocketOptions& options) {
    client::Socket socket(url("wss"), options);
    Seen<std::string> errors;
    const auto on_error = socket.on_error([&](const client::ConnectionError& e) { errors.add(e.message); });
    socket.connect();
    return errors.wait_for(1).front();
  };
  const auto prefix = "cannot secure the connection to 127.0.0.1:" + std::to_string(port_) + ": certificate of host 127.0.0.1: ";
  auto trusting = over(TransportMode::longpoll);
  trusting.tls.ca_pem = authority.identity().cert;
  EXPECT_EQ(first_error(trusting), prefix + "hostname mismatch");
  EXPECT_EQ(first_error(over(TransportMode::longpoll)), prefix + "unable to get local issuer certificate");
  auto pinned = trusting;
  pinned.tls.pins = {"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
  EXPECT_EQ(first_error(pinned), prefix + "its public key is not among the pinned ones");

  auto named = trusting, careless = over(TransportMode::longpoll);
  named.tls.server_name = "other.example";
  careless.tls.verify = false;
  for (const auto& options : {named, careless}) {
    client::Socket socket(url("wss"), options);
    socket.connect();
    auto room = socket.channel("room:lobby");
    EXPECT_TRUE(get(room.join().future())->ok());
  }
}

TEST_F(ClientLongPoll, OverTlsWithAClientCertificate) {
  Authority authority;
  PemFiles files;
  const auto identity = authority.issue(), mine = authority.issue();
  start(
      0,
      {.cert_file = files.add(identity.cert), .key_file = files.add(identity.key), .client_ca_file = files.add(authority.identity().cert)});
  auto options = over(TransportMode::longpoll);
  options.tls.ca_pem = authority.identity().cert;
  options.tls.client_cert_file = files.add(mine.cert);
  options.tls.client_key_file = files.add(mine.key);
  client::Socket socket(url("wss"), options);
  socket.connect();
  auto room = socket.channel("room:lobby");
  EXPECT_TRUE(get(room.join().future())->ok());
}

/// Hands long-poll requests on to the real server; what it does with WebSockets is the test's.
class Fallback : public ClientLongPoll {
 protected:
  void expect_fallback(const std::string& to, SocketOptions options) {
    client::Socket socket(to, options);
    socket.connect();
    auto room = socket.channel("room:lobby");
    const auto joined = get(room.join().future());
    ASSERT_TRUE(joined);
    EXPECT_TRUE(joined->ok());
    EXPECT_EQ(socket.transport(), TransportKind::longpoll);
  }
};

TEST_F(Fallback, StaysWithAWebSocketThatWorks) {
  start();
  client::Socket socket(url(), over(TransportMode::automatic));
  socket.connect();
  auto room = socket.channel("room:lobby");
  EXPECT_TRUE(get(room.join().future())->ok());
  EXPECT_EQ(socket.transport(), TransportKind::websocket);
}

/// A middle box before the server: refuses WebSocket requests, lets them hang, or lets them open and then nothing through.
std::string longpoll_answer(const std::string& head, Seen<std::string>& requests) {
  requests.add(head.substr(0, head.find("\r\n")));
  const std::string body = R"({"status":410,"token":"T","messages":[]})";
  return "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\nconnection: close\r\n\r\n" + body;
}

TEST_F(Fallback, WhenTheWebSocketIsRefused) {
  Seen<std::string> polls;
  StubServer box([&](const std::string& head) {
    return head.find("Upgrade: websocket") == head.npos ? longpoll_answer(head, polls)
                                                        : "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
  });
  client::Socket socket(box.url(), over(TransportMode::automatic));
  Seen<bool> opened, falling;
  const auto on_open = socket.on_open([&] { opened.add(true); });
  const auto on_error = socket.on_error([&](const client::ConnectionError& e) { falling.add(e.falling_back); });
  socket.connect();
  opened.wait_for(1);
  EXPECT_TRUE(falling.wait_for(1).front());
  EXPECT_EQ(socket.transport(), TransportKind::longpoll);
}

TEST_F(Fallback, WhenTheWebSocketOpensAndNothingComesThrough) {  // B3
  Seen<std::string> polls;
  StubServer box(
      [&](const std::string& head) { return head.find("Upgrade: websocket") == head.npos ? longpoll_answer(head, polls) : std::string(); },
      [](StubServer::Connection&, const core::EnvelopeView&) { return true; });
  auto options = over(TransportMode::automatic);
  options.longpoll_fallback = std::chrono::milliseconds(50);
  client::Socket socket(box.url(), options);
  Seen<bool> opened;
  const auto on_open = socket.on_open([&] { opened.add(true); });
  socket.connect();
  opened.wait_for(2);
  EXPECT_EQ(socket.transport(), TransportKind::longpoll);
}

TEST_F(Fallback, WhenTheServerRestartsItComesBackToTheWebSocket) {  // D-17: the primary was healthy once
  start();
  client::Socket socket(url(), over(TransportMode::automatic));
  auto room = socket.channel("room:lobby");
  Seen<std::string> joined;
  room.join().receive("ok", [&](const client::Reply& r) { joined.add(r.status); });
  socket.connect();
  joined.wait_for(1);
  stop();
  start(port_);
  joined.wait_for(2);
}

TEST_F(Fallback, OneThatDestroysTheSocketWhileAPollWaits) {
  start();
  for (int i = 0; i < 20; ++i) {
    client::Socket socket(url(), over(TransportMode::longpoll));
    Seen<bool> opened;
    const auto on_open = socket.on_open([&] { opened.add(true); });
    socket.connect();
    if (i % 2 == 0) opened.wait_for(1);
  }
}

}  // namespace
}  // namespace phx::test
