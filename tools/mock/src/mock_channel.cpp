#include <chrono>
#include <stdexcept>

#include <phx/core/base64.hpp>
#include <phx/mock/mock.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/socket.hpp>

namespace phx::mock {

using namespace server;

namespace {

Payload to_payload(const Json& value) {
  if (const auto bytes = binary_of(value)) return Payload::binary(*bytes);
  return Payload(value);
}

/// What patterns and templates see of a payload.
Json to_json(const Payload& payload) {
  if (!payload.is_binary()) return payload.json();
  return obj("$binary", core::base64_encode(payload.raw()));
}

Json to_json(const Json& params) {
  if (!params.is_binary()) return params;
  const auto& bytes = params.get_binary();
  return obj("$binary", core::base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

}  // namespace

const MockChannelScript* MockChannel::script(std::string_view topic) {
  file_ = mock_.file();
  return file_->find(topic);
}

scenario::TemplateScope MockChannel::scope() {
  scenario::TemplateScope out;
  out.seq = seq_;
  out.unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  out.counter = &counter_;
  out.random = &random_;
  out.variables = &variables_;
  return out;
}

void MockChannel::bind(std::string_view event, const Json& payload) {
  ++seq_;
  variables_["event"] = event;
  variables_["payload"] = payload;
  variables_["state"] = state_;
}

Payload MockChannel::rendered(const JsonTemplate& value) { return to_payload(value.value(scope())); }

void MockChannel::remember(const MockActions& actions) {
  for (const auto& [name, value] : actions.set) variables_[name] = value.value(scope());
  if (actions.go) state_ = *actions.go;
}

void MockChannel::send(const MockActions& actions, Socket& socket) {
  const auto each = [&](const std::vector<MockMessage>& messages, auto now) {
    for (const MockMessage& m : messages) {
      const std::string event = m.event.text(scope());
      const Payload payload = rendered(m.payload);
      if (m.after == Duration{})
        now(m, event, payload);
      else
        socket.send_after(m.after, Send{event, payload});
    }
  };
  each(actions.push, [&](const MockMessage&, const std::string& event, const Payload& payload) { socket.push(event, payload); });
  each(actions.broadcast_from,
       [&](const MockMessage&, const std::string& event, const Payload& payload) { socket.broadcast_from(event, payload); });
  for (const MockMessage& m : actions.broadcast) {
    const std::string topic = m.topic ? m.topic->text(scope()) : topic_;
    const std::string event = m.event.text(scope());
    const Payload payload = rendered(m.payload);
    if (m.after == Duration{})
      (void)mock_.pubsub().broadcast(topic, event, payload);
    else
      socket.send_after(m.after, Broadcast{topic, event, payload});
  }
}

void MockChannel::start_timers(Socket& socket) {
  const MockChannelScript* now = script(topic_);
  ticks_.assign(now->every.size(), 0);
  for (std::size_t i = 0; i < now->every.size(); ++i) socket.send_after(now->every[i].every, Tick{i});
}

JoinResult MockChannel::join(std::string_view topic, const Json& params, Socket& socket) {
  topic_ = topic;
  const MockChannelScript* now = script(topic);
  if (!now) {  // the file was read again since the socket looked
    mock_.unmatched(topic);
    co_return JoinError{obj("reason", "unmatched topic")};
  }
  state_ = now->state;
  const Json payload = to_json(params);
  variables_["topic"] = topic_;
  variables_["join_payload"] = payload;
  if (const Json* connected = socket.assign_or_null("params")) variables_["params"] = *connected;
  bind("phx_join", payload);
  if (now->join.empty()) {
    socket.send_self(Joined{});
    co_return JoinOk{};
  }
  const MockRule* rule = mock_.choose(now->join, payload, state_, scope());
  if (!rule) {
    mock_.journal().unexpected(topic, "phx_join", "no join rule of the mock matches", socket.now());
    co_return JoinError{obj("reason", "no join rule of the mock matches")};
  }
  const Mock::FilePtr held = file_;
  const MockActions& actions = rule->actions;
  if (actions.after > Duration{}) co_await socket.sleep(actions.after);
  if (actions.crash) throw std::runtime_error("the mock says crash");
  remember(actions);
  const Payload response = actions.reply ? rendered(actions.reply->response) : Payload();
  if (actions.reply && actions.reply->status.text(scope()) != "ok") co_return JoinError{response};
  socket.send_self(Joined{});
  socket.send_self(Then{&actions, held});
  co_return JoinOk{response};
}

const std::vector<MockRule>* MockChannel::rules_for(std::string_view event, const MockChannelScript& now) const {
  auto found = now.on.find(event);
  if (found == now.on.end()) found = now.on.find("*");
  return found == now.on.end() ? nullptr : &found->second;
}

HandleResult MockChannel::handle_in(std::string_view event, const Payload& received, Socket& socket) {
  const MockChannelScript* now = script(topic_);
  const Json payload = to_json(received);
  bind(event, payload);
  const auto* rules = now ? rules_for(event, *now) : nullptr;
  const MockRule* rule = rules ? mock_.choose(*rules, payload, state_, scope()) : nullptr;
  if (!rule) {
    mock_.journal().unexpected(topic_, event, "no rule of the mock matches", socket.now());
    co_return Reply::error(obj("reason", "no rule of the mock matches"));
  }
  const Mock::FilePtr held = file_;
  const MockActions& actions = rule->actions;
  if (actions.after > Duration{}) co_await socket.sleep(actions.after);
  if (actions.crash) throw std::runtime_error("the mock says crash");
  remember(actions);
  if (actions.reply_first)
    socket.send_self(Then{&actions, held});
  else
    send(actions, socket);
  if (!actions.reply) {
    if (actions.close) co_return Stop{StopReason::normal()};
    co_return NoReply{};
  }
  Reply reply{actions.reply->status.text(scope()), rendered(actions.reply->response)};
  if (actions.close) co_return StopReply{StopReason::normal(), std::move(reply)};
  co_return reply;
}

HandleResult MockChannel::on_tick(std::size_t index, Socket& socket) {
  const MockChannelScript* now = script(topic_);
  if (!now || index >= now->every.size() || index >= ticks_.size()) return NoReply{};
  const MockTimer& timer = now->every[index];
  const bool wanted = !timer.state || *timer.state == state_;
  if (wanted) {
    bind("tick", nullptr);
    if (timer.actions.crash) throw std::runtime_error("the mock says crash");
    remember(timer.actions);
    send(timer.actions, socket);
    ++ticks_[index];
  }
  if (wanted && timer.actions.close) return Stop{StopReason::normal()};
  if (timer.times == 0 || ticks_[index] < timer.times) socket.send_after(timer.every, Tick{index});
  return NoReply{};
}

HandleResult MockChannel::handle_info(const Info& message, Socket& socket) {
  if (const auto* tick = message.get_if<Tick>()) return on_tick(tick->index, socket);
  if (const auto* later = message.get_if<Send>()) socket.push(later->event, later->payload);
  if (const auto* later = message.get_if<Broadcast>()) (void)mock_.pubsub().broadcast(later->topic, later->event, later->payload);
  if (const auto* then = message.get_if<Then>()) send(*then->actions, socket);
  if (!message.get_if<Joined>()) return NoReply{};
  const MockChannelScript* now = script(topic_);
  if (!now) return NoReply{};
  if (now->has_presence) {
    mock_.begin_presence(file_, *now, topic_);
    if (now->track) (void)mock_.presence().track(socket, now->track->first.text(scope()), now->track->second.value(scope()));
    socket.push("presence_state", mock_.presence().list(socket));
  }
  start_timers(socket);
  return NoReply{};
}

}  // namespace phx::mock
