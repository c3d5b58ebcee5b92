// TLS of an endpoint: the time limit of handshakes (design.md 7), certificates that are renewed while it runs.
#include <chrono>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <phx/core/tls.hpp>
#include <phx/server/endpoint.hpp>

#include "client.hpp"
#include "support/certificates.hpp"

namespace phx::server {
namespace {

using namespace std::chrono_literals;
using test::Client;

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A client that trusts one authority only.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, const std::string& authority)
      : tcp_(port), stream_(core::TlsStream::client(core::TlsContext::client({.ca_pem = authority}).value(), "localhost")) {
    std::string wire;
    error_ = stream_.start(wire);
    tcp_.send(wire);
    while (!error_ && !stream_.ready() && more()) {}
  }
  bool ready() const { return !error_ && stream_.ready(); }
  /// The status line of an answer.
  std::string ask() {
    std::string wire;
    error_ = stream_.write(request, wire);
    tcp_.send(wire);
    plain_.clear();
    while (!error_ && plain_.find("\r\n\r\n") == std::string::npos && more()) {}
    return plain_.substr(0, plain_.find("\r\n"));
  }

 private:
  bool more() {
    const std::string wire = tcp_.read(1);
    std::string answer;
    if (wire.empty()) return false;
    error_ = stream_.feed(wire, plain_, answer);
    tcp_.send(answer);
    return !error_;
  }
  Client tcp_;
  core::TlsStream stream_;
  std::string plain_;
  std::error_code error_;
};

struct TlsEndpointTest : testing::Test {
  phx::test::PemFiles files;
  phx::test::Authority first, second;
  std::unique_ptr<Endpoint> endpoint;

  core::TlsServerOptions issued_by(const phx::test::Authority& authority) {
    const auto identity = authority.issue();
    return {.cert_file = files.add(identity.cert), .key_file = files.add(identity.key)};
  }
  void start(Duration handshake = 15s) {
    EndpointOptions options;
    options.workers = 1;
    options.tls = issued_by(first);
    options.tls_handshake_timeout = handshake;
    endpoint = std::make_unique<Endpoint>(std::move(options));
    ASSERT_TRUE(endpoint->start());
  }
};

TEST_F(TlsEndpointTest, AHandshakeHasATimeLimitOfItsOwn) {
  start(100ms);
  Client silent(endpoint->port()), stuck(endpoint->port());
  stuck.send(std::string("\x16\x03\x01\x02\x00\x01", 6));  // the beginning of a ClientHello
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(stuck.read_all(), "");
  TlsClient quick(endpoint->port(), first.identity().cert);
  EXPECT_EQ(quick.ask(), "HTTP/1.1 404 Not Found");
}

TEST_F(TlsEndpointTest, NewConnectionsGetTheNewCertificateAndOldOnesLiveOn) {
  start();
  TlsClient old(endpoint->port(), first.identity().cert);
  ASSERT_TRUE(old.ready());
  ASSERT_TRUE(endpoint->reload_tls(issued_by(second)));
  EXPECT_EQ(old.ask(), "HTTP/1.1 404 Not Found");  // and by now the only worker has the new one
  TlsClient renewed(endpoint->port(), second.identity().cert);
  EXPECT_EQ(renewed.ask(), "HTTP/1.1 404 Not Found");
  EXPECT_FALSE(TlsClient(endpoint->port(), first.identity().cert).ready());
  EXPECT_EQ(old.ask(), "HTTP/1.1 404 Not Found");
}

TEST_F(TlsEndpointTest, ABadFileKeepsTheOldCertificateAndSaysWhy) {
  start();
  auto bad = issued_by(second);
  bad.key_file = files.add("no key");
  const auto reloaded = endpoint->reload_tls(bad);
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().detail.find(bad.key_file), std::string::npos) << reloaded.error().detail;
  EXPECT_EQ(TlsClient(endpoint->port(), first.identity().cert).ask(), "HTTP/1.1 404 Not Found");
}

TEST(Endpoint, WithoutTlsHasNoneToReload) {
  Endpoint endpoint{EndpointOptions{}};
  EXPECT_THROW((void)endpoint.reload_tls({}), std::logic_error);
}

}  // namespace
}  // namespace phx::server
