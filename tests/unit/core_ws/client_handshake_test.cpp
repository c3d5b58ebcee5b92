#include <gtest/gtest.h>

#include <phx/core/ws/handshake.hpp>

using namespace phx;
using namespace phx::core::ws;

namespace {

constexpr const char* key = "dGhlIHNhbXBsZSBub25jZQ==";
const std::string good =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

ClientHandshakeOptions options() {
  return {.host = "localhost:4000", .target = "/socket/websocket?vsn=2.0.0", .subprotocols = {}, .headers = {}};
}

/// Everything observable at the end, as one text.
struct Outcome {
  std::string result, body, rest, subprotocol;
  int status = 0;
  bool deflate = false;
  bool operator==(const Outcome&) const = default;
  friend std::ostream& operator<<(std::ostream& os, const Outcome& o) {
    return os << o.result << " | " << o.status << " | " << o.body << " | " << o.rest << " | " << o.subprotocol << " | " << o.deflate;
  }
};

std::string name_of(const Result<bool>& result) { return result ? (*result ? "complete" : "more") : result.error().message(); }

Outcome run(const ClientHandshakeOptions& with, const std::vector<std::string_view>& pieces, bool finish = false) {
  ClientHandshake handshake(with, key);
  Result<bool> result = false;
  for (const auto piece : pieces) {
    result = handshake.feed(piece);
    if (!result) break;
  }
  if (finish && result) result = handshake.finish();
  const auto& answer = handshake.answer();
  return {name_of(result), answer.body, handshake.rest(), answer.subprotocol, answer.status, answer.deflate.has_value()};
}

/// The outcome, which must not depend on how the bytes were cut.
Outcome outcome(const ClientHandshakeOptions& with, std::string_view bytes, bool finish = false) {
  const Outcome whole = run(with, {bytes}, finish);
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
  EXPECT_EQ(run(with, single, finish), whole) << "byte by byte";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    EXPECT_EQ(run(with, {bytes.substr(0, cut), bytes.substr(cut)}, finish), whole) << "cut at " << cut;
  }
  return whole;
}

const std::string invalid = make_error_code(Errc::handshake_invalid).message();

std::string result_of(const std::string& bytes, const ClientHandshakeOptions& with = options()) { return outcome(with, bytes).result; }

}  // namespace

// RFC 6455 4.1
TEST(WsClientHandshake, Rfc6455_4_1_WritesTheRequest) {
  ClientHandshakeOptions with = options();
  EXPECT_EQ(ClientHandshake(with, key).request(),
            "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost:4000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  with.subprotocols = {"phoenix", "other"};
  with.offer_deflate = true;
  with.headers = {{"X-One", "1"}, {"host", "elsewhere"}};
  EXPECT_EQ(ClientHandshake(with, key).request(),
            "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: phoenix, other\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nX-One: 1\r\nhost: elsewhere\r\n\r\n");
}

TEST(WsClientHandshake, RefusesOptionsThatWouldBreakTheRequest) {
  const auto refused = [](auto change) {
    ClientHandshakeOptions with = options();
    change(with);
    EXPECT_THROW(ClientHandshake(with, key), std::invalid_argument);
  };
  refused([](auto& o) { o.target = "/a b"; });
  refused([](auto& o) { o.target = "a"; });
  refused([](auto& o) { o.host = "h\r\nX: y"; });
  refused([](auto& o) { o.headers = {{"X", "a\nb"}}; });
  refused([](auto& o) { o.headers = {{"X Y", "a"}}; });
  refused([](auto& o) { o.headers = {{"Upgrade", "a"}}; });
  refused([](auto& o) { o.headers = {{"Sec-WebSocket-Protocol", "a"}}; });
  refused([](auto& o) { o.subprotocols = {"a,b"}; });
}

TEST(WsClientHandshake, Rfc6455_4_1_TakesAGoodAnswerAndKeepsTheFirstFrames) {
  const Outcome got = outcome(options(), good + "\r\n\x81\x02hi");
  EXPECT_EQ(got, (Outcome{.result = "complete", .body = "", .rest = "\x81\x02hi", .subprotocol = "", .status = 101}));
}

TEST(WsClientHandshake, SkipsInterimAnswers) {
  EXPECT_EQ(outcome(options(), "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + good + "\r\n").status, 101);
}

TEST(WsClientHandshake, Rfc6455_4_1_RefusesAWrongSwitch) {
  const std::string line = "HTTP/1.1 101 Switching Protocols\r\n", upgrade = "Upgrade: websocket\r\n",
                    connection = "Connection: Upgrade\r\n";
  const std::string accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
  EXPECT_EQ(result_of(line + upgrade + connection + accept + "\r\n"), "complete");
  EXPECT_EQ(result_of(line + connection + accept + "\r\n"), invalid);
  EXPECT_EQ(result_of(line + upgrade + accept + "\r\n"), invalid);
  EXPECT_EQ(result_of(line + upgrade + connection + "\r\n"), invalid);
  EXPECT_EQ(result_of(line + upgrade + connection + "Sec-WebSocket-Accept: AAAALMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"), invalid);
  EXPECT_EQ(result_of(line + upgrade + connection + accept + accept + "\r\n"), invalid);
  EXPECT_EQ(result_of("HTTP/1.0 101 OK\r\n" + upgrade + connection + accept + "\r\n"), invalid);
}

TEST(WsClientHandshake, Rfc6455_4_1_SubprotocolMustHaveBeenOffered) {
  ClientHandshakeOptions with = options();
  const std::string answer = good + "Sec-WebSocket-Protocol: phoenix\r\n";
  EXPECT_EQ(result_of(answer + "\r\n", with), invalid);
  with.subprotocols = {"other", "phoenix"};
  EXPECT_EQ(outcome(with, answer + "\r\n").subprotocol, "phoenix");
  EXPECT_EQ(result_of(answer + "Sec-WebSocket-Protocol: other\r\n\r\n", with), invalid);
  EXPECT_EQ(result_of(good + "\r\n", with), "complete");
}

// RFC 6455 9.1 and RFC 7692 7.1
TEST(WsClientHandshake, Rfc7692_7_1_ExtensionMustHaveBeenOffered) {
  ClientHandshakeOptions with = options();
  const auto answer = [](const std::string& value) { return good + "Sec-WebSocket-Extensions: " + value + "\r\n\r\n"; };
  EXPECT_EQ(result_of(answer("permessage-deflate"), with), invalid);
  with.offer_deflate = true;
  for (const char* value : {"permessage-deflate", "permessage-deflate; server_no_context_takeover; client_max_window_bits=15",
                            "permessage-deflate; server_max_window_bits=\"10\""}) {
    EXPECT_TRUE(outcome(with, answer(value)).deflate) << value;
  }
  for (const char* value :
       {"x-other", "permessage-deflate, permessage-deflate", "permessage-deflate; what", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover"}) {
    EXPECT_EQ(result_of(answer(value), with), invalid) << value;
  }
}

TEST(WsClientHandshake, GivesARefusalAsData) {
  const Outcome by_length = outcome(options(), "HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nnope");
  EXPECT_EQ(by_length, (Outcome{.result = "complete", .body = "nope", .rest = "", .subprotocol = "", .status = 403}));
  const Outcome empty = outcome(options(), "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
  EXPECT_EQ(empty.result, "complete");
  const Outcome chunked = outcome(options(), "HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n");
  EXPECT_EQ(chunked.result, "complete");
  EXPECT_EQ(chunked.body, "abcde");
  const Outcome none = outcome(options(), "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
  EXPECT_EQ(none.result, "complete");
  EXPECT_EQ(none.body, "");
}

// golden no_host: the server answers in HTTP/1.0 and closes
TEST(WsClientHandshake, TheEndOfTheConnectionEndsARefusal) {
  const std::string answer = "HTTP/1.0 400 Bad Request\r\nconnection: close\r\n\r\nwhy";
  EXPECT_EQ(outcome(options(), answer).result, "more");
  const Outcome ended = outcome(options(), answer, true);
  EXPECT_EQ(ended.result, "complete");
  EXPECT_EQ(ended.body, "why");
  EXPECT_EQ(outcome(options(), "HTTP/1.1 101 Sw", true).result, make_error_code(Errc::connection_closed).message());
}

TEST(WsClientHandshake, RefusesWhatIsNotHttp) {
  for (const char* bytes :
       {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 101 OK\r\nno colon\r\n\r\n", "HTTP/1.1 101 OK\r\nA: b\r\n folded\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n"}) {
    EXPECT_EQ(result_of(bytes), invalid) << bytes;
  }
}

TEST(WsClientHandshake, LimitsHeadAndBody) {
  ClientHandshake endless(options(), key);
  ASSERT_TRUE(endless.feed("HTTP/1.1 101 OK\r\nA: "));
  const auto result = endless.feed(std::string(65 * 1024, 'x'));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), make_error_code(Errc::header_too_large));

  ClientHandshake long_body(options(), key);
  EXPECT_EQ(long_body.feed("HTTP/1.1 500 Oops\r\n\r\n" + std::string(20 * 1024, 'x')), true);
  EXPECT_EQ(long_body.answer().body.size(), 16u * 1024);
}

TEST(WsClientHandshake, SaysWhatWasWrongWithoutRepeatingIt) {
  ClientHandshake handshake(options(), key);
  EXPECT_FALSE(handshake.feed(good + "Sec-WebSocket-Protocol: s3cret\r\n\r\n"));
  EXPECT_EQ(handshake.detail(), "101 with a subprotocol that was not offered");
}
