// TlsStream: bytes in, bytes out. Both ends in memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <stdexcept>

#include "talk.hpp"

namespace phx::test {
namespace {

using core::TlsStream;
using testing::HasSubstr;

class CoreTlsStream : public testing::Test {
 protected:
  Pki pki_;
  core::TlsContext client_ = pki_.client(), server_ = pki_.server();
};

void expect_conversation(Talk& talk) {
  ASSERT_TRUE(talk.client.stream.ready()) << talk.client.stream.detail();
  ASSERT_TRUE(talk.server.stream.ready()) << talk.server.stream.detail();
  const std::string big(100'000, 'x');
  talk.client.say("GET / HTTP/1.1");
  talk.server.say("HTTP/1.1 200 OK");
  talk.server.say(big);
  talk.settle();
  EXPECT_EQ(talk.server.heard, "GET / HTTP/1.1");
  EXPECT_EQ(talk.client.heard, "HTTP/1.1 200 OK" + big);
}

TEST_F(CoreTlsStream, CarriesBytesBothWays) {
  Talk talk(client_, server_);
  expect_conversation(talk);
  EXPECT_EQ(talk.client.stream.version(), "TLSv1.3");
  EXPECT_EQ(talk.client.stream.alpn(), "http/1.1");
  EXPECT_EQ(talk.server.stream.alpn(), "http/1.1");
  EXPECT_FALSE(talk.client.stream.resumed());
}

TEST_F(CoreTlsStream, TakesItsInputInPiecesOfAnySize) {
  for (const std::size_t piece : {1u, 2u, 3u, 5u, 7u, 64u, 1460u}) {
    SCOPED_TRACE(piece);
    Talk talk(client_, server_, "localhost", piece);
    expect_conversation(talk);
  }
}

TEST_F(CoreTlsStream, TakesEachFlightSplitAtEveryPosition) {
  Talk start(client_, server_, "localhost", 0x10000);
  for (std::size_t split = 1;; ++split) {
    End client{TlsStream::client(client_, "localhost")}, server{TlsStream::server(server_)};
    ASSERT_FALSE(client.stream.start(client.out));
    bool was_split = false;
    const auto carry = [&](End& from, End& to) {
      const std::string wire = std::exchange(from.out, {});
      was_split |= split < wire.size();
      to.feed(std::string_view(wire).substr(0, split));
      if (split < wire.size()) to.feed(std::string_view(wire).substr(split));
    };
    while (!client.out.empty() || !server.out.empty()) {
      carry(client, server);
      carry(server, client);
    }
    ASSERT_TRUE(client.stream.ready() && server.stream.ready()) << split;
    if (!was_split) return;
  }
}

TEST_F(CoreTlsStream, ReadsWhatComesTogetherWithTheEndOfTheHandshake) {
  Talk talk(client_, server_);
  End client{TlsStream::client(client_, "localhost")}, server{TlsStream::server(server_)};
  ASSERT_FALSE(client.stream.start(client.out));
  server.feed(std::exchange(client.out, {}));
  client.feed(std::exchange(server.out, {}));
  ASSERT_TRUE(client.stream.ready());
  client.say("early");
  server.feed(client.out);
  EXPECT_EQ(server.heard, "early");
}

TEST_F(CoreTlsStream, SaysGoodbyeAndHearsIt) {  // RFC 8446 6.1
  Talk talk(client_, server_);
  talk.server.say("last words");
  talk.server.stream.close(talk.server.out);
  EXPECT_FALSE(talk.server.stream.ready());
  talk.settle();
  EXPECT_EQ(talk.client.heard, "last words");
  EXPECT_TRUE(talk.client.stream.peer_closed());
  EXPECT_FALSE(talk.client.stream.wire_ended());
  talk.client.say("I heard you");  // the other half is still open
  talk.settle();
  EXPECT_EQ(talk.server.heard, "I heard you");
}

TEST_F(CoreTlsStream, NoticesAStreamCutShort) {
  Talk talk(client_, server_);
  EXPECT_EQ(talk.client.stream.wire_ended(), Errc::tls_failed);
  EXPECT_THAT(talk.client.stream.detail(), HasSubstr("without a TLS goodbye"));
  auto half = TlsStream::server(server_);
  EXPECT_EQ(half.wire_ended(), Errc::tls_failed);
  EXPECT_THAT(half.detail(), HasSubstr("during the TLS handshake"));
}

TEST_F(CoreTlsStream, RefusesGarbageAndStaysRefused) {
  End server{TlsStream::server(server_)};
  server.feed("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(server.error, Errc::tls_failed);
  EXPECT_THAT(server.stream.detail(), HasSubstr("http request"));
  EXPECT_EQ(server.stream.feed({}, server.heard, server.out), Errc::tls_failed);
  EXPECT_EQ(server.stream.write("x", server.out), Errc::tls_failed);

  End client{TlsStream::client(client_, "localhost")};
  ASSERT_FALSE(client.stream.start(client.out));
  client.feed("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(client.stream.detail(), "the peer does not speak TLS (wrong version number)");
}

TEST_F(CoreTlsStream, NoticesEveryChangedByteOfARecord) {
  Talk reference(client_, server_);
  for (std::size_t at = 5; at < 40; ++at) {
    Talk talk(client_, server_);
    talk.client.say("a payload of some length");
    talk.client.out[at] = static_cast<char>(talk.client.out[at] ^ 1);
    talk.settle();
    EXPECT_EQ(talk.server.error, Errc::tls_failed) << at;
    EXPECT_EQ(talk.server.heard, "");
    EXPECT_EQ(talk.client.error, Errc::tls_failed) << "the alert says so";
  }
}

TEST_F(CoreTlsStream, WritesOnlyWhenReady) {
  auto stream = TlsStream::client(client_, "localhost");
  std::string out;
  EXPECT_THROW(static_cast<void>(stream.write("x", out)), std::logic_error);
}

/// OpenSSL itself as the client, for what our own never does.
class RawClient {
 public:
  explicit RawClient(int max_version) : ctx_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(ctx_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx_, max_version);
    SSL_CTX_set_security_level(ctx_, 0);
    ssl_ = SSL_new(ctx_);
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_, in_, out_);
    SSL_set_connect_state(ssl_);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() {
    SSL_free(ssl_);
    SSL_CTX_free(ctx_);
  }

  SSL* ssl() { return ssl_; }
  /// A few rounds of handshake with the server. The last result of SSL_do_handshake.
  int handshake(End& server) {
    int done = 0;
    for (int round = 0; round < 6; ++round) {
      done = SSL_do_handshake(ssl_);
      char* data = nullptr;
      const long size = BIO_get_mem_data(out_, &data);
      server.feed({data, static_cast<std::size_t>(size)});
      static_cast<void>(BIO_reset(out_));
      BIO_write(in_, server.out.data(), static_cast<int>(server.out.size()));
      server.out.clear();
    }
    return done;
  }

 private:
  SSL_CTX* ctx_;
  SSL* ssl_ = nullptr;
  BIO *in_ = nullptr, *out_ = nullptr;  // belong to ssl_
};

TEST_F(CoreTlsStream, RefusesToRenegotiate) {  // CVE-2009-3555, CVE-2011-1473
  RawClient client(TLS1_2_VERSION);
  End server{TlsStream::server(server_)};
  ASSERT_EQ(client.handshake(server), 1);
  ASSERT_EQ(server.stream.version(), "TLSv1.2");
  ASSERT_EQ(SSL_renegotiate(client.ssl()), 1);
  EXPECT_NE(client.handshake(server), 1);
}

TEST_F(CoreTlsStream, RefusesVersionsBefore12) {  // RFC 8996
  RawClient client(TLS1_1_VERSION);
  End server{TlsStream::server(server_)};
  EXPECT_NE(client.handshake(server), 1);
  EXPECT_EQ(server.error, Errc::tls_failed);
}

TEST_F(CoreTlsStream, RefusesAProtocolItDoesNotSpeak) {  // RFC 7301 3.2
  RawClient client(TLS1_3_VERSION);
  constexpr unsigned char h2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(client.ssl(), h2, sizeof h2);
  End server{TlsStream::server(server_)};
  EXPECT_NE(client.handshake(server), 1);
  EXPECT_THAT(server.stream.detail(), HasSubstr("no application protocol"));
}

}  // namespace
}  // namespace phx::test
