// Reading V2 text frames: shape, types, refs.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <phx/core/serializer.hpp>

namespace phx::core {
namespace {

class EnvelopeTest : public ::testing::Test {
 protected:
  EnvelopeView read(std::string_view frame) {
    frame_ = frame;
    const auto view = v2_serializer().decode_client(Opcode::text, frame_, scratch_);
    EXPECT_TRUE(view) << frame;
    return view.value_or(EnvelopeView{});
  }

  std::error_code error(std::string_view frame, const JsonLimits& limits = {}) {
    const auto view = v2_serializer().decode_client(Opcode::text, frame, scratch_, limits);
    return view ? std::error_code{} : view.error();
  }

  std::string frame_;
  EnvelopeScratch scratch_;
};

// A6 94
TEST_F(EnvelopeTest, FillsTheFiveFields) {
  const auto view = read(R"(["1","2","room:lobby","new_msg",{"a":1}])");
  EXPECT_EQ(view.join_ref, R"("1")");
  EXPECT_EQ(view.ref, R"("2")");
  EXPECT_EQ(view.topic, "room:lobby");
  EXPECT_EQ(view.topic_token, R"("room:lobby")");
  EXPECT_EQ(view.event, "new_msg");
  EXPECT_EQ(view.payload, R"({"a":1})");
  EXPECT_EQ(view.payload_kind, PayloadKind::json);
  EXPECT_TRUE(view.has_join_ref() && view.has_ref() && view.topic_is_string && view.event_is_string);
}

// golden bad_frames/text_leading_ws
TEST_F(EnvelopeTest, AllowsSpaceWhereverJsonDoes) {
  const auto view = read("\n [ \"1\" ,\t\"2\" , \"t\" , \"e\" , { \"a\" : 1 } , 5 ] \r\n");
  EXPECT_EQ(view.join_ref, R"("1")");
  EXPECT_EQ(view.event, "e");
  EXPECT_EQ(view.payload, R"({ "a" : 1 })");
}

// server-behaviours B 14, B 26; golden v2_join/join_numeric_refs, bad_frames/text_join_ref_object
TEST_F(EnvelopeTest, KeepsRefsOfAnyTypeAsTheyWere) {
  EXPECT_EQ(read(R"([7,"7","t","e",{}])").join_ref, "7");
  EXPECT_EQ(read(R"([7,"7","t","e",{}])").ref, R"("7")");
  EXPECT_EQ(read(R"([{"a": [1]},1.0,"t","e",{}])").join_ref, R"({"a": [1]})");
  EXPECT_EQ(read(R"([{"a": [1]},1.0,"t","e",{}])").ref, "1.0");
  EXPECT_FALSE(read(R"([null,null,"t","e",{}])").has_join_ref());
  EXPECT_TRUE(read(R"(["",null,"t","e",{}])").has_join_ref());
}

TEST_F(EnvelopeTest, GivesEqualStringRefsEqualTokens) {
  EXPECT_EQ(read(R"(["\u0037","\/\u00e9","t","e",{}])").join_ref, R"("7")");
  EXPECT_EQ(read(R"(["\u0037","\/\u00e9","t","e",{}])").ref, "\"/é\"");
  EXPECT_EQ(read(R"(["\u0022\ud83d\ude00","\u000a","t","e",{}])").join_ref, "\"\\\"😀\"");
  EXPECT_EQ(read(R"(["1","\u000a","t","e",{}])").ref, R"("\n")");
  EXPECT_EQ(read(R"(["1","\n","t","e",{}])").ref, R"("\n")");
}

TEST_F(EnvelopeTest, DecodesEscapedNames) {
  const auto view = read(R"([null,"1","room:\u00e9\/\ud83d\ude00","new\u005fmsg\t",{}])");
  EXPECT_EQ(view.topic, "room:é/😀");
  EXPECT_EQ(view.topic_token, R"("room:\u00e9\/\ud83d\ude00")");
  EXPECT_EQ(view.event, "new_msg\t");
}

// golden bad_frames/text_topic_null, text_topic_number
TEST_F(EnvelopeTest, HandsOnATopicThatIsNoString) {
  for (const auto* token : {"null", "5", "[1]", "true"}) {
    const auto view = read(R"(["1","1",)" + std::string(token) + R"(,"phx_join",{}])");
    EXPECT_FALSE(view.topic_is_string);
    EXPECT_EQ(view.topic, "");
    EXPECT_EQ(view.topic_token, token);
  }
}

// golden bad_frames/text_event_null_not_joined, text_event_number_not_joined, joined_text_event_empty
TEST_F(EnvelopeTest, HandsOnAnEventThatIsNoString) {
  EXPECT_FALSE(read(R"(["1","1","t",null,{}])").event_is_string);
  EXPECT_FALSE(read(R"(["1","1","t",5,{}])").event_is_string);
  EXPECT_TRUE(read(R"(["1","1","t","",{}])").event_is_string);
}

// golden v2_messages/payload_not_object, v2_join/join_payload_not_object
TEST_F(EnvelopeTest, TakesAnyJsonAsPayload) {
  for (const auto* payload : {"[1,2]", R"("str")", "null", "5", "-0.5e3", "true", "[]"}) {
    EXPECT_EQ(read(R"(["1","1","t","e",)" + std::string(payload) + "]").payload, payload);
  }
}

// server-behaviours B 26; golden v2_messages/extra_array_elements
TEST_F(EnvelopeTest, IgnoresExtraElementsButChecksThem) {
  EXPECT_EQ(read(R"(["1","3","t","ping",{"x":1},"extra",6])").payload, R"({"x":1})");
  EXPECT_EQ(error(R"(["1","3","t","ping",{},nope])"), Errc::bad_envelope);
  EXPECT_EQ(error(R"(["1","3","t","ping",{},])"), Errc::bad_envelope);
  EXPECT_EQ(error(R"(["1","3","t","ping",{},1e400])"), Errc::bad_envelope);
}

// server-behaviours B 26; golden bad_frames
TEST_F(EnvelopeTest, RefusesOtherShapes) {
  for (const auto* frame :
       {"", "oops", "null", "[]", "{}", "\"x\"", R"(["1","1","t","e"])", R"(["1","1","t","e",])", R"(["1","1","t","e",{})",
        R"(["1","1","t","e",{}]x)", "\xEF\xBB\xBF[\"1\",\"1\",\"t\",\"e\",{}]", R"(["1" "1","t","e",{}])",
        R"({"topic":"t","event":"e","payload":{},"ref":"1"})", R"([nope,"1","t","e",{}])", R"(["1",{"a":NaN},"t","e",{}])",
        R"(["\ud83d","1","t","e",{}])", "[\"1\",\"1\",\"t\x01\",\"e\",{}]", "[\"1\",\"1\",\"t\",\"\xff\",{}]", "["}) {
    EXPECT_TRUE(error(frame)) << frame;
  }
  EXPECT_EQ(error("[]"), Errc::bad_envelope);
}

TEST_F(EnvelopeTest, TellsABadPayload) {
  for (const auto* payload : {R"({"a":NaN})", R"({"a":"\ud83d"})", "{\"a\":\"\x01\"}", R"({"b":1e400})", "{", "{]", "\"\xff\""}) {
    EXPECT_EQ(error(R"(["1","1","t","e",)" + std::string(payload) + "]"), Errc::bad_json) << payload;
  }
}

TEST_F(EnvelopeTest, AppliesTheDepthLimitToRefsAndPayload) {
  EXPECT_FALSE(error(R"([[[]],"1","t","e",[[]]])", {.max_depth = 2}));
  EXPECT_EQ(error(R"(["1","1","t","e",[[]]])", {.max_depth = 1}), Errc::bad_json);
  EXPECT_EQ(error(R"([[[]],"1","t","e",[]])", {.max_depth = 1}), Errc::bad_envelope);
  EXPECT_EQ(error(std::string(100'000, '[')), Errc::bad_envelope);
}

TEST_F(EnvelopeTest, RefusesEveryFrameCutShort) {
  const std::string frame = R"([{"a":"\u00e9"},"\n","room:é","e\t",{"a":[1,2.5e3,"x"]},1])";
  ASSERT_FALSE(error(frame));
  for (std::size_t n = 0; n != frame.size(); ++n) {
    const std::string cut = frame.substr(0, n);
    EXPECT_TRUE(error(cut)) << cut;
    EXPECT_FALSE(v2_serializer().decode_server(Opcode::text, cut, scratch_)) << cut;
  }
}

TEST_F(EnvelopeTest, ReadsFramesOfAServerAlike) {
  for (const auto* payload : {R"({"a":"]}\"\\","b":[{}]})", "5", "null", R"("],\"")", "[[],[]]"}) {
    const auto frame = R"([null,null,"t","e", )" + std::string(payload) + " , 6 ]";
    const auto view = v2_serializer().decode_server(Opcode::text, frame, scratch_);
    ASSERT_TRUE(view) << payload;
    EXPECT_EQ(view->payload, payload);
  }
  for (const auto* payload : {"", " ", "]", "}", "\"", "\"\\", "{", "[[]", R"({"a":NaN})"}) {
    EXPECT_FALSE(v2_serializer().decode_server(Opcode::text, R"([null,null,"t","e",)" + std::string(payload) + "]", scratch_)) << payload;
  }
}

}  // namespace
}  // namespace phx::core
