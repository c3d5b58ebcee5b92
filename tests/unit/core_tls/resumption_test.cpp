// Sessions are continued: within one context, for the same host, without losing what was checked.

#include <gtest/gtest.h>

#include "talk.hpp"

namespace phx::test {
namespace {

TEST(CoreTlsResumption, ContinuesTheSessionOfTheSameHost) {
  Pki pki;
  const auto client = pki.client(), server = pki.server();
  EXPECT_FALSE(Talk(client, server).client.stream.resumed());
  for (int i = 0; i < 3; ++i) {
    Talk again(client, server);
    EXPECT_TRUE(again.client.stream.resumed());
    EXPECT_TRUE(again.server.stream.resumed());
    again.client.say("hello");
    again.settle();
    EXPECT_EQ(again.server.heard, "hello");
  }
  EXPECT_FALSE(Talk(client, server, "127.0.0.1").client.stream.resumed()) << "another name was checked then";
  EXPECT_FALSE(Talk(pki.client(), server).client.stream.resumed()) << "another context trusts others";
}

TEST(CoreTlsResumption, UsesATicketOnce) {  // RFC 8446 C.4
  Pki pki;
  const auto client = pki.client(), server = pki.server();
  Talk first(client, server);
  End one{core::TlsStream::client(client, "localhost")}, two{core::TlsStream::client(client, "localhost")};
  ASSERT_FALSE(one.stream.start(one.out));
  ASSERT_FALSE(two.stream.start(two.out));
  EXPECT_GT(one.out.size(), two.out.size()) << "the ticket";
}

TEST(CoreTlsResumption, FallsBackWhenTheServerForgot) {
  Pki pki;
  const auto client = pki.client();
  Talk first(client, pki.server());
  Talk after_restart(client, pki.server());
  EXPECT_TRUE(after_restart.client.stream.ready());
  EXPECT_FALSE(after_restart.client.stream.resumed());
}

TEST(CoreTlsResumption, WorksWithPinsAndClientCertificates) {
  Pki pki;
  const auto identity = pki.authority.issue(), mine = pki.authority.issue();
  auto options = pki.trusting();
  options.pins = {identity.pin};
  options.client_cert_file = pki.files.add(mine.cert);
  options.client_key_file = pki.files.add(mine.key);
  const auto client = core::TlsContext::client(options).value();
  const auto server = pki.server(identity, pki.authority.identity().cert);
  EXPECT_FALSE(Talk(client, server).client.stream.resumed());
  EXPECT_TRUE(Talk(client, server).client.stream.resumed());
}

TEST(CoreTlsResumption, ARefusedServerLeavesNothingToResume) {
  Pki pki;
  auto options = pki.trusting();
  options.pins = {pki.authority.issue().pin};
  const auto client = core::TlsContext::client(options).value(), server = pki.server();
  for (int i = 0; i < 2; ++i) {
    Talk talk(client, server);
    EXPECT_FALSE(talk.client.stream.ready());
    EXPECT_EQ(talk.client.error, Errc::tls_failed);
  }
}

}  // namespace
}  // namespace phx::test
