#include "scripted_socket.hpp"

#include <algorithm>

#include <phx/core/error.hpp>

namespace phx::core {

Preset phxkit_preset() {
  Policy policy = Policy::phxkit();
  policy.reconnect = backoff::phoenix_js();
  policy.rejoin = backoff::phoenix_js_rejoin();
  return {"phxkit", policy, false};
}

Preset phoenix_js_preset() { return {"phoenix_js", compat::phoenix_js(), true}; }

std::ostream& operator<<(std::ostream& out, const Preset& preset) { return out << preset.name; }

SocketConfig ScriptedSocket::config_of(const Policy& policy) {
  SocketConfig config;
  config.policy = policy;
  config.message_events = true;
  return config;
}

void ScriptedSocket::advance(Duration by) {
  const Instant end = now_ + by;
  while (true) {
    const std::optional<Instant> due = socket.next_deadline();
    if (!due || *due > end) break;
    now_ = std::max(now_, *due);
    input([&](Effects& out) { socket.on_deadline(now_, out); });
  }
  now_ = end;
}

void ScriptedSocket::connect() {
  input([&](Effects& out) { socket.connect(now_, out); });
}

DisconnectId ScriptedSocket::disconnect(std::optional<CloseRequest> close) {
  DisconnectId id{};
  input([&](Effects& out) { id = socket.disconnect(std::move(close), now_, out); });
  return id;
}

ChannelId ScriptedSocket::channel(std::string topic, std::string params) {
  return socket.create_channel({.topic = std::move(topic), .params = std::move(params), .timeout = std::nullopt});
}

void ScriptedSocket::join(ChannelId channel, std::optional<Duration> timeout) {
  input([&](Effects& out) { socket.join(channel, timeout, now_, out); });
}

ChannelId ScriptedSocket::join(std::string topic, std::string params) {
  const ChannelId id = channel(std::move(topic), std::move(params));
  join(id);
  return id;
}

PushId ScriptedSocket::push(ChannelId channel, std::string_view event, std::string_view payload, std::optional<Duration> timeout) {
  PushId id{};
  input([&](Effects& out) { id = socket.push(channel, {.event = event, .payload = payload, .timeout = timeout}, now_, out); });
  return id;
}

PushId ScriptedSocket::leave(ChannelId channel, std::optional<Duration> timeout) {
  PushId id{};
  input([&](Effects& out) { id = socket.leave(channel, timeout, now_, out); });
  return id;
}

void ScriptedSocket::receive(ChannelId channel, std::string status, Hook hook) {
  if (join_hooks[channel].receive(std::move(status), hook)) hook();
}

void ScriptedSocket::receive(PushId push, std::string status, Hook hook) {
  if (push_hooks[push].receive(std::move(status), hook)) hook();
}

void ScriptedSocket::open() {
  input([&](Effects& out) { socket.transport_opened(generation(), now_, out); });
}

void ScriptedSocket::message(Opcode opcode, std::string_view bytes) {
  input([&](Effects& out) { socket.transport_message(generation(), opcode, bytes, now_, out); });
}

void ScriptedSocket::error(std::error_code why) {
  input([&](Effects& out) { socket.transport_error(generation(), {.why = why}, now_, out); });
}

void ScriptedSocket::closed(Generation generation, const CloseEvent& event) {
  input([&](Effects& out) { socket.transport_closed(generation, event, now_, out); });
}

void ScriptedSocket::answer_join(ChannelId channel, std::string_view status, std::string_view response) {
  const std::string ref = join_ref(channel);
  server("[" + ref + "," + ref + ",\"" + socket.channel(channel).topic() + R"(","phx_reply",{"status":")" + std::string(status) +
         R"(","response":)" + std::string(response) + "}]");
}

void ScriptedSocket::reply(ChannelId channel, std::string_view status, std::string_view response) {
  const std::string ref = "\"" + std::to_string(socket.current_ref()) + "\"";
  server("[" + join_ref(channel) + "," + ref + ",\"" + socket.channel(channel).topic() + R"(","phx_reply",{"status":")" +
         std::string(status) + R"(","response":)" + std::string(response) + "}]");
}

void ScriptedSocket::event(ChannelId channel, std::string_view name, std::string_view payload) {
  server("[" + join_ref(channel) + ",null,\"" + socket.channel(channel).topic() + "\",\"" + std::string(name) + "\"," +
         std::string(payload) + "]");
}

ChannelId ScriptedSocket::joined(std::string topic) {
  if (!socket.connected()) connect_and_open();
  const ChannelId id = join(std::move(topic));
  ok(id);
  return id;
}

std::vector<std::string> ScriptedSocket::sent() const {
  std::vector<std::string> frames;
  for (const SendFrame& frame : all<SendFrame>()) frames.push_back(frame.bytes);
  return frames;
}

std::vector<std::string> ScriptedSocket::sent_events() const {
  std::vector<std::string> events;
  EnvelopeScratch scratch;
  for (const SendFrame& frame : all<SendFrame>()) {
    const auto message = v2_serializer().decode_client(frame.opcode, frame.bytes, scratch);
    if (message && message->topic != "phoenix") events.emplace_back(message->event);
  }
  return events;
}

Effect ScriptedSocket::own(const Effect& effect) {
  Effect copy = effect;
  if (auto* e = std::get_if<ChannelMessage>(&copy)) {
    *e = {e->channel, e->kind, keep(e->event), keep(e->payload), keep(e->ref), keep(e->join_ref)};
  } else if (auto* reply = std::get_if<PushReplied>(&copy)) {
    *reply = {reply->push, reply->channel, reply->kind, keep(reply->status), keep(reply->response)};
  } else if (auto* join = std::get_if<JoinReplied>(&copy)) {
    *join = {join->channel, keep(join->status), keep(join->response), join->kind};
  } else if (auto* errored = std::get_if<ChannelErrored>(&copy)) {
    errored->payload = keep(errored->payload);
  } else if (auto* seen = std::get_if<MessageSeen>(&copy)) {
    EnvelopeView& m = seen->message;
    for (std::string_view* view : {&m.join_ref, &m.ref, &m.topic_token, &m.topic, &m.event, &m.payload, &m.status}) *view = keep(*view);
  }
  return copy;
}

void ScriptedSocket::perform(const Effects& out) {
  std::vector<Effect> owned;
  for (const Effect& effect : out) log.push_back(owned.emplace_back(own(effect)));
  for (const Effect& effect : owned) run_hooks(effect);
}

void ScriptedSocket::run_hooks(const Effect& effect) {
  const auto run = [](Hook& hook) { hook(); };
  if (const auto* changed = std::get_if<ChannelStateChanged>(&effect); changed != nullptr && changed->to == ChannelState::joining) {
    join_hooks[changed->channel].reset();
  } else if (const auto* join = std::get_if<JoinReplied>(&effect)) {
    join_hooks[join->channel].resolve(join->status, run);
  } else if (const auto* failed = std::get_if<JoinFailed>(&effect)) {
    join_hooks[failed->channel].resolve("timeout", run);
  } else if (const auto* reply = std::get_if<PushReplied>(&effect)) {
    push_hooks[reply->push].resolve(reply->status, run);
  } else if (const auto* lost = std::get_if<PushFailed>(&effect)) {
    push_hooks[lost->push].resolve(lost->why == Errc::push_timeout ? "timeout" : "failed", run);
  } else if (const auto* message = std::get_if<ChannelMessage>(&effect)) {
    HandlerTable<Handler>::Snapshot snapshot;
    handlers[message->channel].snapshot(message->event, snapshot);
    for (const auto& handler : snapshot) (*handler)(*message);
  }
}

}  // namespace phx::core
