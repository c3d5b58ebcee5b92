// Every frame that a real Phoenix sent or was sent, through the serializers.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <phx/core/json.hpp>
#include <phx/core/serializer.hpp>

#include "support/golden.hpp"

namespace phx::core {
namespace {

using golden::Step;
using Kind = MessageView::Kind;

constexpr const char* files[] = {"bad_frames", "v2_join", "v2_messages", "v2_lifecycle", "v2_binary", "v1", "presence"};

const Serializer& serializer_of(const golden::Case& one, const Step& step) {
  return one.vsn(step.conn) == 2 ? v2_serializer() : v1_serializer();
}

/// A frame the server could not read: the next frame on that connection is its close 1011.
bool closed_as_bad(const golden::Case& one, std::size_t at) {
  for (std::size_t i = at + 1; i != one.steps.size(); ++i) {
    const auto& step = one.steps[i];
    if (step.kind == Step::Kind::send && step.conn == one.steps[at].conn) return false;
    if (step.kind == Step::Kind::recv && step.conn == one.steps[at].conn) return step.type == "close" && step.json.value("code", 0) == 1011;
  }
  return false;
}

void check_client_frame(const golden::Case& one, std::size_t at, int& refused) {
  const auto& step = one.steps[at];
  EnvelopeScratch scratch;
  const auto view = serializer_of(one, step).decode_client(step.opcode(), step.data, scratch);
  EXPECT_EQ(view.has_value(), !closed_as_bad(one, at)) << step.data;
  refused += view ? 0 : 1;
}

MessageView message_of(const EnvelopeView& view, char first) {
  MessageView message{.join_ref = view.join_ref, .ref = view.ref, .topic = view.topic, .event = view.event};
  if (!view.topic_is_string) message.topic_token = view.topic_token;
  message.status = view.status;
  message.payload = view.payload;
  message.payload_kind = view.payload_kind;
  message.kind = Kind::push;
  if (view.payload_kind == PayloadKind::binary && first == 1) message.kind = Kind::reply;
  if (view.payload_kind == PayloadKind::binary && first == 2) message.kind = Kind::broadcast;
  return message;
}

/// Decoded, written again, and the same value; a reply also when taken apart and put together.
void check_server_frame(const golden::Case& one, const Step& step) {
  const auto& serializer = serializer_of(one, step);
  EnvelopeScratch scratch;
  const auto view = serializer.decode_server(step.opcode(), step.data, scratch);
  ASSERT_TRUE(view) << step.data;
  auto message = message_of(*view, step.data[0]);
  std::string out;
  ASSERT_EQ(serializer.encode(message, out), step.opcode());
  if (step.opcode() == Opcode::binary) {
    EXPECT_EQ(out, step.data);
    return;
  }
  EXPECT_EQ(*parse_json(out), *parse_json(step.data)) << out;
  if (view->event != "phx_reply") return;
  std::string status;
  const auto reply = read_reply(*view, status);
  ASSERT_TRUE(reply) << step.data;
  message.kind = Kind::reply;
  message.status = reply->status;
  message.payload = reply->response;
  out.clear();
  ASSERT_TRUE(serializer.encode(message, out));
  EXPECT_EQ(*parse_json(out), *parse_json(step.data)) << out;
}

class GoldenFrames : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenFrames, ClientFramesDecodeOrFailAsPhoenixDid) {
  int frames = 0, refused = 0;
  for (const auto& one : golden::load(GetParam())) {
    SCOPED_TRACE(one.name);
    for (std::size_t i = 0; i != one.steps.size(); ++i) {
      if (one.steps[i].kind != Step::Kind::send || !one.steps[i].is_message()) continue;
      check_client_frame(one, i, refused);
      ++frames;
    }
  }
  EXPECT_GT(frames, refused);
  static const std::set<std::string> with_bad_frames = {"bad_frames", "v2_binary", "v1"};
  EXPECT_EQ(refused > 0, with_bad_frames.count(GetParam()) == 1);
}

TEST_P(GoldenFrames, ServerFramesDecodeAndEncodeToTheSame) {
  int frames = 0;
  for (const auto& one : golden::load(GetParam())) {
    SCOPED_TRACE(one.name);
    for (const auto& step : one.steps) {
      if (step.kind != Step::Kind::recv || !step.is_message()) continue;
      check_server_frame(one, step);
      ++frames;
    }
  }
  EXPECT_GT(frames, 0);
}

INSTANTIATE_TEST_SUITE_P(Phoenix, GoldenFrames, ::testing::ValuesIn(files), [](const auto& file) { return std::string(file.param); });

// golden bad_frames: which error, where both could be meant
TEST(GoldenBadFrames, NameTheBadPayload) {
  const std::set<std::string> bad_payload = {"text_lone_surrogate", "text_nan", "text_control_char", "text_bignum"};
  for (const auto& one : golden::load("bad_frames")) {
    SCOPED_TRACE(one.name);
    if (!one.name.starts_with("text_")) continue;
    EnvelopeScratch scratch;
    const auto view = v2_serializer().decode_client(Opcode::text, one.steps.at(1).data, scratch);
    if (view) continue;
    EXPECT_EQ(view.error(), bad_payload.count(one.name) == 1 ? Errc::bad_json : Errc::bad_envelope);
  }
}

// golden v2_messages/duplicate_keys_and_unicode: the payload that was echoed, as Phoenix understood it
TEST(GoldenMessages, ParseJsonUnderstandsDuplicateKeysAsPhoenixDoes) {
  for (const auto& one : golden::load("v2_messages")) {
    if (one.name != "duplicate_keys_and_unicode") continue;
    const auto sent = parse_json(one.steps.at(4).data), answered = parse_json(one.steps.at(5).data);
    ASSERT_TRUE(sent && answered);
    EXPECT_EQ(sent->at(4), answered->at(4).at("response"));
  }
}

}  // namespace
}  // namespace phx::core
