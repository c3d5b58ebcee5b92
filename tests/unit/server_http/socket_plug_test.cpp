#include <gtest/gtest.h>

#include <stdexcept>

#include <phx/core/json.hpp>

#include "peer.hpp"

namespace phx::server::test {
namespace {

struct SocketPlugTest : testing::Test {
  std::string ask(std::string_view request) {
    Peer peer({socket_plug(fixture_mounts(log), fixture_defaults())});
    peer.send(request);
    return peer.take();
  }
  int status(std::string_view path, std::string_view more = {}) { return status_of(ask(upgrade_request(path, more))); }
  std::shared_ptr<Log> log = std::make_shared<Log>();
};

// server.md 1.3: each request has two faults; the earlier check answers.
TEST_F(SocketPlugTest, ChecksInOrder) {
  EXPECT_TRUE(ask("POST /socket/websocket?a=%ff HTTP/1.1\r\nhost: x\r\n\r\n").starts_with("HTTP/1.1 400"));  // 1 before 2
  EXPECT_EQ(status("/socket/websocket?a=%ff", "origin: http://evil.example\r\n"), 400);                      // 2 before 3
  EXPECT_EQ(status("/socket_auth/websocket", "origin: http://evil.example\r\nsec-websocket-protocol: base64url.bearer.phx.!\r\n"), 403);
  EXPECT_EQ(status("/socket_auth/websocket?vsn=9", "sec-websocket-protocol: base64url.bearer.phx.!\r\n"), 500);  // 4 before 6
  EXPECT_TRUE(log->connects.empty());
  EXPECT_EQ(status("/socket/websocket?vsn=9&token=crash"), 403);  // 6 before 7
  EXPECT_TRUE(log->connects.empty());
  EXPECT_EQ(status_of(ask("GET /socket/websocket?token=crash HTTP/1.1\r\nhost: x\r\n\r\n")), 500);  // 7 before 9
  EXPECT_EQ(status_of(ask("GET /socket/websocket HTTP/1.1\r\nhost: x\r\n\r\n")), 400);
  EXPECT_EQ(log->connects.size(), 2u);
}

TEST_F(SocketPlugTest, SubprotocolRules) {  // server.md 1.6, A7 116, 117
  const auto protocol = [&](std::string_view path, std::string_view offered) {
    const auto got = ask(upgrade_request(path, "sec-websocket-protocol: " + std::string(offered) + "\r\n"));
    const auto at = got.find("sec-websocket-protocol: ");
    if (status_of(got) != 101 || at == std::string::npos) return std::to_string(status_of(got));
    return got.substr(at + 24, got.find('\r', at) - at - 24);
  };
  EXPECT_EQ(status("/socket_sub/websocket"), 101);
  EXPECT_EQ(protocol("/socket_sub/websocket", "mqtt,sip"), "sip");
  EXPECT_EQ(protocol("/socket_sub/websocket", "foo"), "403");
  EXPECT_EQ(protocol("/socket/websocket", "foo"), "101");
  // Part B 5
  EXPECT_EQ(protocol("/socket_auth/websocket", "phoenix, base64url.bearer.phx.YQ, base64url.bearer.phx.Yg"), "phoenix");
  EXPECT_EQ(log->infos.back().auth_token, std::nullopt) << "two tokens are none";
  EXPECT_EQ(protocol("/socket_auth/websocket", "foo"), "403");
  EXPECT_EQ(protocol("/socket_auth/websocket", "base64url.bearer.phx.YQ"), "101");
  EXPECT_EQ(log->infos.back().auth_token, "a");
  EXPECT_EQ(protocol("/socket_auth/websocket", "phoenix, base64url.bearer.phx.-_"), "500");
}

TEST_F(SocketPlugTest, MergesPathVariablesIntoTheParams) {  // A2 51
  EXPECT_EQ(status("/room/17/websocket?vsn=2.0.0&rid=x"), 101);
  EXPECT_EQ(log->connects.back(), R"({"rid":"17","vsn":"2.0.0"})");
}

TEST_F(SocketPlugTest, ShowsOnlyWhatConnectInfoNames) {  // server.md 1.7
  EXPECT_EQ(status("/socket/websocket?a=1", "x-one: 1\r\nuser-agent: ua\r\nX-Two: 2\r\ncookie: c\r\n"), 101);
  const auto& info = log->infos.back();
  EXPECT_EQ(info.x_headers, (ConnectInfo::Headers{{"x-one", "1"}, {"x-two", "2"}}));
  EXPECT_EQ(info.user_agent, "ua");
  EXPECT_EQ(info.peer_data->first, "192.0.2.7");
  ASSERT_TRUE(info.uri);
  EXPECT_EQ(std::tie(info.uri->scheme, info.uri->host, info.uri->path, info.uri->query),
            std::make_tuple(std::string("http"), std::string("localhost"), std::string("/socket/websocket"), std::string("a=1")));
  EXPECT_EQ(info.uri->port, 4100);
  EXPECT_FALSE(info.sec_websocket_headers || info.trace_context_headers);
}

TEST_F(SocketPlugTest, ASerializerListDecidesWhichVersionsAreSpoken) {  // FIXTURE.md /socket_v1only
  EXPECT_EQ(status("/socket_v1only/websocket"), 101);
  EXPECT_EQ(status("/socket_v1only/websocket?vsn=2.0.0"), 403);
}

TEST_F(SocketPlugTest, ARawHandlerNegotiatesNoVersion) { EXPECT_EQ(status("/raw/websocket?vsn=9"), 101); }

TEST_F(SocketPlugTest, AGlobTakesEveryPath) {
  WebSocketOptions options;
  options.path = "";
  const Plug plug = socket_plug({{.path = "/*rest", .handler = std::make_shared<TestHandler>(log, false), .websocket = options}}, {});
  for (const auto* path : {"/", "/a/b/c"}) {
    Peer peer({plug});
    peer.send(upgrade_request(path));
    EXPECT_EQ(status_of(peer.take()), 101) << path;
  }
  EXPECT_EQ(log->connects.back(), R"({"rest":["a","b","c"]})");
}

TEST_F(SocketPlugTest, RefusesMountsThatCannotWork) {  // A7 119
  WebSocketOptions open;
  open.check_origin = CheckOrigin::off();
  open.check_csrf = false;
  EXPECT_THROW(socket_plug({{.path = "/s", .handler = std::make_shared<TestHandler>(log, true), .websocket = open}}, {}),
               std::invalid_argument);
  EXPECT_THROW(socket_plug({{.path = "/s"}}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace phx::server::test
