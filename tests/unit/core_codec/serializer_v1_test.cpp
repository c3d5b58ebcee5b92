#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <phx/core/json.hpp>
#include <phx/core/serializer.hpp>

namespace phx::core {
namespace {

using Kind = MessageView::Kind;

std::string encode(const MessageView& message) {
  std::string out;
  EXPECT_EQ(v1_serializer().encode(message, out), Opcode::text);
  return out;
}

std::error_code decode_error(std::string_view frame, Opcode op = Opcode::text) {
  EnvelopeScratch scratch;
  const auto view = v1_serializer().decode_client(op, frame, scratch);
  return view ? std::error_code{} : view.error();
}

TEST(V1Serializer, HasItsNames) {
  EXPECT_EQ(v1_serializer().vsn(), "1.0.0");
  EXPECT_EQ(v1_serializer().phoenix_name(), "Phoenix.Socket.V1.JSONSerializer");
}

// A6 101
TEST(V1Serializer, WritesAPushWithFourMembers) {
  EXPECT_EQ(encode({.kind = Kind::push, .join_ref = R"("1")", .topic = "t", .event = "e", .payload = R"({"m":1})"}),
            R"({"event":"e","payload":{"m":1},"ref":null,"topic":"t"})");
  EXPECT_EQ(encode({.kind = Kind::push, .topic = "t", .event = "e", .payload = "[1]"}),
            R"({"event":"e","payload":[1],"ref":null,"topic":"t"})");
}

// A6 102
TEST(V1Serializer, WritesAReply) {
  EXPECT_EQ(encode({.kind = Kind::reply, .join_ref = "null", .ref = R"("2")", .topic = "t", .status = "ok", .payload = R"({"m":1})"}),
            R"({"event":"phx_reply","payload":{"response":{"m":1},"status":"ok"},"ref":"2","topic":"t"})");
}

// A6 104
TEST(V1Serializer, WritesABroadcastWithoutRef) {
  EXPECT_EQ(encode({.kind = Kind::broadcast, .ref = R"("9")", .topic = "t", .event = "e", .payload = "{}"}),
            R"({"event":"e","payload":{},"ref":null,"topic":"t"})");
}

// golden v1/v1_join_ref_given: the close of a channel carries a ref
TEST(V1Serializer, KeepsTheRefOfAClosingFrame) {
  EXPECT_EQ(encode({.kind = Kind::push, .join_ref = R"("9")", .ref = R"("9")", .topic = "t", .event = "phx_close"}),
            R"({"event":"phx_close","payload":{},"ref":"9","topic":"t"})");
}

TEST(V1Serializer, WritesClientFramesWithJoinRefWhenThereIsOne) {
  EXPECT_EQ(encode({.join_ref = R"("1")", .ref = "2", .topic = "t", .event = "e"}),
            R"({"event":"e","join_ref":"1","payload":{},"ref":2,"topic":"t"})");
  EXPECT_EQ(encode({.ref = "2", .topic = "t\"", .event = "e"}), R"({"event":"e","payload":{},"ref":2,"topic":"t\""})");
  EXPECT_EQ(encode({.kind = Kind::reply, .ref = "2", .topic_token = "5", .status = "error"}),
            R"({"event":"phx_reply","payload":{"response":{},"status":"error"},"ref":2,"topic":5})");
}

TEST(V1Serializer, RefusesToWriteBytes) {
  std::string out = "x";
  const auto result = v1_serializer().encode({.topic = "t", .event = "e", .payload = "b", .payload_kind = PayloadKind::binary}, out);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), Errc::binary_unsupported);
  EXPECT_EQ(out, "x");
}

TEST(V1Serializer, ReadsMembersInAnyOrder) {
  EnvelopeScratch scratch;
  const auto view = v1_serializer().decode_client(
      Opcode::text, R"( { "x":[{}], "ref":7 , "p\u0061yload":{"a":"}"}, "join_ref":"1","event":"e","topic":"t\u0020"} )", scratch);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->join_ref, R"("1")");
  EXPECT_EQ(view->ref, "7");
  EXPECT_EQ(view->topic, "t ");
  EXPECT_EQ(view->event, "e");
  EXPECT_EQ(view->payload, R"({"a":"}"})");
}

// Phoenix keeps the first of equal keys: golden v2_messages/duplicate_keys_and_unicode
TEST(V1Serializer, KeepsTheFirstOfEqualKeys) {
  EnvelopeScratch scratch;
  const auto view = v1_serializer().decode_client(
      Opcode::text, R"({"topic":"a","topic":"b","event":"e","payload":1,"payload":2,"ref":3,"ref":4})", scratch);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->topic, "a");
  EXPECT_EQ(view->payload, "1");
  EXPECT_EQ(view->ref, "3");
}

// A6 103; server-behaviours B 26; golden v1/v1_frame_*, v1_v2_frame_on_v1
TEST(V1Serializer, RefusesOtherShapes) {
  for (const auto* frame :
       {"", "{", "{}", "\"x\"", "null", R"(["1","1","t","e",{}])", R"({"topic":"t","event":"e","ref":"1"})",
        R"({"topic":"t","event":"e","payload":{}})", R"({"topic":"t","payload":{},"ref":"1"})", R"({"event":"e","payload":{},"ref":"1"})",
        R"({"topic":"t","event":"e","payload":{},"ref":"1",})", R"({"topic":"t","event":"e","payload":{},"ref":"1"}x)",
        R"({"topic":"t","event":"e","payload":{},"ref":"1","z":nope})"}) {
    EXPECT_EQ(decode_error(frame), Errc::bad_envelope) << frame;
  }
  EXPECT_EQ(decode_error(R"({"topic":"t","event":"e","payload":{"a":NaN},"ref":"1"})"), Errc::bad_json);
}

// server.md 4.2; golden v1/v1_binary_frame_json
TEST(V1Serializer, ReadsJsonFromBinaryFramesAndNothingElse) {
  EXPECT_FALSE(decode_error(R"({"topic":"t","event":"e","payload":{},"ref":"1"})", Opcode::binary));
  EXPECT_EQ(decode_error(std::string_view("\0\1\1\1\1", 5), Opcode::binary), Errc::binary_unsupported);
}

}  // namespace
}  // namespace phx::core
