// The SDK over wss:// against our own server, in one process over loopback.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "support/certificates.hpp"
#include "support/fixture_endpoint.hpp"

#include "support.hpp"

namespace phx::test {
namespace {

using testing::HasSubstr;

class ClientAndServerTls : public testing::Test {
 protected:
  void start(const Identity& identity, bool client_certificates = false) {
    endpoint_.reset();  // before what it serves
    auto options = fixture::endpoint_options(app_.emplace(), [] {});
    options.tls = {.cert_file = files_.add(identity.cert),
                   .key_file = files_.add(identity.key),
                   .client_ca_file = client_certificates ? files_.add(authority_.identity().cert) : std::string()};
    options.host = host_;
    endpoint_ = std::make_unique<server::Endpoint>(options);
    ASSERT_TRUE(endpoint_->start());
  }
  std::string url(const std::string& scheme = "wss", const std::string& host = "127.0.0.1") const {
    return scheme + "://" + host + ":" + std::to_string(endpoint_->port()) + "/socket";
  }
  client::SocketOptions trusting() const {
    auto options = eager();
    options.tls.ca_pem = authority_.identity().cert;
    return options;
  }
  static std::string first_error(const std::string& url, const client::SocketOptions& options) {
    client::Socket socket(url, options);
    Seen<client::ConnectionError> errors;
    const auto on_error = socket.on_error([&](const client::ConnectionError& e) { errors.add(e); });
    socket.connect();
    return errors.wait_for(1).front().message;
  }
  /// A join, a small and a large echo.
  static void expect_conversation(client::Socket& socket) {
    socket.connect();
    auto room = socket.channel("room:lobby");
    EXPECT_TRUE(get(room.join().future())->ok());
    const client::Payload large(obj("text", std::string(3'000'000, 'x')));
    EXPECT_EQ(get(room.push("ping", obj("n", 1)).future())->response, client::Payload(obj("n", 1)));
    EXPECT_EQ(get(room.push("ping", large).future())->response, large);
  }

  std::string host_ = "127.0.0.1";
  Authority authority_;
  PemFiles files_;
  std::optional<fixture::FixtureApp> app_;
  std::unique_ptr<server::Endpoint> endpoint_;
};

TEST_F(ClientAndServerTls, TalksOverWss) {
  start(authority_.issue());
  client::Socket by_address(url(), trusting()), by_name(url("wss", "localhost"), trusting());
  expect_conversation(by_address);
  expect_conversation(by_name);
  get(by_name.disconnect());
}

TEST_F(ClientAndServerTls, SaysWhyACertificateIsRefused) {
  start(authority_.issue({.alt_names = "DNS:other.example"}));
  const auto prefix = "cannot secure the connection to 127.0.0.1:" + std::to_string(endpoint_->port()) + ": ";
  EXPECT_EQ(first_error(url(), trusting()), prefix + "certificate of host 127.0.0.1: IP address mismatch");
  EXPECT_EQ(first_error(url(), eager()), prefix + "certificate of host 127.0.0.1: unable to get local issuer certificate");
  EXPECT_EQ(first_error(url("ws"), trusting()).find(prefix), std::string::npos);

  auto named = trusting();
  named.tls.server_name = "other.example";
  client::Socket socket(url(), named);
  expect_conversation(socket);
}

TEST_F(ClientAndServerTls, SaysThatACertificateHasExpiredOrIsNotYetValid) {
  start(authority_.issue({.from_days = -2, .until_days = -1}));
  EXPECT_THAT(first_error(url(), trusting()), HasSubstr("certificate of host 127.0.0.1: certificate has expired"));
  start(authority_.issue({.from_days = 1, .until_days = 2}));
  EXPECT_THAT(first_error(url(), trusting()), HasSubstr("certificate of host 127.0.0.1: certificate is not yet valid"));
}

TEST_F(ClientAndServerTls, SaysThatNobodyVouchesForACertificate) {
  start(self_signed());
  EXPECT_THAT(first_error(url(), trusting()), HasSubstr("certificate of host 127.0.0.1: self-signed certificate"));
  start(Authority().issue());
  EXPECT_THAT(first_error(url(), trusting()), HasSubstr("certificate of host 127.0.0.1: unable to get local issuer certificate"));
}

TEST_F(ClientAndServerTls, APinOrItsBackupMustMatch) {  // RFC 7469 2.4
  const auto current = authority_.issue(), backup = authority_.issue();
  auto options = trusting();
  options.tls.pins = {current.pin, backup.pin};
  start(current);
  client::Socket before(url(), options);
  expect_conversation(before);
  start(backup);  // the key was replaced
  client::Socket after(url(), options);
  expect_conversation(after);
  start(authority_.issue());
  EXPECT_THAT(first_error(url(), options), HasSubstr("pin"));
}

TEST_F(ClientAndServerTls, ReachesAnIPv6AddressByItsLiteral) {
  host_ = "::1";
  start(authority_.issue());
  client::Socket socket(url("wss", "[::1]"), trusting());
  expect_conversation(socket);
}

TEST_F(ClientAndServerTls, ShowsAClientCertificate) {
  start(authority_.issue(), true);
  EXPECT_THAT(first_error(url(), trusting()), HasSubstr("cannot secure the connection"));
  const auto mine = authority_.issue();
  auto options = trusting();
  options.tls.client_cert_file = files_.add(mine.cert);
  options.tls.client_key_file = files_.add(mine.key);
  client::Socket socket(url(), options);
  expect_conversation(socket);
}

TEST_F(ClientAndServerTls, AnEndpointWithoutUsableFilesIsNotMade) {
  auto options = fixture::endpoint_options(app_.emplace(), [] {});
  options.tls = {.cert_file = "/no/file", .key_file = "/no/file"};
  try {
    server::Endpoint endpoint(options);
    FAIL() << "made";
  } catch (const std::invalid_argument& e) { EXPECT_STREQ(e.what(), "TLS: certificate '/no/file': No such file or directory"); }
}

}  // namespace
}  // namespace phx::test
