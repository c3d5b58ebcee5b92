#include "ws_feed.hpp"

#include <numeric>

using namespace phx;
using namespace phx::core::ws;
using namespace phx::core::ws::test;
using phx::golden::from_hex;
using phx::golden::to_hex;

namespace {

std::string hex_frame(FrameOp op, std::string_view payload, std::optional<std::uint32_t> with_mask = {}, bool fin = true) {
  std::string out;
  append_frame(out, op, payload, with_mask, fin);
  return to_hex(out);
}

}  // namespace

// RFC 6455 5.7, the examples.
TEST(WsFrame, Rfc6455_5_7_WritesTheExamples) {
  EXPECT_EQ(hex_frame(FrameOp::text, "Hello"), "810548656c6c6f");
  EXPECT_EQ(hex_frame(FrameOp::text, "Hello", 0x37fa213d), "818537fa213d7f9f4d5158");
  EXPECT_EQ(hex_frame(FrameOp::text, "Hel", {}, false), "010348656c");
  EXPECT_EQ(hex_frame(FrameOp::continuation, "lo"), "80026c6f");
  EXPECT_EQ(hex_frame(FrameOp::ping, "Hello"), "890548656c6c6f");
  EXPECT_EQ(hex_frame(FrameOp::pong, "Hello", 0x37fa213d), "8a8537fa213d7f9f4d5158");
  EXPECT_EQ(to_hex(make_header(FrameOp::binary, 256).view()), "827e0100");
  EXPECT_EQ(to_hex(make_header(FrameOp::binary, 65536).view()), "827f0000000000010000");
}

// RFC 6455 5.2: the shortest of the three forms.
TEST(WsFrame, Rfc6455_5_2_WritesTheShortestLength) {
  EXPECT_EQ(make_header(FrameOp::text, 125).size, 2u);
  EXPECT_EQ(make_header(FrameOp::text, 126).size, 4u);
  EXPECT_EQ(make_header(FrameOp::text, 65535).size, 4u);
  EXPECT_EQ(make_header(FrameOp::text, 65536).size, 10u);
  EXPECT_EQ(make_header(FrameOp::text, 65536, mask).size, 14u);
  EXPECT_EQ(to_hex(make_header(FrameOp::text, 1, {}, true, true).view()), "c101");
}

// RFC 6455 5.3: octet i is XORed with mask octet i mod 4.
TEST(WsFrame, Rfc6455_5_3_MasksLikeTheDefinition) {
  const std::string key = from_hex("37fa213d");
  for (std::size_t length = 0; length < 80; ++length) {
    for (std::size_t offset = 0; offset < 5; ++offset) {
      std::string data(length, '\0'), expected(length, '\0');
      std::iota(data.begin(), data.end(), '\1');
      for (std::size_t i = 0; i < length; ++i) expected[i] = static_cast<char>(data[i] ^ key[(i + offset) % 4]);
      const std::string before = data;
      apply_mask(data, mask, offset);
      ASSERT_EQ(data, expected) << length << " bytes at offset " << offset;
      apply_mask(data, mask, offset);
      ASSERT_EQ(data, before);
    }
  }
}

// RFC 6455 5.5.1 and 7.1.5.
TEST(WsFrame, Rfc6455_5_5_1_ClosePayload) {
  EXPECT_EQ(to_hex(close_payload(1000, "bye")), "03e8627965");
  EXPECT_EQ(close_payload(1005), "");
  EXPECT_EQ(close_payload(1000, std::string(200, 'x')).size(), 125u);
  // 122 bytes, then a character of three bytes, which no longer fits
  EXPECT_EQ(close_payload(1000, std::string(122, 'x') + "\xE2\x82\xAC").size(), 124u);
}
