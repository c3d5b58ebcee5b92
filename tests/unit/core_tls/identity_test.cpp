// Who the peer is: names, authorities, pins, client certificates.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "talk.hpp"

namespace phx::test {
namespace {

using core::TlsClientOptions;
using core::TlsContext;
using testing::AllOf;
using testing::HasSubstr;

class CoreTlsIdentity : public testing::Test {
 protected:
  /// What the client says about this server; empty: it is content.
  std::string verdict(const TlsClientOptions& options, const Identity& identity, std::string_view host = "localhost") {
    const auto client = TlsContext::client(options).value(), server = pki_.server(identity);
    Talk talk(client, server, host);
    if (!talk.client.error) {
      EXPECT_TRUE(talk.client.stream.ready() && talk.server.stream.ready());
      return {};
    }
    EXPECT_EQ(talk.client.error, Errc::tls_failed);
    EXPECT_EQ(talk.server.error, Errc::tls_failed) << "the alert says so";
    EXPECT_EQ(talk.client.stream.detail().find('\n'), std::string::npos);
    return talk.client.stream.detail();
  }
  std::string verdict(const Identity& identity, std::string_view host = "localhost") { return verdict(pki_.trusting(), identity, host); }
  static std::string problem(const TlsClientOptions& options) {
    const auto context = TlsContext::client(options);
    return context ? "" : context.error().detail;
  }

  Pki pki_;
};

TEST_F(CoreTlsIdentity, ChecksTheName) {  // RFC 6125
  const auto identity = pki_.authority.issue({.alt_names = "DNS:a.example,DNS:*.b.example"});
  EXPECT_EQ(verdict(identity, "a.example"), "");
  EXPECT_EQ(verdict(identity, "A.example."), "");
  EXPECT_EQ(verdict(identity, "x.b.example"), "");
  EXPECT_EQ(verdict(identity, "b.example"), "certificate of host b.example: hostname mismatch");
  EXPECT_EQ(verdict(identity, "x.y.b.example"), "certificate of host x.y.b.example: hostname mismatch");
  EXPECT_EQ(verdict(identity, "127.0.0.1"), "certificate of host 127.0.0.1: IP address mismatch");
}

TEST_F(CoreTlsIdentity, ChecksAddresses) {
  const auto identity = pki_.authority.issue({.alt_names = "IP:127.0.0.1,IP:::1"});
  EXPECT_EQ(verdict(identity, "127.0.0.1"), "");
  EXPECT_EQ(verdict(identity, "::1"), "");
  EXPECT_EQ(verdict(identity, "127.0.0.2"), "certificate of host 127.0.0.2: IP address mismatch");
}

TEST_F(CoreTlsIdentity, NeedsAName) {
  for (const std::string_view host : {std::string_view(""), std::string_view("."), std::string_view("a\0b", 3)}) {
    auto stream = core::TlsStream::client(pki_.client(), host);
    std::string out;
    EXPECT_EQ(stream.start(out), Errc::tls_failed);
    EXPECT_THAT(stream.detail(), HasSubstr("cannot be the name of a TLS server"));
    EXPECT_EQ(out, "");
  }
}

TEST_F(CoreTlsIdentity, AnotherNameMayBeAskedFor) {
  auto options = pki_.trusting();
  options.server_name = "a.example";
  EXPECT_EQ(verdict(options, pki_.authority.issue({.alt_names = "DNS:a.example"}), "127.0.0.1"), "");
}

TEST_F(CoreTlsIdentity, ChecksDates) {
  EXPECT_EQ(verdict(pki_.authority.issue({.from_days = -10, .until_days = -1})), "certificate of host localhost: certificate has expired");
  EXPECT_EQ(verdict(pki_.authority.issue({.from_days = 1, .until_days = 10})),
            "certificate of host localhost: certificate is not yet valid");
}

TEST_F(CoreTlsIdentity, ChecksTheAuthority) {
  EXPECT_EQ(verdict(self_signed()), "certificate of host localhost: self-signed certificate");
  EXPECT_EQ(verdict(Authority().issue()), "certificate of host localhost: unable to get local issuer certificate");
  EXPECT_NE(verdict({}, pki_.authority.issue()), "") << "the authorities of the system do not know ours";
}

TEST_F(CoreTlsIdentity, CanBeToldNotToVerify) {
  EXPECT_EQ(verdict({.verify = false}, self_signed({.alt_names = "DNS:other.example"})), "");
}

TEST_F(CoreTlsIdentity, ChecksPins) {  // RFC 7469 2.4: hash of the SubjectPublicKeyInfo
  const auto identity = pki_.authority.issue();
  const auto other = pki_.authority.issue().pin;
  const auto with = [&](std::vector<std::string> pins) {
    auto options = pki_.trusting();
    options.pins = std::move(pins);
    return verdict(options, identity);
  };
  EXPECT_EQ(with({identity.pin}), "");
  EXPECT_EQ(with({other, identity.pin}), "") << "a backup";
  EXPECT_EQ(with({identity.pin.substr(7)}), "") << "without sha256/";
  EXPECT_EQ(with({pki_.authority.identity().pin}), "") << "of the authority";
  EXPECT_EQ(with({other}), "certificate of host localhost: its public key is not among the pinned ones");
}

TEST_F(CoreTlsIdentity, PinsMayBeginWithASlash) {
  const std::string pin = "/" + std::string(42, 'A') + "=";
  for (const char* prefix : {"", "sha256/", "sha256//", "/"}) EXPECT_EQ(problem({.pins = {prefix + pin}}), "") << prefix;
}

TEST_F(CoreTlsIdentity, PinsCountWithoutVerification) {
  const auto identity = self_signed();
  EXPECT_EQ(verdict({.verify = false, .pins = {identity.pin}}, identity), "");
  EXPECT_THAT(verdict({.verify = false, .pins = {self_signed().pin}}, identity), HasSubstr("pinned"));
  // An impostor may send any chain; only the key it proves to have counts.
  auto chained = self_signed();
  chained.cert += pki_.authority.identity().cert;
  EXPECT_THAT(verdict({.verify = false, .pins = {pki_.authority.identity().pin}}, chained), HasSubstr("pinned"));
}

TEST_F(CoreTlsIdentity, PinsDoNotReplaceVerification) {
  const auto identity = self_signed();
  EXPECT_THAT(verdict({.pins = {identity.pin}}, identity), HasSubstr("self-signed"));
}

TEST_F(CoreTlsIdentity, ServerMayWantAClientCertificate) {
  const auto server = pki_.server(pki_.authority.issue(), pki_.authority.identity().cert);
  const auto with = [&](const std::optional<Identity>& identity) {
    auto options = pki_.trusting();
    if (identity) {
      options.client_cert_file = pki_.files.add(identity->cert);
      options.client_key_file = pki_.files.add(identity->key);
    }
    Talk talk(TlsContext::client(options).value(), server);
    EXPECT_EQ(talk.client.error, talk.server.error);
    return talk.server.stream.detail() + "|" + talk.client.stream.detail();
  };
  EXPECT_EQ(with(pki_.authority.issue({.alt_names = ""})), "|");
  EXPECT_THAT(with({}), AllOf(HasSubstr("peer did not return a certificate|"),
                              HasSubstr("|the server demands a client certificate, and none is set (tlsv13 alert certificate required)")));
  EXPECT_THAT(with(self_signed()), AllOf(HasSubstr("certificate of the client: self-signed certificate|"),
                                         HasSubstr("|the server refuses the client certificate (")));
}

TEST_F(CoreTlsIdentity, SaysWhichFileIsWrong) {
  const auto one = pki_.authority.issue(), two = pki_.authority.issue();
  const auto cert = pki_.files.add(one.cert), key = pki_.files.add(one.key), foreign = pki_.files.add(two.key),
             junk = pki_.files.add("not PEM");
  const auto server_problem = [](const core::TlsServerOptions& options) {
    const auto context = TlsContext::server(options);
    return context ? "" : context.error().detail;
  };
  EXPECT_EQ(server_problem({.cert_file = cert, .key_file = key}), "");
  EXPECT_EQ(server_problem({.cert_file = "/no/file", .key_file = key}), "certificate '/no/file': No such file or directory");
  EXPECT_EQ(server_problem({.cert_file = cert, .key_file = "/no/file"}), "key '/no/file': No such file or directory");
  EXPECT_EQ(server_problem({.cert_file = junk, .key_file = key}), "certificate '" + junk + "': not a PEM file of the right kind");
  EXPECT_EQ(server_problem({.cert_file = cert, .key_file = junk}), "key '" + junk + "': not a PEM file of the right kind");
  EXPECT_EQ(server_problem({.cert_file = cert, .key_file = foreign}),
            "key '" + foreign + "' does not belong to certificate '" + cert + "'");
  EXPECT_EQ(server_problem({}), "a TLS server needs a certificate and its key");
  EXPECT_EQ(server_problem({.cert_file = cert, .key_file = key, .client_ca_file = "/no/file"}),
            "client CA file '/no/file': No such file or directory");
  EXPECT_EQ(problem({.ca_file = "/no/file"}), "CA file '/no/file': No such file or directory");
  EXPECT_EQ(problem({.ca_file = junk}).substr(0, 7), "CA file");
  EXPECT_EQ(problem({.ca_pem = "junk"}), "the CA certificates given as text are not PEM");
  EXPECT_EQ(problem({.client_cert_file = cert}), "a certificate needs its key, and a key its certificate");
  EXPECT_EQ(problem({.pins = {"sha256/abc"}}), "pin 'sha256/abc' is not the base64 of a SHA-256");
  EXPECT_EQ(problem({.ca_file = pki_.files.add(pki_.authority.identity().cert)}), "");
}

}  // namespace
}  // namespace phx::test
