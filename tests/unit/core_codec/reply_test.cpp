#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <phx/core/serializer.hpp>

namespace phx::core {
namespace {

using namespace std::string_literals;

EnvelopeView reply(std::string_view payload) {
  EnvelopeView view;
  view.event = "phx_reply";
  view.payload = payload;
  return view;
}

TEST(ReadReply, TakesStatusAndRawResponse) {
  std::string scratch;
  for (const auto* payload : {R"({"response":{"a": [1]},"status":"ok"})", R"( { "status" : "ok" , "x":1, "response" : {"a": [1]} } )"}) {
    const auto view = read_reply(reply(payload), scratch);
    ASSERT_TRUE(view) << payload;
    EXPECT_EQ(view->status, "ok");
    EXPECT_EQ(view->response, R"({"a": [1]})");
    EXPECT_EQ(view->kind, PayloadKind::json);
  }
}

TEST(ReadReply, DecodesAnEscapedStatusAndKeepsTheFirstOfEqualKeys) {
  std::string scratch;
  const auto view = read_reply(reply(R"({"status":"\u006fk","response":1,"status":"no","response":2,"x\u0061":3})"), scratch);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->status, "ok");
  EXPECT_EQ(view->response, "1");
}

TEST(ReadReply, TakesAMissingResponseAsNull) {
  std::string scratch;
  EXPECT_EQ(read_reply(reply(R"({"status":"ok"})"), scratch)->response, "null");
}

TEST(ReadReply, RefusesPayloadsThatSayNoStatus) {
  std::string scratch;
  for (const auto* payload :
       {"", "{}", "[]", "null", R"({"response":{}})", R"({"status":1,"response":{}})", R"({"status":null})",
        R"({"status":"ok","response":})", R"({"status":"ok","response":NaN})", R"({"status":"ok"}x)", R"({"status":"ok",})"}) {
    const auto view = read_reply(reply(payload), scratch);
    ASSERT_FALSE(view) << payload;
    EXPECT_EQ(view.error(), Errc::bad_envelope);
  }
}

TEST(ReadReply, TakesABinaryReplyFromTheEnvelope) {
  EnvelopeScratch scratch;
  std::string status;
  for (const auto& [text, frame] : {std::pair("ok"s, "\x01\x00\x00\x01\x02tok\x07"s), std::pair(""s, "\x01\x00\x00\x01\x00t\x07"s)}) {
    const auto view = v2_serializer().decode_server(Opcode::binary, frame, scratch);
    ASSERT_TRUE(view);
    const auto out = read_reply(*view, status);
    ASSERT_TRUE(out);
    EXPECT_EQ(out->status, text);
    EXPECT_EQ(out->response, "\x07");
    EXPECT_EQ(out->kind, PayloadKind::binary);
  }
}

TEST(ReadReply, RefusesABinaryBroadcast) {
  EnvelopeScratch scratch;
  std::string status;
  EXPECT_FALSE(read_reply(*v2_serializer().decode_server(Opcode::binary, "\x02\x01\x01te"s, scratch), status));
}

}  // namespace
}  // namespace phx::core
