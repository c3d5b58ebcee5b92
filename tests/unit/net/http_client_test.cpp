// The HTTP client over loopback sockets: what it sends and gives, and every way to end early. In real time: smoke tests of a shell.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <stdexcept>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <phx/net/http_client.hpp>

#include "support/http_peer.hpp"

namespace phx::test {
namespace {

using namespace std::chrono_literals;
using net::HttpAnswer;
using net::HttpRequest;
using net::TransportError;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Outcome = tl::expected<HttpAnswer, TransportError>;

class NetHttpClient : public testing::Test {
 protected:
  net::HttpClient& client() {
    if (!client_) client_.emplace(io.get_executor(), options);
    return *client_;
  }
  net::HttpClient::Id start(HttpRequest request) {
    return client().start(std::move(request), [this](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
  }
  /// Runs the loop until there are so many outcomes.
  void run(std::size_t count = 1) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (outcomes.size() < count && std::chrono::steady_clock::now() < until) {
      io.restart();
      io.run_one_for(1s);
    }
    if (outcomes.size() < count) throw std::runtime_error("no outcome");
  }
  Outcome once(HttpRequest request) {
    start(std::move(request));
    run();
    auto outcome = std::move(outcomes.front());
    outcomes.pop_front();
    return outcome;
  }

  boost::asio::io_context io{1};
  net::HttpClientOptions options;
  std::optional<net::HttpClient> client_;
  std::deque<Outcome> outcomes;
};

std::string header(const HttpAnswer& answer, std::string_view name) {
  const auto found = std::ranges::find(answer.headers, name, [](const auto& h) { return h.first; });
  return found == answer.headers.end() ? "(none)" : found->second;
}

TEST_F(NetHttpClient, SendsMethodHeadersAndBody) {
  HttpPeer peer([](const auto& request) { return HttpPeer::answer(201, request.method + request.body, "X-Thing: a b \r\n"); });
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE", "PURGE"}) {
    const auto answer = once({.method = method, .url = peer.url("/a?b=%20c"), .headers = {{"x-a", "1"}, {"x-empty", ""}}, .body = "{}"});
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, method + "{}");
    EXPECT_EQ(header(*answer, "x-thing"), "a b");
  }
  for (const auto& request : peer.requests()) {
    EXPECT_EQ(request.target, "/a?b=%20c");
    EXPECT_TRUE(request.has("x-a: 1"));
    EXPECT_TRUE(request.has("x-empty:"));
    EXPECT_TRUE(request.has("User-Agent: phxkit"));
    EXPECT_THAT(request.head, Not(HasSubstr("Content-Type")));
    EXPECT_THAT(request.head, Not(HasSubstr("Expect")));
    EXPECT_EQ(request.connection, 1) << "the connection is kept";
  }
}

TEST_F(NetHttpClient, EmptyBodiesAndHead) {
  HttpPeer peer([](const auto& request) {
    if (request.method == "HEAD") return std::string("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    return request.method == "GET" ? std::string("HTTP/1.1 204 No Content\r\n\r\n") : HttpPeer::answer(200, "");
  });
  EXPECT_EQ(once({.url = peer.url("/")})->status, 204);
  EXPECT_EQ(header(*once({.method = "HEAD", .url = peer.url("/")}), "content-length"), "5");
  EXPECT_EQ(once({.method = "POST", .url = peer.url("/")})->status, 200);
  EXPECT_TRUE(peer.requests().back().has("Content-Length: 0"));
}

TEST_F(NetHttpClient, AnErrorStatusIsAnAnswer) {
  HttpPeer peer([](const auto&) { return HttpPeer::answer(503, "no", "retry-after: 7\r\n"); });
  const auto answer = once({.url = peer.url("/")});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(header(*answer, "retry-after"), "7");
}

TEST_F(NetHttpClient, ManyAtOnce) {
  HttpPeer peer([](const auto& request) { return HttpPeer::answer(200, request.target); });
  for (int n = 0; n < 50; ++n) start({.url = peer.url("/" + std::to_string(n))});
  EXPECT_TRUE(outcomes.empty()) << "done is never called from inside start()";
  run(50);
  std::vector<std::string> bodies;
  for (const auto& outcome : outcomes) bodies.push_back(outcome->body);
  std::ranges::sort(bodies);
  EXPECT_EQ(std::ranges::unique(bodies).begin(), bodies.end());
}

TEST_F(NetHttpClient, LargeBodiesBothWays) {
  HttpPeer peer([](const auto& request) { return HttpPeer::answer(200, request.body); });
  const std::string large(5'000'000, 'x');
  const auto answer = once({.method = "POST", .url = peer.url("/"), .body = large});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->body == large);
}

TEST_F(NetHttpClient, CookiesComeBackAndJoinTheCallersOwn) {
  HttpPeer peer([](const auto&) { return HttpPeer::answer(200, "", "set-cookie: _key=abc; path=/; HttpOnly\r\n"); });
  once({.url = peer.url("/")});
  once({.url = peer.url("/"), .headers = {{"cookie", "mine=1"}}});
  EXPECT_TRUE(peer.requests().at(1).has("Cookie: _key=abc; mine=1")) << peer.requests().at(1).head;
}

// --- limits ---

TEST_F(NetHttpClient, BodyLimit) {
  HttpPeer peer([](const auto&) { return HttpPeer::answer(200, std::string(1001, 'x')); });
  EXPECT_TRUE(once({.url = peer.url("/"), .max_body_bytes = 1001}));
  const auto answer = once({.url = peer.url("/"), .max_body_bytes = 1000});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::message_too_large);
  EXPECT_EQ(answer.error().step, net::Step::request);
  EXPECT_THAT(answer.error().message(), HasSubstr("more than 1000 bytes"));
}

TEST_F(NetHttpClient, TimeLimit) {
  HttpPeer peer([](const auto&) { return HttpPeer::hold; });
  const auto answer = once({.url = peer.url("/"), .timeout = 50ms});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, std::make_error_code(std::errc::timed_out));
  peer.wait_for_ends(1);
}

TEST_F(NetHttpClient, ConnectionsThatCannotBeMadeOrBreak) {
  std::uint16_t closed = 0;
  {
    const HttpPeer gone([](const auto&) { return HttpPeer::cut; });
    closed = gone.port();
  }
  const auto refused = once({.url = "http://127.0.0.1:" + std::to_string(closed) + "/"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().step, net::Step::connect);
  EXPECT_TRUE(refused.error().code == std::errc::connection_refused);

  HttpPeer peer([](const auto&) { return HttpPeer::cut; });
  const auto cut = once({.url = peer.url("/cut")});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Errc::connection_closed);
  EXPECT_EQ(cut.error().step, net::Step::request);

  const auto unknown = once({.url = "http://no-such-host.invalid/"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().step, net::Step::resolve);
  for (const std::string url : {"ws://127.0.0.1/", "ftp://x/", "nonsense", "http://a b/"}) {
    const auto bad = once({.url = url});
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, Errc::bad_url) << url;
  }
}

TEST_F(NetHttpClient, RefusesWhatCannotBeSent) {
  EXPECT_THROW(start({.method = "GET /x", .url = "http://h/"}), std::invalid_argument);
  EXPECT_THROW(start({.url = "http://h/", .headers = {{"a:b", "c"}}}), std::invalid_argument);
  EXPECT_THROW(start({.url = "http://h/", .headers = {{"a", "b\r\nc: d"}}}), std::invalid_argument);
}

// --- cancelling ---

TEST_F(NetHttpClient, CancelledRequestsAreSilentAndCloseTheirConnection) {
  HttpPeer peer([](const auto& request) { return request.target == "/hold" ? HttpPeer::hold : HttpPeer::answer(200, ""); });
  const auto id = start({.url = peer.url("/hold")});
  client().cancel(id);  // before anything happened
  const auto held = start({.url = peer.url("/hold")});
  while (peer.requests().empty()) {
    io.restart();
    io.run_one_for(10ms);
  }
  client().cancel(held);
  client().cancel(held);  // twice is harmless
  peer.wait_for_ends(1);
  EXPECT_TRUE(once({.url = peer.url("/")}));
  EXPECT_TRUE(outcomes.empty());
  const auto bad = start({.url = "nonsense"});
  client().cancel(bad);
  io.restart();
  io.poll();
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(NetHttpClient, DoneMayCancelOthersThatHaveEnded) {
  HttpPeer peer([](const auto&) { return HttpPeer::answer(200, ""); });
  for (int round = 0; round < 20; ++round) {
    std::array<net::HttpClient::Id, 8> ids{};
    int told = 0;
    for (auto& id : ids)
      id = client().start({.url = peer.url("/")}, [&](const Outcome&) {
        ++told;
        for (const auto other : ids) client().cancel(other);
      });
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (told == 0 && std::chrono::steady_clock::now() < until) {
      io.restart();
      io.run_one_for(10ms);
    }
    io.restart();
    io.poll();
    ASSERT_EQ(told, 1);
    EXPECT_TRUE(once({.url = peer.url("/")}));
  }
}

TEST_F(NetHttpClient, DoneMayStartOthersAndDestroyTheClient) {
  HttpPeer peer([](const auto&) { return HttpPeer::answer(200, ""); });
  bool over = false;
  client().start({.url = peer.url("/")}, [&](const Outcome&) {
    client().start({.url = peer.url("/")}, [&](const Outcome&) {
      start({.url = peer.url("/")});
      client_.reset();
      over = true;
    });
  });
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!over && std::chrono::steady_clock::now() < until) {
    io.restart();
    io.run_one_for(1s);
  }
  EXPECT_TRUE(over);
  io.restart();
  io.poll();
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(NetHttpClient, DestroyedAtAnyMoment) {
  HttpPeer peer(
      [](const auto& request) { return request.target == "/hold" ? HttpPeer::hold : HttpPeer::answer(200, std::string(100'000, 'x')); });
  for (int turns = 0; turns < 40; ++turns) {
    for (int n = 0; n < 4; ++n) start({.url = peer.url(n % 2 == 0 ? "/hold" : "/")});
    start({.url = "http://no-such-host.invalid/"});
    for (int turn = 0; turn < turns; ++turn) {
      io.restart();
      io.run_one_for(1ms);
    }
    client_.reset();
    const auto so_far = outcomes.size();
    io.restart();
    io.poll();
    EXPECT_EQ(outcomes.size(), so_far);
  }
}

// --- redirects ---

TEST_F(NetHttpClient, RedirectsOnlyWhenAsked) {
  HttpPeer peer([](const auto& request) {
    if (request.target == "/end") return HttpPeer::answer(200, request.method + request.body);
    if (request.target == "/loop") return HttpPeer::answer(302, "", "location: /loop\r\n");
    return HttpPeer::answer(303, "moved", "location: /end\r\nx-first: 1\r\n");
  });
  EXPECT_EQ(once({.url = peer.url("/")})->status, 303);
  const auto followed = once({.url = peer.url("/"), .max_redirects = 3});
  ASSERT_TRUE(followed);
  EXPECT_EQ(followed->body, "GET");
  EXPECT_EQ(header(*followed, "x-first"), "(none)") << "headers of the last answer only";
  EXPECT_EQ(once({.method = "POST", .url = peer.url("/"), .body = "x", .max_redirects = 3})->body, "GET") << "as browsers do";
  const auto loop = once({.url = peer.url("/loop"), .max_redirects = 3});
  ASSERT_FALSE(loop);
  EXPECT_THAT(loop.error().message(), HasSubstr("redirects"));
}

TEST_F(NetHttpClient, RedirectsToAnotherHostGetNoCredentials) {
  HttpPeer other([](const auto&) { return HttpPeer::answer(200, "other"); });
  HttpPeer peer(
      [&](const auto&) { return HttpPeer::answer(302, "", "location: http://localhost:" + std::to_string(other.port()) + "/\r\n"); });
  const auto answer = once({.url = peer.url("/"), .headers = {{"authorization", "Bearer t"}, {"cookie", "a=1"}}, .max_redirects = 1});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "other");
  EXPECT_THAT(other.requests().at(0).head, Not(HasSubstr("Bearer")));
  EXPECT_THAT(other.requests().at(0).head, Not(HasSubstr("a=1")));
  EXPECT_TRUE(peer.requests().at(0).has("Cookie: a=1"));
}

// --- proxies ---

net::ProxyOptions proxy_at(const HttpPeer& peer, const std::string& user = "", const std::string& password = "") {
  return {.host = "127.0.0.1", .port = peer.port(), .user = user, .password = password};
}

// With CONNECT also for http://, so that nothing the proxy says is ever taken for the server's answer (docs/client.md, proxies).
TEST_F(NetHttpClient, HttpThroughAProxyWhateverTheEnvironmentSays) {
  HttpPeer proxy([](const auto& request) {
    return request.method == "CONNECT" ? std::string("HTTP/1.1 200 OK\r\n\r\n") : HttpPeer::answer(200, request.target);
  });
  ::setenv("no_proxy", "*", 1);
  options.proxy = proxy_at(proxy, "ada", "s:e");
  const auto answer = once({.url = "http://api.example/x"});
  ::unsetenv("no_proxy");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "/x");
  EXPECT_EQ(proxy.requests().at(0).target, "api.example:80");
  EXPECT_TRUE(proxy.requests().at(0).has("Proxy-Authorization: Basic YWRhOnM6ZQ==")) << proxy.requests().at(0).head;
  EXPECT_THAT(proxy.requests().at(1).head, Not(HasSubstr("Proxy-"))) << "not the server's to know";
}

TEST_F(NetHttpClient, WithoutAProxyTheEnvironmentDoesNotCount) {
  HttpPeer peer([](const auto& request) { return HttpPeer::answer(200, request.target); });
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const auto answer = once({.url = peer.url("/x")});
  ::unsetenv("http_proxy");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "/x");
}

TEST_F(NetHttpClient, AProxyThatRefusesIsNamedWithoutSecrets) {
  for (const auto& [status, told] : {std::pair(407, "HTTP 407, it does not take this user and password"), std::pair(401, "HTTP 401"),
                                     std::pair(403, "HTTP 403"), std::pair(302, "HTTP 302")}) {
    HttpPeer proxy([&, code = status](const auto&) {
      return HttpPeer::answer(code, "the proxy's page", "proxy-authenticate: Basic realm=\"x\"\r\nlocation: http://elsewhere/\r\n");
    });
    options.proxy = proxy_at(proxy, "ada", "secret");
    client_.reset();
    for (const std::string host : {"api.example:443", "api.example:80"}) {
      const std::string url = (host.ends_with("443") ? "https://" : "http://") + host + "/x";
      const auto answer = once({.url = url, .headers = {{"authorization", "Bearer t"}}, .max_redirects = 3});
      ASSERT_FALSE(answer) << url;
      EXPECT_EQ(answer.error().code, Errc::proxy_failed);
      EXPECT_EQ(answer.error().step, net::Step::proxy);
      EXPECT_EQ(answer.error().message(), "cannot connect to " + host + ": proxy 127.0.0.1:" + std::to_string(proxy.port()) + ": " + told);
    }
    for (const auto& request : proxy.requests()) {
      EXPECT_EQ(request.method, "CONNECT");
      EXPECT_THAT(request.head, Not(HasSubstr("Bearer"))) << "not the proxy's to know";
    }
    client_.reset();  // before the peer
  }
}

TEST_F(NetHttpClient, AProxyThatIsNotThereOrSaysNothingIsNamed) {
  std::uint16_t closed = 0;
  {
    const HttpPeer gone([](const auto&) { return HttpPeer::cut; });
    closed = gone.port();
  }
  options.proxy = {.host = "127.0.0.1", .port = closed};
  const auto refused = once({.url = "http://api.example/x"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "cannot connect to api.example:80: cannot connect to proxy 127.0.0.1:" + std::to_string(closed) + ": Connection refused");
  EXPECT_TRUE(refused.error().code == std::errc::connection_refused);

  HttpPeer silent([](const auto&) { return HttpPeer::hold; });
  options.proxy = proxy_at(silent);
  client_.reset();
  const auto late = once({.url = "http://api.example/x", .timeout = 50ms});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::connect_timeout);
  EXPECT_THAT(late.error().message(),
              HasSubstr("proxy 127.0.0.1:" + std::to_string(silent.port()) + " did not connect within the time limit"));
}

}  // namespace
}  // namespace phx::test
