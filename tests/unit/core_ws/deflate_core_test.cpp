// permessage-deflate inside WebSocketCore: both roles against each other, and what a peer may do wrong.
#include "core_feed.hpp"

namespace phx::core::ws::test {
namespace {

std::unique_ptr<PerMessageDeflate> codec(Role role, const DeflateParams& params, DeflateContext& context,
                                         const DeflateLimits& limits = {}) {
  return std::make_unique<PerMessageDeflate>(role, params, context, limits);
}

class Server {
 public:
  explicit Server(const DeflateParams& params = {}, const DeflateLimits& limits = {}, const Limits& frames = default_limits)
      : core(Role::server, frames) {
    core.use_deflate(codec(Role::server, params, context_, limits));
  }
  Lines got(const std::string& bytes) { return feed(core, bytes, out); }

  std::string out;
  WebSocketCore core;

 private:
  DeflateContext context_;
};

std::string deflated(std::string_view message) {
  MessageDeflater deflater;
  std::string out;
  deflater.deflate(message, out);
  return out;
}

std::string compressed_frame(std::string_view message) { return frame(FrameOp::text, deflated(message), {.rsv1 = true}); }

std::string violation(std::uint16_t code, Errc why) { return describe(WebSocketCore::Closed{code, {}, false, make_error_code(why)}); }

/// A client and a server that agreed on `params`; the bytes between them are cut into pieces.
void talk(const DeflateParams& params, bool server_keeps, std::size_t piece) {
  DeflateContext at_client, at_server;
  WebSocketCore client(Role::client, default_limits, fixed_mask()), server(Role::server, default_limits);
  client.use_deflate(codec(Role::client, params, at_client));
  server.use_deflate(codec(Role::server, params, at_server, {.context_takeover = server_keeps}));
  const auto carry = [&](WebSocketCore& to, const std::string& bytes, std::string& answers) {
    Lines lines;
    for (std::size_t i = 0; i < bytes.size(); i += piece)
      for (auto& line : feed(to, bytes.substr(i, piece), answers)) lines.push_back(std::move(line));
    return lines;
  };
  for (int round = 0; round < 3; ++round) {
    const std::string long_text = std::string(600, 'x') + std::to_string(round);
    std::string up, down;
    client.send(Opcode::text, "hello hello", {}, up);
    client.ping("p", {}, up);
    client.send(Opcode::binary, "", {}, up);
    client.send(Opcode::text, long_text, {}, up);
    ASSERT_EQ(carry(server, up, down), (Lines{"text hello hello", "ping p", "binary ", "text " + long_text}));
    server.send(Opcode::text, long_text, {}, down);
    server.send(Opcode::text, "", {}, down);
    server.send(Opcode::binary, "hello hello", {}, down);
    ASSERT_EQ(carry(client, down, up), (Lines{"pong p", "text " + long_text, "text ", "binary hello hello"}));
  }
  EXPECT_EQ(client.deflate()->holds_context(), !params.server_no_context_takeover || !params.client_no_context_takeover);
  EXPECT_EQ(server.deflate()->holds_context(), !params.client_no_context_takeover || (server_keeps && !params.server_no_context_takeover));
}

}  // namespace

// RFC 7692 7.1: every combination, as every pair of window sizes that differ or are extreme
TEST(WsDeflateCore, BothRolesTalkUnderEveryAgreement) {
  for (int switches = 0; switches < 8; ++switches)
    for (const std::uint8_t server_bits : std::initializer_list<std::uint8_t>{8, 9, 12, 15})
      for (const std::uint8_t client_bits : std::initializer_list<std::uint8_t>{8, 10, 15})
        talk({(switches & 1) != 0, (switches & 2) != 0, server_bits, client_bits}, (switches & 4) != 0, 7);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{100'000}}) talk({}, true, piece);
}

// RFC 7692 6.1, 6.2: RSV1 on the first fragment only; control frames between them; any cut gives the same
TEST(WsDeflateCore, Rfc7692_6_PutsFragmentsTogetherHoweverTheBytesAreCut) {
  const std::string payload = deflated("h\xC3\xA9llo h\xC3\xA9llo");
  std::string bytes = frame(FrameOp::text, payload.substr(0, 3), {.fin = false, .rsv1 = true});
  bytes += frame(FrameOp::ping, "between") + frame(FrameOp::continuation, payload.substr(3, 4), {.fin = false});
  bytes += frame(FrameOp::pong, "") + frame(FrameOp::continuation, payload.substr(7));
  bytes += frame(FrameOp::text, "plain") + compressed_frame("") + compressed_frame("end");
  const Lines expected{"ping between", "pong ", "text h\xC3\xA9llo h\xC3\xA9llo", "text plain", "text ", "text end"};
  const DeflateParams no_context{.client_no_context_takeover = true};
  EXPECT_EQ(Server(no_context).got(bytes), expected);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Server server(no_context);
    Lines lines = server.got(bytes.substr(0, cut));
    for (auto& line : server.got(bytes.substr(cut))) lines.push_back(std::move(line));
    ASSERT_EQ(lines, expected) << cut;
  }
}

// server.md 2.2; RFC 7692 6
TEST(WsDeflateCore, Rsv1ElsewhereIsAViolation) {
  const std::string broken = violation(1002, Errc::protocol_error);
  EXPECT_EQ(Server().got(frame(FrameOp::ping, "", {.rsv1 = true})), Lines{broken});
  EXPECT_EQ(Server().got(frame(FrameOp::text, "a", {.fin = false}) + frame(FrameOp::continuation, "b", {.rsv1 = true})), Lines{broken});
  WebSocketCore without(Role::server, default_limits);
  std::string out;
  EXPECT_EQ(feed(without, compressed_frame("a"), out), Lines{broken}) << "golden ws_protocol/rsv1_without_extension";
}

// server.md 2.2: 1007
TEST(WsDeflateCore, BrokenDataAndTextThatIsNotUtf8CloseWith1007) {
  Server broken;
  EXPECT_EQ(broken.got(frame(FrameOp::text, "\xff\xff\xff", {.rsv1 = true})), Lines{violation(1007, Errc::bad_deflate)});
  EXPECT_EQ(read_as_peer_of(Role::server, broken.out), Lines{"close 1007 "});
  EXPECT_EQ(Server().got(compressed_frame("h\xC3")), Lines{violation(1007, Errc::invalid_utf8)});
  EXPECT_EQ(Server().got(frame(FrameOp::binary, deflated("h\xC3"), {.rsv1 = true})), Lines{"binary h\xC3"});
}

// server.md 2.1: inflation beyond 25 times the compressed size; a message limit always
TEST(WsDeflateCore, InflationIsBounded) {
  const DeflateLimits phoenix{.context_takeover = false, .max_ratio = 25};
  const std::string too_much = violation(1009, Errc::message_too_large);
  const std::size_t size = deflated(std::string(1000, 'a')).size();
  ASSERT_LT(size * 25, 1000u);
  Server bomb({}, phoenix);
  EXPECT_EQ(bomb.got(compressed_frame(std::string(1000, 'a'))), Lines{too_much});
  EXPECT_EQ(read_as_peer_of(Role::server, bomb.out), Lines{"close 1009 "});
  const std::string little(deflated(std::string(100, 'a')).size() * 25, 'a');
  EXPECT_EQ(Server({}, phoenix).got(compressed_frame(little)), Lines{"text " + little}) << "exactly 25 times";

  static constexpr Limits small{.max_message = 2000};
  EXPECT_EQ(Server({}, {}, small).got(compressed_frame(std::string(2000, 'a'))), Lines{"text " + std::string(2000, 'a')});
  EXPECT_EQ(Server({}, {}, small).got(compressed_frame(std::string(2001, 'a'))), Lines{too_much});
}

TEST(WsDeflateCore, ControlFramesAreNeverCompressed) {
  Server server;
  server.core.ping("p", {}, server.out);
  server.core.close(1000, "bye", {}, server.out);
  EXPECT_EQ(read_as_peer_of(Role::server, server.out), (Lines{"ping p", "close 1000 bye"}));
}

namespace {

class PlainTap final : public FrameTap {
 public:
  void on_frame(Direction direction, FrameOp, std::string_view payload, Instant) override {
    seen.push_back((direction == Direction::in ? "in " : "out ") + std::string(payload));
  }
  Lines seen;
};

}  // namespace

TEST(WsDeflateCore, TheTapSeesThePlainText) {
  PlainTap tap;
  DeflateContext context;
  WebSocketCore core(Role::server, default_limits, {}, &tap);
  core.use_deflate(codec(Role::server, {}, context));
  std::string out;
  feed(core, compressed_frame("question"), out);
  core.send(Opcode::text, "answer", {}, out);
  EXPECT_EQ(tap.seen, (Lines{"in question", "out answer"}));
}

}  // namespace phx::core::ws::test
