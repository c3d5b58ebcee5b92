// V2 binary frames, server.md 4.4: both kind-0 layouts, replies, broadcasts, limits.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <phx/core/serializer.hpp>

#include "support/golden.hpp"

namespace phx::core {
namespace {

using namespace std::string_literals;
using golden::from_hex;
using Kind = MessageView::Kind;

MessageView message(Kind kind, std::string_view join_ref, std::string_view ref, std::string_view topic, std::string_view event,
                    std::string_view payload) {
  return {.kind = kind,
          .join_ref = join_ref,
          .ref = ref,
          .topic = topic,
          .event = event,
          .status = kind == Kind::reply ? "ok" : "",
          .payload = payload,
          .payload_kind = PayloadKind::binary};
}

std::string encode(const MessageView& m) {
  std::string out;
  EXPECT_EQ(v2_serializer().encode(m, out), Opcode::binary);
  return out;
}

class BinaryTest : public ::testing::Test {
 protected:
  EnvelopeView from_client(std::string frame) {
    return checked(v2_serializer().decode_client(Opcode::binary, frame_ = std::move(frame), scratch_));
  }
  EnvelopeView from_server(std::string frame) {
    return checked(v2_serializer().decode_server(Opcode::binary, frame_ = std::move(frame), scratch_));
  }

  static EnvelopeView checked(const Result<EnvelopeView>& view) {
    EXPECT_TRUE(view);
    return view.value_or(EnvelopeView{});
  }

  std::string frame_;  // views borrow from it
  EnvelopeScratch scratch_;
};

const std::string b1 = "\x00\x02\x03\x05\x05"s + "12" + "123" + "topic" + "event" + "efg";  // 65 66 67
const std::string b2 = "\x00\x02\x05\x05"s + "12" + "topic" + "event" + "efg";
const std::string b3 = "\x01\x02\x03\x05\x02"s + "12" + "123" + "topic" + "ok" + "efg";
const std::string b4 = "\x02\x05\x05"s + "topic" + "event" + "efg";

// vector B1, A6 100
TEST_F(BinaryTest, ReadsAClientPush) {
  const auto view = from_client(b1);
  EXPECT_EQ(view.join_ref, R"("12")");
  EXPECT_EQ(view.ref, R"("123")");
  EXPECT_EQ(view.topic, "topic");
  EXPECT_EQ(view.topic_token, R"("topic")");
  EXPECT_EQ(view.event, "event");
  EXPECT_EQ(view.payload, "efg");
  EXPECT_EQ(view.payload_kind, PayloadKind::binary);
  EXPECT_EQ(encode(message(Kind::client_push, R"("12")", R"("123")", "topic", "event", "efg")), b1);
}

// vector B2, A6 96
TEST_F(BinaryTest, WritesAServerPushWithoutRef) {
  EXPECT_EQ(encode(message(Kind::push, R"("12")", R"("123")", "topic", "event", "efg")), b2);
}

// vector B3, A6 98
TEST_F(BinaryTest, WritesAReply) { EXPECT_EQ(encode(message(Kind::reply, R"("12")", R"("123")", "topic", "", "efg")), b3); }

// vector B4, A6 99
TEST_F(BinaryTest, WritesABroadcast) { EXPECT_EQ(encode(message(Kind::broadcast, R"("12")", R"("123")", "topic", "event", "efg")), b4); }

// A6 97, 99; SE-08: every field, and the error names it
TEST_F(BinaryTest, RefusesFieldsOver255BytesAndNamesThem) {
  const std::string longest(255, 'x'), over(256, 'x');
  const auto token = [](const std::string& text) { return '"' + text + '"'; };
  const auto refuses = [](const MessageView& m, std::string_view field) {
    std::string out = "before";
    const auto result = v2_serializer().encode(m, out);
    EXPECT_EQ(result, tl::unexpected(make_error_code(Errc::field_too_long)));
    EXPECT_EQ(out, "before");
    EXPECT_EQ(too_long_field(m), field);
  };
  for (const auto kind : {Kind::client_push, Kind::push, Kind::reply, Kind::broadcast}) {
    refuses(message(kind, "null", "null", over, "e", ""), "topic");
    if (kind != Kind::reply) refuses(message(kind, "null", "null", "t", over, ""), "event");
    if (kind != Kind::broadcast) refuses(message(kind, token(over), "null", "t", "e", ""), "join_ref");
    EXPECT_EQ(too_long_field(message(kind, token(longest), token(longest), longest, longest, "")), "");
  }
  refuses(message(Kind::client_push, "null", token(over), "t", "e", ""), "ref");
  refuses(message(Kind::reply, "null", token(over), "t", "", ""), "ref");
  auto reply = message(Kind::reply, "null", "null", "t", "", "");
  reply.status = over;
  refuses(reply, "status");
}

TEST_F(BinaryTest, HasRoomForFieldsOf255Bytes) {
  const std::string longest(255, 'x');
  const auto frame = encode(message(Kind::client_push, '"' + longest + '"', '"' + longest + '"', longest, longest, "p"));
  const auto view = from_client(frame);
  EXPECT_EQ(view.topic, longest);
  EXPECT_EQ(view.ref, '"' + longest + '"');
  EXPECT_EQ(view.payload, "p");
}

TEST_F(BinaryTest, WritesTheTextOfRefs) {
  EXPECT_EQ(encode(message(Kind::client_push, "null", R"("a\"\u00e9")", "t", "e", "")), "\x00\x00\x04\x01\x01"s + "a\"é" + "te");
  EXPECT_EQ(encode(message(Kind::client_push, "7", "[1]", "t", "e", "")), "\x00\x01\x03\x01\x01"s + "7" + "[1]" + "te");
}

// server.md 4.4; B 27; golden v2_binary/binary_empty_join_ref, binary_empty_ref
TEST_F(BinaryTest, ReadsAnEmptyClientRefAsAnEmptyString) {
  const auto view = from_client("\x00\x00\x00\x01\x01te"s);
  EXPECT_EQ(view.join_ref, R"("")");
  EXPECT_TRUE(view.has_join_ref());
  EXPECT_EQ(view.ref, R"("")");
  EXPECT_EQ(view.payload, "");
}

TEST_F(BinaryTest, ReadsAnEmptyServerRefAsNull) {
  EXPECT_FALSE(from_server("\x00\x00\x01\x01te"s).has_join_ref());
  const auto reply = from_server("\x01\x00\x00\x01\x02tok"s);
  EXPECT_FALSE(reply.has_join_ref());
  EXPECT_FALSE(reply.has_ref());
}

// server-behaviours B 26; golden v2_binary/binary_kind_reply_from_client, binary_empty_frame
TEST_F(BinaryTest, TakesOnlyKindZeroFromClients) {
  for (const auto& frame : {""s, b3, b4, "\x03"s + b1.substr(1), "\xFF"s + b1.substr(1)}) {
    const auto view = v2_serializer().decode_client(Opcode::binary, frame, scratch_);
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error(), Errc::bad_envelope);
  }
  for (const auto& frame : {""s, "\x03"s + b4.substr(1)}) EXPECT_FALSE(v2_serializer().decode_server(Opcode::binary, frame, scratch_));
}

// server-behaviours B 26; golden v2_binary/binary_truncated_header
TEST_F(BinaryTest, RefusesFramesCutBeforeTheData) {
  for (std::size_t n = 0; n != b1.size() - 3; ++n)
    EXPECT_FALSE(v2_serializer().decode_client(Opcode::binary, b1.substr(0, n), scratch_)) << n;
  for (const auto* frame : {&b2, &b3, &b4}) {
    for (std::size_t n = 0; n != frame->size() - 3; ++n) {
      EXPECT_FALSE(v2_serializer().decode_server(Opcode::binary, frame->substr(0, n), scratch_)) << n;
    }
  }
}

TEST_F(BinaryTest, RefusesNamesThatAreNotUtf8) {
  EXPECT_FALSE(v2_serializer().decode_client(Opcode::binary, "\x00\x00\x00\x01\x01\xFF"s + "e", scratch_));
  EXPECT_FALSE(v2_serializer().decode_client(Opcode::binary, "\x00\x01\x00\x01\x01\xFFte"s, scratch_));
  EXPECT_FALSE(v2_serializer().decode_server(Opcode::binary, "\x02\x01\x01t\xFF"s, scratch_));
  EXPECT_EQ(from_client("\x00\x00\x00\x01\x01te\xFF"s).payload, "\xFF");
}

// Z2; SE-03
TEST_F(BinaryTest, WritesTheClientLayout) {
  EXPECT_EQ(encode(message(Kind::client_push, R"("0")", R"("1")", "t", "e", "\x01")), "\x00\x01\x01\x01\x01"s + "01te" + "\x01");
}

// SE-04
TEST_F(BinaryTest, WritesTheLengthOfEachField) {
  EXPECT_EQ(encode(message(Kind::client_push, R"("10")", R"("1")", "top", "ev", "\x01")), "\x00\x02\x01\x03\x02"s + "101topev" + "\x01");
}

// Z3; SE-05
TEST_F(BinaryTest, ReadsAServerPush) {
  const auto view = from_server("\x00\x03\x03\x0A"s + "123topsome-event" + "\x01\x01");
  EXPECT_EQ(view.join_ref, R"("123")");
  EXPECT_FALSE(view.has_ref());
  EXPECT_EQ(view.topic, "top");
  EXPECT_EQ(view.event, "some-event");
  EXPECT_EQ(view.payload, "\x01\x01");
}

// Z3; SE-06
TEST_F(BinaryTest, ReadsAServerReply) {
  const auto view = from_server("\x01\x03\x02\x03\x02"s + "10012topok" + "\x01\x01");
  EXPECT_EQ(view.join_ref, R"("100")");
  EXPECT_EQ(view.ref, R"("12")");
  EXPECT_EQ(view.topic, "top");
  EXPECT_EQ(view.event, "phx_reply");
  EXPECT_EQ(view.status, "ok");
  EXPECT_EQ(view.payload, "\x01\x01");
}

// SE-07
TEST_F(BinaryTest, CountsBytesOfUtf8) {
  const std::string join_ref = "żł", topic = "żółćx1", event = "é";
  const auto frame = encode(message(Kind::client_push, '"' + join_ref + '"', R"("1")", topic, event, "\x01"));
  EXPECT_EQ(frame, "\x00\x04\x01\x0A\x02"s + join_ref + "1" + topic + event + "\x01");
  const auto view = from_server("\x00\x04\x0A\x02"s + join_ref + topic + event + "\x01");
  EXPECT_EQ(view.join_ref, '"' + join_ref + '"');
  EXPECT_EQ(view.topic, topic);
  EXPECT_EQ(view.event, event);
}

// Z3; SE-09
TEST_F(BinaryTest, ReadsABroadcast) {
  const auto view = from_server("\x02\x03\x0A"s + "topsome-event" + "\x01\x01");
  EXPECT_FALSE(view.has_join_ref() || view.has_ref());
  EXPECT_EQ(view.topic, "top");
  EXPECT_EQ(view.event, "some-event");
  EXPECT_EQ(view.payload, "\x01\x01");
}

// server.md 4.4, the three observed examples
TEST_F(BinaryTest, MatchesTheObservedExamples) {
  EXPECT_EQ(encode(message(Kind::reply, R"("1")", R"("1")", "room:b", "", "\x01\x02")), from_hex("01010106023131") + "room:bok\x01\x02");
  EXPECT_EQ(encode(message(Kind::push, R"("1")", "null", "room:b", "bin", "\x01\x02\x03")),
            from_hex("0001060331") + "room:bbin\x01\x02\x03");
  EXPECT_EQ(encode(message(Kind::broadcast, "null", "null", "room:b", "bin", "\x09\x08")), from_hex("020603") + "room:bbin\x09\x08");
}

}  // namespace
}  // namespace phx::core
