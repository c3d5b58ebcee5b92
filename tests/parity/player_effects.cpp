// What the machines want done, and what they tell the user.
#include <utility>
#include <variant>

#include <phx/core/base64.hpp>
#include <phx/core/client/ref.hpp>
#include <phx/core/error.hpp>

#include "player.hpp"

namespace phx::parity {
namespace {

std::string text_of(const core::Presence& presence) {
  std::string metas;
  for (const core::PresenceMeta& meta : presence.metas) {
    if (!metas.empty()) metas += ',';
    metas += meta.json;
  }
  const std::string fields = presence.fields.substr(1);  // behind the brace
  return R"({"metas":[)" + metas + (fields == "}" ? "]" : "],") + fields;
}

}  // namespace

void Player::perform(const Effects& out) {
  for (const core::Effect& effect : out) std::visit([this](const auto& e) { perform(e); }, effect);
}

// --- the transport ---

void Player::perform(const core::OpenTransport& e) {
  wires_.push_back({.generation = e.generation});
  log("connect", {std::to_string(wires_.size())});
  const std::size_t wire = wires_.size() - 1;
  if (auto_open_) after(*auto_open_, [this, wire] { opened(wire); });
}

void Player::perform(const core::CloseTransport& e) {
  const std::size_t wire = wire_of(e.generation);
  Wire& w = wires_[wire];
  if (w.state == Wire::State::closing || w.state == Wire::State::closed) return;
  log("close_wire", {std::to_string(wire + 1), e.code ? std::to_string(*e.code) : "null", quote(e.reason)});
  const bool clean = w.state == Wire::State::open;
  const std::uint16_t code = clean ? e.code.value_or(1005) : 1006;
  w.state = Wire::State::closing;
  const auto& delay = script_.at("config").at("close_ms");
  if (delay.is_null()) return;
  after(delay.get<std::int64_t>(), [this, wire, code, clean, reason = clean ? e.reason : std::string()] {
    closed(wire, {.code = code, .reason = reason, .clean = clean});
  });
}

void Player::perform(const core::DropTransport& e) { wires_[wire_of(e.generation)].state = Wire::State::closed; }

void Player::perform(const core::SendFrame& e) {
  if (e.opcode == core::Opcode::text) {
    log("send", {quote(e.bytes)});
  } else {
    log("send_binary", {quote(core::base64_encode(e.bytes))});
  }
  sent(wire_of(e.generation), e);
}

/// A frame the client sent; what a server answers by itself is on its way from here.
void Player::sent(std::size_t wire, const core::SendFrame& frame) {
  core::EnvelopeScratch scratch;
  const auto read = core::v2_serializer().decode_client(frame.opcode, frame.bytes, scratch);
  if (!read) throw std::runtime_error("the client sent a frame that no server reads: " + frame.bytes);
  frames_.push_back({std::string(read->join_ref), std::string(read->ref), std::string(read->topic), std::string(read->event), wire});
  const auto answer = [&](std::int64_t delay) {
    after(delay, [this, wire, to = frames_.back()] { message(wire, reply_frame(to, "ok", "{}", false)); });
  };
  if (read->topic == "phoenix" && auto_heartbeat_) answer(*auto_heartbeat_);
  if (read->event == "phx_join" && auto_join_) answer(*auto_join_);
}

// --- the socket's callbacks ---

void Player::perform(const core::SocketOpened&) { log("open"); }

void Player::perform(const core::SocketClosed& e) { log("close", {std::to_string(e.code), quote(e.reason), e.clean ? "true" : "false"}); }

void Player::perform(const core::SocketError& e) { log("error", {std::to_string(e.establishments)}); }

void Player::perform(const core::BadFrame&) { log("bad_frame"); }

void Player::perform(const core::Disconnected& e) {
  // At once without a transport: then the id is not known here yet.
  log("disconnected", {disconnects_.contains(e.id) ? disconnects_[e.id] : pending_disconnect_});
}

void Player::perform(const core::Terminal&) { log("terminal"); }

void Player::perform(const core::Pong& e) {
  log("pong", {std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(e.rtt).count())});
}

void Player::perform(const core::MessageSeen& e) {
  const core::EnvelopeView& m = e.message;
  std::string payload = payload_json(m.payload_kind, m.payload);
  if (m.payload_kind == core::PayloadKind::binary && m.event == "phx_reply")
    payload = R"({"status":)" + quote(m.status) + R"(,"response":)" + payload + "}";
  log("message",
      {"[" + std::string(m.join_ref) + "," + std::string(m.ref) + "," + quote(m.topic) + "," + quote(m.event) + "," + payload + "]"});
}

// --- the channels' callbacks ---

void Player::perform(const core::ChannelMessage& e) {
  ChannelSeat& channel = seat(e.channel);
  perform_presence(channel, e);
  core::HandlerTable<Handler>::Snapshot snapshot;
  channel.handlers.snapshot(e.event, snapshot);
  for (const auto& handler : snapshot) (*handler)(e);
}

void Player::perform_presence(ChannelSeat& seat, const core::ChannelMessage& e) {
  if (!seat.presence || !seat.presence->wants(e.event)) return;
  core::PresenceEffects out;
  if (seat.presence->on_message(e.event, e.payload, core_.channel(e.channel).join_ref(), out)) return log("bad_presence", {seat.label});
  for (const core::PresenceEffect& effect : out) {
    if (const auto* joined = std::get_if<core::PresenceJoined>(&effect)) {
      log("presence", {seat.label, R"("join")", quote(joined->presence.key), joined->current ? text_of(*joined->current) : "null",
                       text_of(joined->presence)});
    } else if (const auto* left = std::get_if<core::PresenceLeft>(&effect)) {
      log("presence", {seat.label, R"("leave")", quote(left->presence.key), text_of(left->current), text_of(left->presence)});
    } else {
      std::string list;
      for (const core::Presence& presence : seat.presence->list())
        list += (list.empty() ? "[" : ",[") + quote(presence.key) + "," + text_of(presence) + "]";
      log("presence", {seat.label, R"("sync")", "[" + list + "]"});
    }
  }
}

void Player::resolve(core::PushId id, std::string_view status, std::string response) {
  Operation& operation = operations_[id];
  operation.response = std::move(response);
  operation.hooks.resolve(status, [&](const auto& hook) { hook(operation.response); });
}

void Player::perform(const core::PushReplied& e) { resolve(e.push, e.status, payload_json(e.kind, e.response)); }

void Player::perform(const core::PushFailed& e) {
  const bool timeout = e.why == Errc::push_timeout;
  resolve(e.push, timeout ? "timeout" : "failed", timeout ? "{}" : quote(e.why.message()));
}

void Player::perform(const core::JoinReplied& e) {
  log("join", {seat(e.channel).label, quote(e.status), payload_json(e.kind, e.response)});
}

void Player::perform(const core::JoinFailed& e) { log("join", {seat(e.channel).label, R"("timeout")", "{}"}); }

void Player::perform(const core::ChannelErrored& e) { log("channel_error", {seat(e.channel).label, payload_json(e.kind, e.payload)}); }

void Player::perform(const core::ChannelClosed& e) {
  log("channel_close", {seat(e.channel).label, e.cause == core::CloseCause::server ? R"("server")" : R"("left")"});
}

}  // namespace phx::parity
