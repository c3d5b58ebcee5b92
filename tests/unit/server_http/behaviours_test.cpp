// Numbered behaviours (docs/conformance.md) of requests that no other test is about.
#include <gtest/gtest.h>

#include <phx/core/json.hpp>

#include "peer.hpp"

namespace phx::server::test {
namespace {

using core::ws::FrameOp;

struct HttpBehavioursTest : testing::Test {
  Peer& open(std::string path, WebSocketOptions options, std::string_view request, std::string_view headers = {}, bool channels = true) {
    peer.emplace(PlugChain{socket_plug(
        {{.path = std::move(path), .handler = std::make_shared<TestHandler>(log, channels), .websocket = std::move(options)}}, {})});
    peer->send(upgrade_request(request, headers));
    return *peer;
  }
  std::shared_ptr<Log> log = std::make_shared<Log>();
  std::optional<Peer> peer;
};

// A1.1, A2.50
TEST_F(HttpBehavioursTest, PathsMayHaveSeveralSegments) {
  EXPECT_EQ(status_of(open("/ws/admin", {}, "/ws/admin/websocket").take()), 101);
  WebSocketOptions options;
  options.path = "nested/path";
  EXPECT_EQ(status_of(open("/ws", options, "/ws/nested/path").take()), 101);
}

// A1.14, A1.15
TEST_F(HttpBehavioursTest, ConnectInfoHasProtocolAndTraceHeadersAsSent) {
  WebSocketOptions options;
  options.connect_info = {.trace_context_headers = true, .sec_websocket_headers = true};
  open("/s", options, "/s/websocket",
       "sec-websocket-protocol: a, b\r\nsec-websocket-extensions: foo; y=1\r\ntraceparent: 00-1\r\ntracestate: k=v\r\nx-a: 1\r\n");
  const auto& info = log->infos.back();
  EXPECT_EQ(info.trace_context_headers, (ConnectInfo::Headers{{"traceparent", "00-1"}, {"tracestate", "k=v"}}));
  ASSERT_TRUE(info.sec_websocket_headers);
  for (const auto& header : ConnectInfo::Headers{{"sec-websocket-protocol", "a, b"}, {"sec-websocket-extensions", "foo; y=1"}})
    EXPECT_NE(std::ranges::find(*info.sec_websocket_headers, header), info.sec_websocket_headers->end()) << header.first;
  EXPECT_FALSE(info.x_headers || info.user_agent);
}

// A2.53
TEST_F(HttpBehavioursTest, ASessionMayPingAndSeesThePong) {
  open("/s", {}, "/s/websocket", {}, false);
  peer->take();
  const auto chunk = ChunkRef::make();
  chunk->bytes = server_frame(FrameOp::ping, "are you there");
  log->link->outbox().push(chunk, 0, static_cast<std::uint32_t>(chunk->bytes.size()));
  peer->turn();
  EXPECT_EQ(peer->take(), server_frame(FrameOp::ping, "are you there"));
  peer->send(client_frame(FrameOp::pong, "are you there"));
  EXPECT_EQ(log->messages, std::vector<std::string>{"pong:are you there"});
}

// A1.35
TEST_F(HttpBehavioursTest, AnUnknownVersionIsRefusedAndLogged) {
  struct Lines final : Observer {
    void log(const LogEvent& event) override { lines.push_back(std::string(event.what) + " " + std::string(event.detail)); }
    std::vector<std::string> lines;
  } observer;
  Peer other({socket_plug({{.path = "/s", .handler = std::make_shared<TestHandler>(log, true)}}, {.observer = &observer})});
  other.send(upgrade_request("/s/websocket?vsn=123.1.1"));
  EXPECT_EQ(status_of(other.take()), 403);
  EXPECT_EQ(observer.lines, std::vector<std::string>{R"(no serializer for the client's vsn "123.1.1")"});
}

}  // namespace
}  // namespace phx::server::test
