// Client and server machines on a wire that cuts the bytes anywhere.
#include "core_feed.hpp"

using namespace phx;
using namespace phx::core;
using namespace phx::core::ws;
using namespace phx::core::ws::test;

namespace {

class Pair {
 public:
  explicit Pair(std::size_t piece) : piece_(piece) {}

  WebSocketCore client{Role::client, default_limits, [n = 0u]() mutable { return n += 0x9E3779B9u; }};
  WebSocketCore server{Role::server, default_limits};
  std::string to_server, to_client;
  Lines at_server, at_client;

  /// Carries bytes until both are silent.
  void run() {
    while (!to_server.empty() || !to_client.empty()) {
      carry(server, to_server, to_client, at_server);
      carry(client, to_client, to_server, at_client);
    }
  }

 private:
  void carry(WebSocketCore& receiver, std::string& from, std::string& answers, Lines& lines) const {
    const std::string bytes = std::exchange(from, {});
    for (std::size_t i = 0; i < bytes.size(); i += piece_) {
      const Lines events = feed(receiver, bytes.substr(i, piece_), answers);
      lines.insert(lines.end(), events.begin(), events.end());
    }
  }

  std::size_t piece_;
};

class WebSocketPair : public testing::TestWithParam<std::size_t> {};

}  // namespace

TEST_P(WebSocketPair, TalksAndClosesFromTheClient) {
  Pair pair(GetParam());
  const std::string large(70'000, 'z');
  pair.client.send(Opcode::text, "h\xC3\xA9llo", {}, pair.to_server);
  pair.client.ping("p", {}, pair.to_server);
  pair.client.send(Opcode::binary, large, {}, pair.to_server);
  pair.server.send(Opcode::text, large, {}, pair.to_client);
  pair.run();
  EXPECT_EQ(pair.at_server, (Lines{"text h\xC3\xA9llo", "ping p", "binary " + large}));
  EXPECT_EQ(pair.at_client, (Lines{"text " + large, "pong p"}));

  pair.client.close(4001, "bye", {}, pair.to_server);
  pair.run();
  EXPECT_EQ(pair.at_server.back(), "closed 4001 bye");
  EXPECT_EQ(pair.at_client.back(), "closed 1000 ");  // golden client_close_4999: answered with 1000
}

TEST_P(WebSocketPair, ClosesFromTheServer) {
  Pair pair(GetParam());
  pair.server.close(1001, "going", {}, pair.to_client);
  pair.run();
  EXPECT_EQ(pair.at_client, Lines{"closed 1001 going"});
  EXPECT_EQ(pair.at_server, Lines{"closed 1001 "});
}

TEST_P(WebSocketPair, BothCloseAtOnce) {
  Pair pair(GetParam());
  pair.client.close(1000, "", {}, pair.to_server);
  pair.server.close(1000, "", {}, pair.to_client);
  pair.run();
  EXPECT_EQ(pair.at_client, Lines{"closed 1000 "});
  EXPECT_EQ(pair.at_server, Lines{"closed 1000 "});
}

INSTANTIATE_TEST_SUITE_P(Pieces, WebSocketPair, testing::Values(1, 2, 7, 1000, 1'000'000));
