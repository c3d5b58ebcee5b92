#include <phx/testing/scripted_server.hpp>

#include <phx/core/serializer.hpp>
#include <phx/scenario/glob.hpp>
#include <phx/scenario/matcher.hpp>

#include <algorithm>
#include <map>
#include <optional>

#include "subscribers.hpp"

namespace phx::testing {

/// Virtual time drives the answers that are due.
class ScriptedServer::Connection final : public Peer {
 public:
  Connection(ScriptedServer& server, const Dial& dial)
      : server_(server),
        serializer_(dial.vsn.starts_with("1.") ? core::v1_serializer() : core::v2_serializer()),
        attachment_(server.clock_.attach([this] { return next_deadline(); }, [this](Instant now) { on_deadline(now); })) {
    opened = true;
    server_.connections_.push_back(this);
  }
  ~Connection() override { std::erase(server_.connections_, this); }

  void send(Opcode op, std::string_view bytes) override {
    if (ended) return;
    core::EnvelopeScratch scratch;
    const auto in = serializer_.decode_client(op, bytes, scratch);
    if (!in) return later({}, [this] { ended = Ending{.code = 1011, .detail = "closed"}; });
    take(*in);
  }
  void close(std::uint16_t code, std::string_view reason) override {
    later({}, [this, code, why = std::string(reason)] { ended = Ending{.code = code, .reason = why, .detail = "closed"}; });
  }

  void broadcast(const TopicBroadcast& b) {
    if (joined_.contains(b.topic)) write({.kind = core::MessageView::Kind::broadcast, .topic = b.topic, .event = b.event}, b.payload);
  }

 private:
  struct Request {
    std::string join_ref, ref, topic;
  };

  void take(const core::EnvelopeView& in) {
    const Json payload =
        in.payload_kind == core::PayloadKind::json ? parse_json(in.payload).value() : Json::binary({in.payload.begin(), in.payload.end()});
    const Received message{server_.now(), std::string(in.topic), std::string(in.event), payload};
    server_.received_.push_back(message);
    const Request request{std::string(in.join_ref), std::string(in.ref), message.topic};
    if (const Rule* rule = server_.find(message)) {
      for (const Answer& answer : rule->answers) later(answer.after, [this, request, answer] { perform(request, answer); });
    } else if (message.event == "phx_join" || message.event == "heartbeat") {
      later({}, [this, request] { perform(request, Answer::reply("ok")); });
    } else if (message.event == "phx_leave") {
      later({}, [this, request] { perform(request, Answer::reply("ok")); });
      later({}, [this, request] { perform(request, Answer::close_channel()); });
    } else {
      server_.unexpected_.push_back(message);
    }
    if (message.event == "phx_join") joining_[request.ref] = request;
  }

  void perform(const Request& to, const Answer& answer) {
    using Kind = core::MessageView::Kind;
    switch (answer.kind) {
      case Answer::Kind::reply:
        if (joining_.erase(to.ref) > 0 && answer.name == "ok") joined_[to.topic] = to.join_ref;
        return write({.kind = Kind::reply, .join_ref = to.join_ref, .ref = to.ref, .topic = to.topic, .status = answer.name},
                     answer.payload);
      case Answer::Kind::push:
        return write({.kind = Kind::push, .join_ref = to.join_ref, .topic = to.topic, .event = answer.name}, answer.payload);
      case Answer::Kind::broadcast: return server_.tell({to.topic, answer.name, answer.payload});
      case Answer::Kind::close_channel: return end_channel(to, "phx_close", Json::object());
      case Answer::Kind::crash_channel: return end_channel(to, "phx_error", obj("reason", "channel_crash"));
      case Answer::Kind::disconnect: ended = Ending{.code = answer.code, .detail = "closed"}; return;
    }
  }

  void end_channel(const Request& to, std::string_view event, const Json& payload) {
    joined_.erase(to.topic);
    write({.kind = core::MessageView::Kind::client_push, .join_ref = to.join_ref, .ref = to.join_ref, .topic = to.topic, .event = event},
          payload);
  }

  void write(core::MessageView message, const Json& payload) {
    std::string text, frame;
    if (payload.is_binary()) {
      text.assign(payload.get_binary().begin(), payload.get_binary().end());
      message.payload_kind = core::PayloadKind::binary;
    } else {
      text = to_json_text(payload);
    }
    message.payload = text;
    if (const auto op = serializer_.encode(message, frame)) inbox.push_back({server_.now(), *op, frame});
  }

  void later(Duration time, std::function<void()> work) { due_.emplace(server_.now() + time, std::move(work)); }
  std::optional<Instant> next_deadline() const { return due_.empty() || ended ? std::nullopt : std::optional(due_.begin()->first); }
  void on_deadline(Instant now) {
    while (!ended && !due_.empty() && due_.begin()->first <= now) {
      const auto work = std::move(due_.begin()->second);
      due_.erase(due_.begin());
      work();
    }
  }

  ScriptedServer& server_;
  const core::Serializer& serializer_;
  std::multimap<Instant, std::function<void()>> due_;
  std::map<std::string, Request> joining_;     // by ref
  std::map<std::string, std::string> joined_;  // topic -> join_ref
  VirtualClock::Attachment attachment_;
};

ScriptedServer::ScriptedServer() = default;
ScriptedServer::~ScriptedServer() = default;

ScriptedServer& ScriptedServer::on(std::string topic, std::string event, Json pattern, std::vector<Answer> answers) {
  rules_.push_back({std::move(topic), std::move(event), std::move(pattern), std::move(answers)});
  return *this;
}

const ScriptedServer::Rule* ScriptedServer::find(const Received& message) const {
  for (const Rule& rule : rules_) {
    if (rule.event == message.event && scenario::glob_match(rule.topic, message.topic) &&
        scenario::matches_subset(rule.pattern, message.payload))
      return &rule;
  }
  return nullptr;
}

std::unique_ptr<Peer> ScriptedServer::dial(const Dial& dial) {
  auto connection = std::make_unique<Connection>(*this, dial);
  if (refusal_ == 0) return connection;
  connection->opened = false;
  connection->ended = Ending{.http_status = refusal_, .detail = "refused with HTTP status " + std::to_string(refusal_)};
  return connection;
}

void ScriptedServer::tell(const TopicBroadcast& b) {
  subscribers_->tell(b);
  for (Connection* connection : connections_) connection->broadcast(b);
}

}  // namespace phx::testing
