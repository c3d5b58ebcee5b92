// Writing V2 text frames.
#include <string>

#include <gtest/gtest.h>

#include <phx/core/json_text.hpp>
#include <phx/core/serializer.hpp>

namespace phx::core {
namespace {

using Kind = MessageView::Kind;

std::string encode(const MessageView& message) {
  std::string out;
  EXPECT_EQ(v2_serializer().encode(message, out), Opcode::text);
  return out;
}

TEST(V2Text, HasItsNames) {
  EXPECT_EQ(v2_serializer().vsn(), "2.0.0");
  EXPECT_EQ(v2_serializer().phoenix_name(), "Phoenix.Socket.V2.JSONSerializer");
}

// A6 91
TEST(V2Text, WritesAPushWithoutRefs) {
  EXPECT_EQ(encode({.kind = Kind::push, .topic = "t", .event = "e", .payload = R"({"m":1})"}), R"([null,null,"t","e",{"m":1}])");
}

// A6 92: whoever pushes must ask
TEST(V2Text, LetsACallerSeeThatAPayloadIsNoObject) {
  EXPECT_TRUE(is_json_object(R"({"m":1})"));
  EXPECT_FALSE(is_json_object("[1]"));
}

// A6 93
TEST(V2Text, WritesAReply) {
  EXPECT_EQ(encode({.kind = Kind::reply, .join_ref = R"("1")", .ref = R"("2")", .topic = "t", .status = "ok", .payload = R"({"m":1})"}),
            R"(["1","2","t","phx_reply",{"response":{"m":1},"status":"ok"}])");
}

// golden bad_frames/text_topic_number
TEST(V2Text, EchoesATopicThatIsNoString) {
  EXPECT_EQ(encode({.kind = Kind::reply, .ref = "[1]", .topic_token = "5", .status = "error"}),
            R"([null,[1],5,"phx_reply",{"response":{},"status":"error"}])");
}

// A6 95
TEST(V2Text, WritesABroadcastWithNullRefs) {
  EXPECT_EQ(encode({.kind = Kind::broadcast, .join_ref = R"("1")", .ref = R"("2")", .topic = "t", .event = "e", .payload = R"({"m":1})"}),
            R"([null,null,"t","e",{"m":1}])");
}

TEST(V2Text, AppendsToWhatIsThere) {
  std::string out = "x";
  ASSERT_TRUE(v2_serializer().encode({.topic = "a\"b", .event = "é\n"}, out));
  EXPECT_EQ(out, "x[null,null,\"a\\\"b\",\"é\\n\",{}]");
}

// Z1; SE-01
TEST(V2Text, WritesAClientPush) {
  EXPECT_EQ(encode({.join_ref = R"("0")", .ref = R"("1")", .topic = "t", .event = "e", .payload = R"({"foo":1})"}),
            R"(["0","1","t","e",{"foo":1}])");
}

// SE-02
TEST(V2Text, ReadsWhatItWrites) {
  EnvelopeScratch scratch;
  const auto view = v2_serializer().decode_server(Opcode::text, R"(["0","1","t","e",{"foo":1}])", scratch);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->join_ref, R"("0")");
  EXPECT_EQ(view->ref, R"("1")");
  EXPECT_EQ(view->topic, "t");
  EXPECT_EQ(view->event, "e");
  EXPECT_EQ(view->payload, R"({"foo":1})");
}

}  // namespace
}  // namespace phx::core
