// How a socket connects: credentials, policies, headers, the environment's proxy. Rules on virtual time: unit_core_client.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "support.hpp"

namespace phx::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string status(const std::string& line, const std::string& headers = "") {
  return "HTTP/1.1 " + line + "\r\n" + headers + "Content-Length: 0\r\n\r\n";
}

/// Errors until the final one.
std::vector<ConnectionError> errors_to_the_end(Socket& socket) {
  Seen<ConnectionError> errors;
  std::promise<void> ended;
  const auto on_error = socket.on_error([&](const ConnectionError& e) {
    errors.add(e);
    if (e.final) ended.set_value();
  });
  socket.connect();
  get(ended.get_future());
  return errors.now();
}

// --- credentials ---

TEST(ClientCredentialSource, AFunctionMayAnswerAtOnceOrLater) {
  StubServer server;
  const auto head_with = [&](std::shared_ptr<CredentialSource> source) {
    auto options = eager();
    options.credentials = std::move(source);
    Socket socket(server.url(), options);
    socket.connect();
    EXPECT_TRUE(get(socket.channel("room:lobby").join().future())->ok());
    return server.last_head();
  };
  const Credentials ada{.params = obj("user", "ada"), .auth_token = "1234", .headers = {{"x-tenant", "7"}, {"cookie", "_key=abc; b=c"}}};
  std::thread later;
  const auto at_once = head_with(credential_source([&](const CredentialRequest&) { return ada; }));
  const auto delayed = head_with(credential_source(
      [&](const CredentialRequest&, CredentialSource::Done done) { later = std::thread([ada, done = std::move(done)] { done(ada); }); }));
  later.join();
  for (const auto& head : {at_once, delayed}) {
    EXPECT_THAT(head, StartsWith("GET /socket/websocket?user=ada&vsn=2.0.0 HTTP/1.1\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nx-tenant: 7\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\ncookie: _key=abc; b=c\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nSec-WebSocket-Protocol: phoenix, base64url.bearer.phx.MTIzNA\r\n"));  // U4
  }
}

TEST(ClientCredentialSource, AProviderThatHangsFailsTheAttemptAndIsAskedAgain) {  // in real time: 20 ms
  StubServer server;
  auto options = eager();
  options.credentials_timeout = 20ms;
  std::mutex mutex;
  std::vector<CredentialSource::Done> unanswered;
  options.credentials = credential_source([&](const CredentialRequest&, CredentialSource::Done done) {
    const std::scoped_lock lock(mutex);
    if (unanswered.size() == 2) return done(Credentials{});
    unanswered.push_back(std::move(done));
  });
  Socket socket(server.url(), options);
  Seen<ConnectionError> errors;
  Seen<bool> opened;
  const auto on_error = socket.on_error([&](const ConnectionError& e) { errors.add(e); });
  const auto on_open = socket.on_open([&] { opened.add(true); });
  socket.connect();
  opened.wait_for(1);
  const auto seen = errors.now();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].code, Errc::credentials_timeout);
  EXPECT_EQ(seen[0].message, "no credentials for the connection within the time limit");
  for (const auto& done : unanswered) done(Credentials{.params = obj("late", 1)});
  EXPECT_TRUE(get(socket.channel("room:lobby").join().future())->ok()) << "late answers change nothing";
  EXPECT_EQ(server.connections(), 1);
}

TEST(ClientCredentialSource, AttemptsThatReplaceEachOtherShareOneQuestion) {
  StubServer server;
  auto options = eager();
  Seen<CredentialSource::Done> questions;
  options.credentials = credential_source([&](const CredentialRequest&, CredentialSource::Done done) { questions.add(std::move(done)); });
  Socket socket(server.url(), options);
  for (int i = 0; i < 5; ++i) {
    socket.connect();
    get(socket.disconnect());
  }
  socket.connect();
  questions.wait_for(1).front()(Credentials{});
  EXPECT_TRUE(get(socket.channel("room:lobby").join().future())->ok());
  EXPECT_EQ(questions.now().size(), 1u);
}

TEST(ClientCredentialSource, FreshOnesThatAreRefusedAreTheEnd) {  // D-12
  StubServer server([](const std::string&) { return status("401 Unauthorized"); });
  auto options = eager();
  Seen<bool> refreshes;
  options.credentials = credential_source([&](const CredentialRequest& request) -> Result<Credentials> {
    refreshes.add(request.refresh);
    if (refreshes.now().size() == 2) return failure(Errc::connection_closed);  // the token endpoint is down: not the server's word
    return Credentials{};
  });
  Socket socket(server.url(), options);
  const auto errors = errors_to_the_end(socket);
  EXPECT_EQ(errors.back().code, Errc::unauthorized);
  EXPECT_THAT(refreshes.now(), ElementsAre(false, true, true));
  EXPECT_EQ(server.connections(), 2);
}

// --- policies ---

TEST(ClientReconnecting, EndsWhereThePolicySaysSo) {
  StubServer missing([](const std::string&) { return status("404 Not Found"); });
  auto options = eager();
  options.policy.refusals.rules = {{.http_status = 404, .then = core::AfterLoss::give_up}};
  Socket by_rule(missing.url(), options);
  auto errors = errors_to_the_end(by_rule);
  EXPECT_EQ(errors.back().code, Errc::gave_up);
  EXPECT_EQ(errors.back().message, "no further attempt, as the reconnect policy says: HTTP 404");
  EXPECT_EQ(missing.connections(), 1);

  StubServer busy([](const std::string&) { return status("500 Internal Server Error"); });
  options = eager();
  options.policy.reconnect_limits.attempts = 3;
  Socket by_limit(busy.url(), options);
  errors = errors_to_the_end(by_limit);
  EXPECT_EQ(errors.size(), 5u);
  EXPECT_EQ(busy.connections(), 4);
}

TEST(ClientReconnecting, ObeysRetryAfterAsSecondsAndAsDate) {
  for (const std::string headers :
       {"Retry-After: 7\r\n", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:44 GMT\r\n"}) {
    StubServer server([&](const std::string&) { return status("503 Service Unavailable", headers); });
    Socket socket(server.url(), eager());
    Seen<Reconnecting> notices;
    const auto on_reconnecting = socket.on_reconnecting([&](const Reconnecting& r) { notices.add(r); });
    socket.connect();
    const auto notice = notices.wait_for(1).front();
    EXPECT_EQ(notice.delay, 7s);
    EXPECT_EQ(notice.why, core::ReconnectWhy::retry_after);
  }
}

TEST(ClientReconnecting, SuspendedNothingIsTriedAndResumeTriesAtOnce) {  // S8
  std::atomic<bool> refusing = true;
  StubServer server([&](const std::string&) { return refusing ? status("500 x") : ""; });
  SocketOptions options;
  options.policy.reconnect = core::backoff::fixed(1h);
  Socket socket(server.url(), options);
  Seen<Reconnecting> notices;
  Seen<bool> opened;
  const auto on_reconnecting = socket.on_reconnecting([&](const Reconnecting& r) { notices.add(r); });
  const auto on_open = socket.on_open([&] { opened.add(true); });
  socket.connect();
  notices.wait_for(1);
  socket.suspend();
  socket.network_changed();
  refusing = false;
  socket.resume();
  opened.wait_for(1);
  EXPECT_EQ(server.connections(), 2);
}

TEST(ClientReconnecting, ASuspensionMayCloseTheConnection) {  // S9
  StubServer server;
  Socket socket(server.url(), eager());
  Seen<bool> opened;
  Seen<ConnectionClosed> closed;
  const auto on_open = socket.on_open([&] { opened.add(true); });
  const auto on_close = socket.on_close([&](const ConnectionClosed& c) { closed.add(c); });
  socket.connect();
  opened.wait_for(1);
  socket.suspend({.disconnect = true});
  EXPECT_TRUE(closed.wait_for(1).front().clean);
  socket.resume();
  opened.wait_for(2);
}

TEST(ClientReconnecting, AnotherNetworkIsTriedAtOnce) {
  std::atomic<bool> refusing = true;
  StubServer server([&](const std::string&) { return refusing.exchange(false) ? status("500 x") : ""; });
  SocketOptions options;
  options.policy.reconnect = core::backoff::fixed(1h);
  Socket socket(server.url(), options);
  Seen<Reconnecting> notices;
  Seen<bool> opened;
  const auto on_reconnecting = socket.on_reconnecting([&](const Reconnecting& r) { notices.add(r); });
  const auto on_open = socket.on_open([&] { opened.add(true); });
  socket.connect();
  notices.wait_for(1);
  socket.network_changed();
  opened.wait_for(1);
}

// --- proxies ---

TEST(ClientProxy, OneThatCannotBeUsedIsToldWhereItIsGiven) {
  SocketOptions options;
  options.proxy = "gopher://ada:hunter2@proxy";
  try {
    Socket socket("ws://127.0.0.1:1/socket", options);
    FAIL() << "made";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "phx::Socket: proxy: a proxy is http://host:port, socks5://host:port or socks5h://host:port");
  }
}

TEST(ClientProxy, TheEnvironmentIsAskedOnlyOnRequest) {
  StubServer server;
  ASSERT_EQ(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
  for (const char* name : {"no_proxy", "NO_PROXY", "http_proxy", "all_proxy"}) ASSERT_EQ(unsetenv(name), 0);
  auto options = eager();
  Socket direct(server.url(), options);
  direct.connect();
  EXPECT_TRUE(get(direct.channel("room:lobby").join().future())->ok());
  options.proxy_from_environment = true;
  Socket proxied(server.url(), options);
  Seen<std::string> errors;
  const auto on_error = proxied.on_error([&](const ConnectionError& e) { errors.add(e.message); });
  proxied.connect();
  EXPECT_THAT(errors.wait_for(1).front(), HasSubstr(": cannot connect to proxy 127.0.0.1:1: Connection refused"));
  ASSERT_EQ(unsetenv("ALL_PROXY"), 0);
}

}  // namespace
}  // namespace phx::test
