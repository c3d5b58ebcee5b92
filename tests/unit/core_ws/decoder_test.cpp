#include "ws_feed.hpp"

using namespace phx;
using namespace phx::core::ws;
using namespace phx::core::ws::test;
using phx::golden::from_hex;

namespace {

const std::string protocol_failure = failed(1002, Errc::protocol_error);
const std::string utf8_failure = failed(1007, Errc::invalid_utf8);

void refuses(std::string_view hex, Role role = Role::server) {
  SCOPED_TRACE(std::string(hex));
  expect_however_cut({.role = role}, from_hex(hex), {protocol_failure});
}

}  // namespace

TEST(WsDecoder, Rfc6455_5_7_ReadsTheExamples) {
  const Setting client{.role = Role::client};
  expect_however_cut(client, from_hex("810548656c6c6f"), {"text Hello"});
  expect_however_cut({}, from_hex("818537fa213d7f9f4d5158"), {"text Hello"});
  expect_however_cut(client, from_hex("010348656c80026c6f"), {"text Hello"});
  expect_however_cut(client, from_hex("890548656c6c6f"), {"ping Hello"});
  expect_however_cut({}, from_hex("8a8537fa213d7f9f4d5158"), {"pong Hello"});
  expect_however_cut(client, from_hex("827e0100") + std::string(256, 'b'), {"binary " + std::string(256, 'b')});
  expect_however_cut(client, from_hex("827f0000000000010000") + std::string(65536, 'b'), {"binary " + std::string(65536, 'b')});
}

TEST(WsDecoder, Rfc6455_5_2_ReadsAllLengthForms) {
  for (const std::size_t length : {0u, 1u, 124u, 125u, 126u, 127u, 65535u, 65536u}) {
    const std::string payload(length, 'x');
    expect_however_cut({}, text(payload) + text("next"), {"text " + payload, "text next"});
  }
}

// Bandit takes lengths written longer than needed, so the server does; the client holds to the RFC.
TEST(WsDecoder, Rfc6455_5_2_LengthLongerThanNeeded) {
  expect_however_cut({}, from_hex("81fe000500000000") + "Hello", {"text Hello"});
  expect_however_cut({}, from_hex("81ff000000000000000500000000") + "Hello", {"text Hello"});
  refuses("817e000548656c6c6f", Role::client);
  refuses("817f000000000000000548656c6c6f", Role::client);
  refuses("817f000000000000ffff", Role::client);
}

TEST(WsDecoder, Rfc6455_5_2_RefusesTheTopBitOfALength) { refuses("82ff800000000000000100000000"); }

TEST(WsDecoder, Rfc6455_5_2_RefusesReservedBits) {
  for (const char* hex : {"c18000000000", "a18000000000", "918000000000", "c98000000000", "a98000000000"}) refuses(hex);
}

TEST(WsDecoder, Rfc6455_5_2_RefusesReservedOpcodes) {
  for (const char* hex : {"838000000000", "848000000000", "878000000000", "8b8000000000", "8f8000000000"}) refuses(hex);
}

TEST(WsDecoder, Rfc6455_5_1_ServerNeedsMasksAndClientRefusesThem) {
  refuses("810548656c6c6f");
  refuses("818537fa213d7f9f4d5158", Role::client);
}

TEST(WsDecoder, Rfc6455_5_4_JoinsFragmentsAroundControlFrames) {
  const std::string bytes =
      open_text("one ") + frame(FrameOp::ping, "p1") + more("two ") + frame(FrameOp::pong, "p2") + last("three") + text("after");
  expect_however_cut({}, bytes, {"ping p1", "pong p2", "text one two three", "text after"});
}

TEST(WsDecoder, Rfc6455_5_4_RefusesFragmentsOutOfOrder) {
  expect_however_cut({}, last("x"), {protocol_failure});
  expect_however_cut({}, more("x"), {protocol_failure});
  expect_however_cut({}, open_text("a") + text("b"), {protocol_failure});
  expect_however_cut({}, open_text("a") + frame(FrameOp::binary, "b"), {protocol_failure});
  expect_however_cut({}, open_text("a") + last("b") + last("c"), {"text ab", protocol_failure});
}

TEST(WsDecoder, Rfc6455_5_5_RefusesLongAndFragmentedControlFrames) {
  refuses("89fe007e00000000");
  refuses("89fe000500000000");
  refuses("098000000000");
  refuses("088000000000");
  expect_however_cut({}, frame(FrameOp::ping, std::string(125, 'p')), {"ping " + std::string(125, 'p')});
}

TEST(WsDecoder, Rfc6455_5_5_1_ReadsCloseFrames) {
  expect_however_cut({}, frame(FrameOp::close, ""), {"close 1005 "});
  expect_however_cut({}, frame(FrameOp::close, close_payload(1000)), {"close 1000 "});
  expect_however_cut({}, frame(FrameOp::close, close_payload(4000, "why \xE2\x82\xAC")), {"close 4000 why \xE2\x82\xAC"});
  expect_however_cut({}, frame(FrameOp::close, "\x03"), {protocol_failure});
  expect_however_cut({}, frame(FrameOp::close, "\x03\xED"), {protocol_failure});  // 1005 may not be sent
}

// golden client_close_bad_utf8 for the server, RFC 6455 8.1 for the client.
TEST(WsDecoder, Rfc6455_5_5_1_RefusesABadCloseReason) {
  const std::string body = from_hex("03e8ff");
  expect_however_cut({}, frame(FrameOp::close, body), {failed(1002, Errc::invalid_utf8)});
  expect_however_cut({.role = Role::client}, frame(FrameOp::close, body, {.masked = false}), {utf8_failure});
}

TEST(WsDecoder, Rfc6455_5_5_1_DiscardsWhatFollowsAClose) {
  expect_however_cut({}, frame(FrameOp::close, close_payload(1000)) + text("late") + from_hex("ff"), {"close 1000 "});
}

TEST(WsDecoder, Rfc6455_8_1_ChecksTextAcrossFragments) {
  expect_however_cut({}, open_text("\xE2") + more("\x82") + last("\xAC"), {"text \xE2\x82\xAC"});
  expect_however_cut({}, open_text("\xE2") + frame(FrameOp::ping, "") + last("\x82\xAC"), {"ping ", "text \xE2\x82\xAC"});
  expect_however_cut({}, open_text("\xE2") + last("x"), {utf8_failure});
  expect_however_cut({}, open_text("ok") + last("\xE2\x82"), {utf8_failure});
  expect_however_cut({}, text("\xE2\x82"), {utf8_failure});
  expect_however_cut({}, text("[\xFF\xFE]"), {utf8_failure});
  expect_however_cut({}, frame(FrameOp::binary, "\xFF\xFE"), {"binary \xFF\xFE"});
}

TEST(WsDecoder, Rfc6455_8_1_FailsAtTheFirstBadByteOfAnUnfinishedFrame) {
  const std::string whole = text(std::string(100, 'a') + '\xFF' + std::string(100, 'a'));
  const std::string_view bytes = whole;
  const std::size_t until_bad = 8 + 101;  // four bytes of header and length, four of mask
  EXPECT_EQ(decode_pieces(Setting{}, {bytes.substr(0, until_bad - 1)}), Lines{});
  EXPECT_EQ(decode_pieces(Setting{}, {bytes.substr(0, until_bad)}), Lines{utf8_failure});
}

// golden frame_total_1000, frame_total_1001, frame_over_limit_header_only
TEST(WsDecoder, LimitOfAFrameCountsItsHeader) {
  Setting setting;
  setting.limits.max_frame = 1000;
  const std::string too_large = failed(1009, Errc::frame_too_large);
  expect_however_cut(setting, text(std::string(992, 'x')), {"text " + std::string(992, 'x')});
  expect_however_cut(setting, text(std::string(993, 'x')), {too_large});
  expect_however_cut(setting, from_hex("81ff0000000000100000"), {too_large});
}

// server.md 2.1: an assembled message above the limit gets 1009; a single frame answers to its own limit.
TEST(WsDecoder, LimitOfAMessageCountsFragmentsOnly) {
  Setting setting;
  setting.limits.max_message = 10;
  const std::string too_large = failed(1009, Errc::message_too_large);
  expect_however_cut(setting, text("eleven byte"), {"text eleven byte"});
  expect_however_cut(setting, open_text("12345") + last("67890"), {"text 1234567890"});
  expect_however_cut(setting, open_text("12345") + last("678901"), {too_large});
  expect_however_cut(setting, open_text("12345678901"), {too_large});
}

TEST(WsDecoder, LimitOfFragments) {
  Setting setting;
  setting.limits.max_fragments = 3;
  expect_however_cut(setting, open_text("1") + more("2") + last("3"), {"text 123"});
  expect_however_cut(setting, open_text("1") + more("2") + more("3") + last("4"), {failed(1009, Errc::message_too_large)});
}

// server.md 2.1: an empty continuation that is not the last gets 1008.
TEST(WsDecoder, EmptyContinuation) {
  Setting setting;
  expect_however_cut(setting, open_text("a") + more(""), {failed(1008, Errc::protocol_error)});
  expect_however_cut(setting, open_text("") + last(""), {"text "});
  setting.limits.allow_empty_continuation = true;
  expect_however_cut(setting, open_text("a") + more("") + last("b"), {"text ab"});
}

// RFC 7692 6: RSV1 marks the first frame of a compressed message, which is not text before it is inflated.
TEST(WsDecoder, Rfc7692_6_MarksCompressedMessages) {
  const Setting setting{.allow_rsv1 = true};
  expect_however_cut(setting, frame(FrameOp::text, "\xF2\x48", {.rsv1 = true}) + text("plain"),
                     {"text \xF2\x48 (compressed)", "text plain"});
  expect_however_cut(setting, frame(FrameOp::text, "\xF2", {.fin = false, .rsv1 = true}) + last("\x48"), {"text \xF2\x48 (compressed)"});
  expect_however_cut(setting, open_text("a") + frame(FrameOp::continuation, "b", {.rsv1 = true}), {protocol_failure});
  expect_however_cut(setting, frame(FrameOp::ping, "b", {.rsv1 = true}), {protocol_failure});
}

TEST(WsDecoder, NeverCopiesAFrameThatArrivedWhole) {
  Decoder decoder(Role::server);
  std::string bytes = text("first") + frame(FrameOp::ping, "second");
  const auto inside = [&](std::string_view part) { return part.data() > bytes.data() && part.data() < bytes.data() + bytes.size(); };
  decoder.feed(bytes);
  EXPECT_TRUE(inside(std::get<MessageEvent>(*decoder.next()).data));
  EXPECT_TRUE(inside(std::get<PingEvent>(*decoder.next()).data));
  EXPECT_FALSE(decoder.next());
  EXPECT_FALSE(decoder.holds_partial());
}

TEST(WsDecoder, HoldsMemoryOnlyWhileSomethingIsUnfinished) {
  Decoder decoder(Role::server);
  const std::string bytes = open_text("first") + last("second");
  EXPECT_EQ(decode_pieces(decoder, {std::string_view(bytes).substr(0, 3)}), Lines{});
  EXPECT_TRUE(decoder.holds_partial());
  EXPECT_EQ(decode_pieces(decoder, {std::string_view(bytes).substr(3)}), Lines{"text firstsecond"});
  EXPECT_FALSE(decoder.holds_partial());
}

TEST(WsDecoder, GivesBackWhatItHasNotTaken) {
  Decoder decoder(Role::server);
  std::string bytes = text("one") + text("two");
  decoder.feed(bytes);
  ASSERT_TRUE(decoder.next());
  EXPECT_THROW(decoder.feed(bytes), std::logic_error);
  const auto rest = decoder.release_input();
  std::string kept(rest.begin(), rest.end());
  EXPECT_FALSE(decoder.next());
  decoder.feed(kept);
  Lines lines;
  drain(decoder, lines);
  EXPECT_EQ(lines, Lines{"text two"});
}
