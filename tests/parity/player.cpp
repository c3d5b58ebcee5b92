// The steps of a script and the wire; what the machines answer is in player_effects.cpp.
#include "player.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace phx::parity {
namespace {

std::optional<std::int64_t> number(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() || at->is_null() ? std::nullopt : std::optional(at->get<std::int64_t>());
}

std::optional<Duration> timeout_of(const Json& step) {
  const auto ms = number(step, "timeout");
  return ms ? std::optional<Duration>(std::chrono::milliseconds(*ms)) : std::nullopt;
}

bool flag(const Json& step, const char* key) { return step.value(key, false); }

core::SocketConfig config_of(const Json& config) {
  core::SocketConfig out;
  out.policy = core::compat::phoenix_js();
  out.policy.drop_stale_transport_events = true;  // D-7: departures.mjs
  out.timeout = std::chrono::milliseconds(*number(config, "timeout"));
  out.heartbeat_interval = std::chrono::milliseconds(*number(config, "heartbeat"));
  out.message_events = true;
  return out;
}

std::string state_name(core::SocketState state) {
  switch (state) {
    case core::SocketState::closed: return R"("closed")";
    case core::SocketState::connecting: return R"("connecting")";
    case core::SocketState::open: return R"("open")";
    case core::SocketState::closing: return R"("closing")";
  }
  throw std::logic_error("no such socket state");
}

std::string state_name(core::ChannelState state) {
  switch (state) {
    case core::ChannelState::closed: return R"("closed")";
    case core::ChannelState::joining: return R"("joining")";
    case core::ChannelState::joined: return R"("joined")";
    case core::ChannelState::errored: return R"("errored")";
    case core::ChannelState::leaving: return R"("leaving")";
  }
  throw std::logic_error("no such channel state");
}

}  // namespace

Player::Player(const Json& script) : script_(script), env_(config_of(script.at("config")), jitter_) {
  set_auto(script.at("config").at("auto"));
  for (int callback = 0; callback < 4; ++callback) core_.make_ref();  // F2: phoenix.js numbers its callbacks from the same counter
}

std::string Player::play() {
  for (const Json& step : script_.at("steps")) {
    advance(step.at("dt").get<std::int64_t>());
    try {
      if (step.contains("c")) {
        client(step);
      } else {
        server(step);
      }
    } catch (const std::logic_error&) {  // the rules a caller broke: a second join, a push before the first
      log("throw");
    }
    log_state();
  }
  return log_.text();
}

void Player::log_state() {
  std::string channels;
  for (const auto& [label, seat] : channels_) {
    if (!channels.empty()) channels += ',';
    channels += '"' + std::to_string(label) + "\":" + state_name(core_.channel(seat.id).state());
  }
  log("state", {state_name(core_.state()), "{" + channels + "}"});
}

// --- time ---

std::optional<std::int64_t> Player::core_due() const {
  const auto at = core_.next_deadline();
  if (!at) return std::nullopt;
  return std::max(ms_, std::chrono::floor<std::chrono::milliseconds>(*at - start_).count());
}

void Player::advance(std::int64_t by) {
  const std::int64_t end = ms_ + by;
  while (true) {
    const auto due = core_due();
    if (!timers_.empty() && timers_.begin()->first <= end && (!due || timers_.begin()->first <= *due)) {
      const auto timer = timers_.extract(timers_.begin());
      ms_ = timer.key();
      timer.mapped()();
    } else if (due && *due <= end) {
      ms_ = *due;
      clock_ = std::max(clock_, *core_.next_deadline());  // no later: one timer after the other
      input([&](Effects& out) { core_.on_deadline(clock_, out); });
    } else {
      break;
    }
  }
  ms_ = end;
}

void Player::after(std::int64_t delay, std::function<void()> run) {
  timers_.emplace(ms_ + std::max<std::int64_t>(1, delay), std::move(run));
}

// --- client steps ---

Player::ChannelSeat* Player::seat(const Json& step) {
  const auto ch = number(step, "ch");
  const auto at = ch ? channels_.find(static_cast<int>(*ch)) : channels_.end();
  return at == channels_.end() ? nullptr : &at->second;
}

Player::ChannelSeat& Player::seat(core::ChannelId id) {
  return std::find_if(channels_.begin(), channels_.end(), [id](const auto& entry) { return entry.second.id == id; })->second;
}

void Player::client(const Json& step) {
  const std::string& what = step.at("c").get_ref<const std::string&>();
  if (what == "channel") return create_channel(step);
  if (what == "receive") return receive(step);
  if (what == "off") return off(step);
  if (!step.contains("ch")) return connection_step(step);
  if (ChannelSeat* channel = seat(step)) channel_step(step, *channel);
}

void Player::connection_step(const Json& step) {
  const std::string& what = step.at("c").get_ref<const std::string&>();
  if (what == "connect") {
    input([&](Effects& out) { core_.connect(now(), out); });
  } else if (what == "disconnect") {
    std::optional<core::CloseRequest> close;
    if (const auto code = number(step, "code")) close = {static_cast<std::uint16_t>(*code), step.value("reason", "")};
    pending_disconnect_ = std::to_string(*number(step, "id"));
    input([&](Effects& out) { disconnects_[core_.disconnect(std::move(close), now(), out)] = pending_disconnect_; });
  } else if (what == "ping") {
    bool sent = false;
    input([&](Effects& out) { sent = core_.ping(now(), out).has_value(); });
    if (sent) core_.make_ref();  // F2: phoenix.js waits with a numbered callback
    log("ping", {sent ? "true" : "false"});
  } else {
    throw std::runtime_error("unknown client step '" + what + "'");
  }
}

void Player::channel_step(const Json& step, ChannelSeat& channel) {
  const std::string& what = step.at("c").get_ref<const std::string&>();
  if (what == "join") return input([&](Effects& out) { core_.join(channel.id, timeout_of(step), now(), out); });
  if (what == "leave") return leave(step, channel);
  if (what == "push") return push(step, channel);
  if (what == "on") return on(step, channel);
  throw std::runtime_error("unknown channel step '" + what + "'");
}

void Player::create_channel(const Json& step) {
  core_.make_ref();  // F2: a channel of phoenix.js registers two callbacks
  core_.make_ref();
  const int label = static_cast<int>(*number(step, "ch"));
  ChannelSeat& seat = channels_[label];
  seat.label = std::to_string(label);
  seat.topic = step.at("topic").get<std::string>();
  if (flag(step, "presence")) seat.presence.emplace(core::PresenceOptions{.update_event = false});
  seat.id = core_.create_channel({.topic = seat.topic, .params = step.at("params").get<std::string>(), .timeout = std::nullopt});
}

void Player::add_hook(core::PushId id, const std::string& status) {
  auto run = [this, id, status](std::string_view response) { log("push", {label_of_.at(id), quote(status), std::string(response)}); };
  Operation& operation = operations_[id];
  if (operation.hooks.receive(status, run)) run(operation.response);
}

void Player::track(core::PushId id, const Json& step) {
  const int label = static_cast<int>(*number(step, "id"));
  labels_[label] = id;
  label_of_[id] = std::to_string(label);
  if (flag(step, "late")) return;
  for (const char* status : {"ok", "error", "timeout", "custom"}) add_hook(id, status);
}

void Player::leave(const Json& step, ChannelSeat& channel) {
  core::PushId id{};
  input([&](Effects& out) { id = core_.leave(channel.id, timeout_of(step), now(), out); });
  track(id, step);
}

void Player::push(const Json& step, ChannelSeat& channel) {
  core::PushId id{};
  const std::string event = step.at("event").get<std::string>();
  const std::string payload = step.at("payload").get<std::string>();
  const auto kind = flag(step, "binary") ? core::PayloadKind::binary : core::PayloadKind::json;
  input([&](Effects& out) {
    id = core_.push(channel.id, {.event = event, .payload = payload, .kind = kind, .timeout = timeout_of(step)}, now(), out);
  });
  track(id, step);
}

void Player::receive(const Json& step) {
  const auto at = labels_.find(static_cast<int>(*number(step, "id")));
  if (at != labels_.end()) add_hook(at->second, step.at("status").get<std::string>());
}

void Player::on(const Json& step, ChannelSeat& channel) {
  const int label = static_cast<int>(*number(step, "id"));
  const std::string event = step.at("event").get<std::string>();
  const bool once = flag(step, "once");
  const auto id = channel.handlers.on(event, [this, &channel, label, event, once](const core::ChannelMessage& e) {
    const core::RefToken own(core_.channel(channel.id).join_ref());
    const std::string_view join_ref = e.join_ref == core::null_token ? own.view() : e.join_ref;
    log("handler",
        {channel.label, std::to_string(label), quote(event), payload_json(e.kind, e.payload), std::string(e.ref), std::string(join_ref)});
    if (once) channel.handlers.off(event, handlers_.at(label).id);
  });
  handlers_[label] = {static_cast<int>(*number(step, "ch")), event, id};
}

void Player::off(const Json& step) {
  const auto label = number(step, "id");
  const auto handler = label ? handlers_.find(static_cast<int>(*label)) : handlers_.end();
  if (handler != handlers_.end()) {
    channels_.at(handler->second.channel).handlers.off(handler->second.event, handler->second.id);
  } else if (ChannelSeat* channel = seat(step); channel != nullptr && step.contains("event")) {
    channel->handlers.off(step.at("event").get_ref<const std::string&>());
  }
}

// --- server steps ---

void Player::set_auto(const Json& from) {
  auto_open_ = number(from, "open");
  auto_join_ = number(from, "join");
  auto_heartbeat_ = number(from, "heartbeat");
}

void Player::server(const Json& step) {
  const std::string& what = step.at("s").get_ref<const std::string&>();
  if (what == "auto") return set_auto(step);
  if (wires_.empty()) return;
  const std::size_t wire = wires_.size() - 1;
  if (what == "open") return opened(wire);
  if (what == "error") return failed(wire);
  if (what == "raw") return message(wire, {core::Opcode::text, step.at("text").get<std::string>()});
  if (what == "reply") return server_reply(step);
  if (what == "push") return server_push(step);
  if (what != "close") throw std::runtime_error("unknown server step '" + what + "'");
  const std::string reason = step.at("reason").get<std::string>();
  closed(wire, {.code = static_cast<std::uint16_t>(*number(step, "code")), .reason = reason, .clean = flag(step, "clean")});
}

const FrameNames* Player::select(const Json& which) const {
  const std::string& to = which.at("to").get_ref<const std::string&>();
  const auto ch = number(which, "ch");
  std::optional<std::string> topic;
  if (ch) {
    const auto channel = channels_.find(static_cast<int>(*ch));
    if (channel == channels_.end()) return nullptr;
    topic = channel->second.topic;
  }
  std::int64_t back = number(which, "back").value_or(0);
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    const bool join = frame->event == "phx_join", leave = frame->event == "phx_leave", heartbeat = frame->topic == "phoenix";
    const bool recent = frame->wire == wires_.size() - 1;  // no server knows of a heartbeat on an earlier connection
    const bool wanted = to == "join"        ? join
                        : to == "leave"     ? leave
                        : to == "heartbeat" ? heartbeat && recent
                                            : !join && !leave && !heartbeat;
    if (wanted && (!topic || *topic == frame->topic) && back-- == 0) return &*frame;
  }
  return nullptr;
}

void Player::server_reply(const Json& step) {
  const FrameNames* to = select(step);
  if (to == nullptr) return;
  const bool binary = flag(step, "binary") && to->join_ref != core::null_token;
  message(wires_.size() - 1, reply_frame(*to, step.at("status").get<std::string>(), step.at("response").get<std::string>(), binary));
}

void Player::server_push(const Json& step) {
  const ChannelSeat* channel = seat(step);
  if (channel == nullptr) return;
  FrameNames names{.topic = channel->topic, .event = step.at("event").get<std::string>()};
  if (const std::string ref = step.at("join_ref").get<std::string>(); ref != "none") {
    const FrameNames* join = select(Json{{"to", "join"}, {"ch", step.at("ch")}, {"back", ref == "old" ? 1 : 0}});
    if (join == nullptr) return;
    names.join_ref = join->join_ref;
    if (names.event == "phx_error" || names.event == "phx_close") names.ref = join->join_ref;
  }
  message(wires_.size() - 1, push_frame(names, step.at("payload").get<std::string>(), flag(step, "binary")));
}

// --- the wire ---

std::size_t Player::wire_of(Generation generation) const {
  const auto at = std::find_if(wires_.begin(), wires_.end(), [generation](const Wire& w) { return w.generation == generation; });
  return static_cast<std::size_t>(at - wires_.begin());
}

void Player::opened(std::size_t wire) {
  if (wires_[wire].state != Wire::State::connecting) return;
  wires_[wire].state = Wire::State::open;
  input([&](Effects& out) { core_.transport_opened(wires_[wire].generation, now(), out); });
}

void Player::closed(std::size_t wire, const core::CloseEvent& event) {
  if (wires_[wire].state == Wire::State::closed) return;
  wires_[wire].state = Wire::State::closed;
  input([&](Effects& out) { core_.transport_closed(wires_[wire].generation, event, now(), out); });
}

void Player::failed(std::size_t wire) {
  if (wires_[wire].state == Wire::State::closed) return;
  wires_[wire].state = Wire::State::closed;
  const Generation generation = wires_[wire].generation;
  input([&](Effects& out) { core_.transport_error(generation, {.why = Errc::connection_closed}, now(), out); });
  input([&](Effects& out) { core_.transport_closed(generation, {.code = 1006}, now(), out); });
}

void Player::message(std::size_t wire, const ServerFrame& frame) {
  if (wires_[wire].state != Wire::State::open && wires_[wire].state != Wire::State::closing) return;
  input([&](Effects& out) { core_.transport_message(wires_[wire].generation, frame.opcode, frame.bytes, now(), out); });
}

}  // namespace phx::parity
