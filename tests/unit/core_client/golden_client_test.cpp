// The frames a real Phoenix sent, fed to the client machines: golden v2_join, v2_messages, v2_lifecycle, v2_binary, bad_frames, v1.
// What the transcript's client sent is asked of the machine where the machine can be made to say it, and must come out the
// same; odd frames (refs of other types, second joins of a topic) go out raw. Then every server frame must have its effect.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include <phx/core/json.hpp>

#include "scripted_socket.hpp"
#include "support/golden.hpp"

namespace phx::core {
namespace {

class GoldenClient {
 public:
  explicit GoldenClient(const Serializer& serializer) : serializer_(serializer), s_(config(serializer)) { s_.connect_and_open(); }

  void send(const golden::Step& step) {
    const auto message = serializer_.decode_client(step.opcode(), step.data, scratch_);
    if (!message) return;  // the transcript tries the server with a bad frame
    const bool lifecycle = message->event == "phx_join" || message->event == "phx_leave";
    if (lifecycle && step.opcode() == Opcode::binary) return;  // ours are always text
    s_.forget();
    if (!say(*message)) return;
    const auto sent = s_.all<SendFrame>();
    ASSERT_EQ(sent.size(), 1u) << step.data;
    EXPECT_EQ(sent[0].opcode, step.opcode());
    if (step.opcode() == Opcode::binary) {
      EXPECT_EQ(golden::to_hex(sent[0].bytes), golden::to_hex(step.data));
    } else {
      expect_same(*parse_json(sent[0].bytes), *parse_json(step.data));
    }
  }

  void receive(const golden::Step& step) {
    const auto message = serializer_.decode_server(step.opcode(), step.data, scratch_);
    ASSERT_TRUE(message) << step.data;
    const Ref ref = parse_ref(message->ref);
    const ChannelId channel = owner_of(*message);
    const bool live = channel != ChannelId::none;
    const ChannelState before = live ? s_.state(channel) : ChannelState::closed;
    const std::string event(message->event);
    s_.forget();
    s_.message(step.opcode(), step.data);
    drop_failed();
    EXPECT_EQ(s_.count<BadFrame>(), 0u);
    EXPECT_EQ(s_.count<MessageSeen>(), 1u);
    ++frames;
    if (event == "phx_reply" && joins_.erase(ref) > 0) {
      EXPECT_EQ(s_.count<JoinReplied>(), 1u) << step.data;
      EXPECT_EQ(s_.state(channel), s_.last<JoinReplied>().status == "ok" ? ChannelState::joined : ChannelState::errored);
    } else if (event == "phx_reply" && pushes_.count(ref) > 0) {
      EXPECT_EQ(s_.last<PushReplied>().push, pushes_[ref]) << step.data;
      pushes_.erase(ref);
    } else if (event == "phx_close" && live && before != ChannelState::closed) {
      EXPECT_EQ(s_.state(channel), ChannelState::closed) << step.data;
      EXPECT_EQ(s_.last<ChannelClosed>().cause, CloseCause::server);
    } else if (event == "phx_error" && live && (before == ChannelState::joined || before == ChannelState::joining)) {
      EXPECT_EQ(s_.state(channel), ChannelState::errored) << step.data;
    } else if (!event.starts_with("phx_") && live) {
      EXPECT_EQ(s_.last<ChannelMessage>().event, event);
    }
  }

  void close(std::uint16_t code) {
    s_.lose(code, true);
    EXPECT_EQ(s_.last<SocketClosed>().code, code);
  }

  int frames = 0;

 private:
  static SocketConfig config(const Serializer& serializer) {
    SocketConfig config;
    config.serializer = &serializer;
    config.message_events = true;
    config.policy.rejoin = backoff::fixed(24h);  // the transcript's client does not rejoin by itself
    return config;
  }
  /// The transcript adds elements that nobody reads (extra_array_elements, v1_frame_extra_field); a V1 join_ref is one, too.
  void expect_same(const Json& sent, const Json& transcript) const {
    if (!v1()) {
      for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(sent.at(i), transcript.at(i));
      return;
    }
    for (const char* key : {"topic", "event", "payload", "ref"}) EXPECT_EQ(sent.at(key), transcript.at(key));
  }
  bool v1() const { return serializer_.vsn() == "1.0.0"; }  // no join_ref on the wire

  /// Pushes that ended when their channel did (D-8): a late answer is nobody's.
  void drop_failed() {
    for (const PushFailed& failed : s_.all<PushFailed>()) std::erase_if(pushes_, [&](const auto& p) { return p.second == failed.push; });
  }

  ChannelId owner_of(const EnvelopeView& message) {
    const auto found = channels_.find(std::string(message.topic));
    if (found == channels_.end()) return ChannelId::none;
    const ChannelCore& channel = s_.socket.channel(found->second);
    return channel.attached() && channel.accepts(message) ? found->second : ChannelId::none;
  }

  /// False: nothing the machine would say; the transcript's words are taken as sent.
  bool say(const EnvelopeView& m) {
    const Ref ref = parse_ref(m.ref);
    if (!m.topic_is_string || !m.event_is_string || !ref.present() || ref.value() <= s_.socket.current_ref()) return false;
    const auto known = channels_.find(std::string(m.topic));
    const ChannelState state = known == channels_.end() ? ChannelState::closed : s_.state(known->second);
    const bool joined = state == ChannelState::joined;
    while (s_.socket.current_ref() + 1 < ref.value()) s_.socket.make_ref();
    if (m.event == "phx_join") {
      if ((!v1() && m.join_ref != m.ref) || joined || state == ChannelState::joining) return false;
      const ChannelId id = s_.join(std::string(m.topic), std::string(m.payload));
      channels_[std::string(m.topic)] = id;
      joins_.insert(ref);
      return true;
    }
    if (!joined || (!v1() && m.join_ref != s_.join_ref(known->second))) return false;
    if (m.event == "phx_leave") {
      pushes_[ref] = s_.leave(known->second);
      drop_failed();
      return true;
    }
    s_.input([&](Effects& out) {
      pushes_[ref] = s_.socket.push(known->second, {.event = m.event, .payload = m.payload, .kind = m.payload_kind}, s_.now(), out);
    });
    return true;
  }

  const Serializer& serializer_;
  ScriptedSocket s_;
  EnvelopeScratch scratch_;
  std::map<std::string, ChannelId> channels_;
  std::set<Ref> joins_;
  std::map<Ref, PushId> pushes_;
};

void play(const golden::Case& c, int& frames) {
  std::map<std::string, GoldenClient> clients;
  for (const golden::Step& step : c.steps) {
    if (step.conn.empty()) continue;
    const Serializer& serializer = c.vsn(step.conn) == 1 ? v1_serializer() : v2_serializer();
    GoldenClient& client = clients.try_emplace(step.conn, serializer).first->second;
    if (step.kind == golden::Step::Kind::send && step.is_message()) client.send(step);
    if (step.kind == golden::Step::Kind::recv && step.is_message()) client.receive(step);
    if (step.kind == golden::Step::Kind::recv && step.type == "close") client.close(step.json.value("code", std::uint16_t{1005}));
  }
  for (const auto& [name, client] : clients) frames += client.frames;
}

class GoldenClientFrames : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Files, GoldenClientFrames,
                         testing::Values("v2_join", "v2_messages", "v2_lifecycle", "v2_binary", "bad_frames", "v1"),
                         [](const auto& file) { return std::string(file.param); });

TEST_P(GoldenClientFrames, AreUnderstood) {
  int frames = 0;
  for (const golden::Case& c : golden::load(GetParam())) {
    SCOPED_TRACE(c.name);
    play(c, frames);
  }
  EXPECT_GT(frames, 10);
}

}  // namespace
}  // namespace phx::core
