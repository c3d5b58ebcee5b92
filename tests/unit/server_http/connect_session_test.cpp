// connect_info session: server.md 1.7, 10.1, 10.2.
#include <gtest/gtest.h>

#include <stdexcept>

#include <phx/core/csrf.hpp>
#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>
#include <phx/core/session_cookie.hpp>
#include <phx/server/cookies.hpp>

#include "peer.hpp"

namespace phx::server::test {
namespace {

using core::etf::Term;

/// A mount whose connect_info has the session; what the connect callback saw of it as JSON, null for none.
struct ConnectSessionTest : testing::Test {
  explicit ConnectSessionTest(std::string encryption_salt = {})
      : cookie(std::make_shared<core::SessionCookie>(keys, core::SessionSecrets{"peer-sign", std::move(encryption_salt)})) {
    options.connect_info.session = ConnectSession{"_peer_key", cookie};
  }
  std::string state_key() const { return options.connect_info.session->csrf_token_key; }
  std::string cookie_of(const Term& session) { return "_peer_key=" + cookie->encode(session, random); }
  Json seen(std::string_view cookies, std::string_view sent_token) {
    const auto headers = cookies.empty() ? std::string() : "cookie: " + std::string(cookies) + "\r\n";
    const auto query = sent_token.empty() ? std::string() : "?_csrf_token=" + std::string(sent_token);
    Peer peer({socket_plug({{.path = "/s", .handler = std::make_shared<TestHandler>(log, true), .websocket = options}}, {})});
    peer.send(upgrade_request("/s/websocket" + query, headers));
    EXPECT_EQ(status_of(peer.take()), 101) << "a bad session refuses nobody";
    const auto& session = log->infos.back().session;
    return session ? core::etf::to_json(*session).value() : Json(nullptr);
  }

  const core::KeyGenerator keys{std::string(64, 'k')};
  core::SystemRandom random;
  std::shared_ptr<core::SessionCookie> cookie;
  WebSocketOptions options;
  const std::string state = core::make_csrf_state(random);
  const std::string token = core::mask_csrf_state(state, core::make_csrf_state(random));
  std::shared_ptr<Log> log = std::make_shared<Log>();
};

// A1.19, A1.20, A1.21
TEST_F(ConnectSessionTest, IsThereWithItsCookieAndItsToken) {
  const auto sent = cookie_of(Term::map({{"user_id", 7}, {"_csrf_token", state}}));
  EXPECT_EQ(seen(sent, token), obj("user_id", 7, "_csrf_token", state));
  EXPECT_EQ(seen("a=b; " + sent + " ; c=d", token), obj("user_id", 7, "_csrf_token", state));
  EXPECT_EQ(seen("", token), nullptr);
  EXPECT_EQ(seen("_other=x", token), nullptr);
  EXPECT_EQ(seen(sent, ""), nullptr);
  EXPECT_EQ(seen(sent, state), nullptr) << "the state itself is no token";
  EXPECT_EQ(seen(sent, core::mask_csrf_state(core::make_csrf_state(random), core::make_csrf_state(random))), nullptr);
  EXPECT_EQ(seen(sent + "x", token), nullptr);
  EXPECT_EQ(seen(cookie_of(Term::map({{"user_id", 7}})), token), nullptr) << "a session without a state";
}

// 1.7: tokens bound to a host are for forms only
TEST_F(ConnectSessionTest, TakesNoTokenOfAHost) {
  const auto sent = cookie_of(Term::map({{"_csrf_token", state}}));
  EXPECT_EQ(seen(sent, core::make_csrf_host_token(keys, state, "localhost", random)), nullptr);
}

// A7.118
TEST_F(ConnectSessionTest, HasTheStateUnderAnotherKeyOrNeedsNone) {
  options.connect_info.session->csrf_token_key = "state";
  EXPECT_EQ(seen(cookie_of(Term::map({{"state", state}})), token), obj("state", state));
  EXPECT_EQ(seen(cookie_of(Term::map({{"_csrf_token", state}})), token), nullptr);
  options.check_csrf = false;
  EXPECT_EQ(seen(cookie_of(Term::map({{"user_id", 7}})), ""), obj("user_id", 7));
  EXPECT_EQ(seen("_peer_key=forged", ""), nullptr);
}

struct EncryptedConnectSessionTest : ConnectSessionTest {
  EncryptedConnectSessionTest() : ConnectSessionTest("peer-encrypt") {}
};

// 10.1: the encrypted form
TEST_F(EncryptedConnectSessionTest, IsReadAsWell) {
  const auto sent = cookie_of(Term::map({{"user_id", 7}, {"_csrf_token", state}}));
  EXPECT_TRUE(sent.starts_with("_peer_key=XCP."));
  EXPECT_EQ(seen(sent, token), obj("user_id", 7, "_csrf_token", state));
}

// A1.22
TEST_F(ConnectSessionTest, ExtraIsHandedThrough) {
  options.connect_info.extra = std::make_shared<const Json>(obj("tenant", "a"));
  seen("", "");
  EXPECT_EQ(*log->infos.back().extra, obj("tenant", "a"));
}

TEST_F(ConnectSessionTest, AMountWithoutTheMeansToReadItIsRefused) {
  options.connect_info.session->cookie = nullptr;
  EXPECT_THROW(socket_plug({{.path = "/s", .handler = std::make_shared<TestHandler>(log, true), .websocket = options}}, {}),
               std::invalid_argument);
}

// server.md 10.1
TEST(Cookies, AreReadAsPlugReadsThem) {
  using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;
  EXPECT_EQ(decode_cookies("a=1; b=2;c=3"), (Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(decode_cookies(" \ta=x=y \t;; =v; name; b c=1; d=; e=a b "), (Pairs{{"a", "x=y"}, {"d", ""}, {"e", "a b"}}));
  EXPECT_EQ(decode_cookies("a=1\r; b\n=2; c=3"), (Pairs{{"c", "3"}}));
  EXPECT_EQ(decode_cookies(""), Pairs{});
  EXPECT_EQ(find_cookie("a=1; a=2", "a"), "1");
  EXPECT_EQ(find_cookie("a=1", "b"), "");
}

}  // namespace
}  // namespace phx::server::test
