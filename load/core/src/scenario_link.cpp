#include "scenario_link.hpp"

#include <phx/core/base64.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>

#include <algorithm>
#include <stdexcept>

#include "url_target.hpp"

namespace phx::load {
namespace {

namespace ws = core::ws;

/// {"$binary": "<base64>"} as bytes; nullopt: any other payload.
std::optional<std::string> binary_of(const std::string& payload) {
  if (!payload.starts_with("{\"$binary\":")) return std::nullopt;
  const auto json = parse_json(payload);
  if (!json || json->size() != 1 || !(*json)["$binary"].is_string()) return std::nullopt;
  return core::base64_decode((*json)["$binary"].get<std::string>());
}

std::string payload_text(std::string_view payload, core::PayloadKind kind) {
  return kind == core::PayloadKind::binary ? to_json_text(obj("$binary", core::base64_encode(payload))) : std::string(payload);
}

std::string random_bytes(scenario::Rng& rng, std::size_t n) {
  std::string out(n, '\0');
  for (char& c : out) c = static_cast<char>(rng.next());
  return out;
}

}  // namespace

ScenarioLink::ScenarioLink(const scenario::OpenConnection& open, const std::string& url, scenario::Rng& rng)
    : serializer_(open.vsn == "1.0.0" ? core::v1_serializer() : core::v2_serializer()), rng_(rng) {
  UrlTarget to = split_url(url);
  ws::ClientHandshakeOptions options;
  options.host = std::move(to.authority);
  options.target = std::move(to.path);
  options.headers = open.headers;
  if (open.auth_token) options.subprotocols = {"phoenix", core::auth_subprotocol(*open.auth_token)};
  handshake_ = std::make_unique<ws::ClientHandshake>(std::move(options), ws::make_key(random_bytes(rng, 16)));
}

void ScenarioLink::begin() { out_ += handshake_->request(); }

void ScenarioLink::on_bytes(std::span<char> bytes, Instant now, LinkEvents& events) {
  if (dead_) return;
  if (handshake_)
    on_upgrade(bytes, now, events);
  else
    on_frames(bytes, now, events);
}

void ScenarioLink::on_upgrade(std::span<char> bytes, Instant now, LinkEvents& events) {
  const auto complete = handshake_->feed({bytes.data(), bytes.size()});
  if (complete && !*complete) return;
  const ws::HandshakeAnswer& answer = handshake_->answer();
  if (!complete || answer.status != 101) {
    dead_ = true;
    if (!complete) return events.push_back(LinkRefused{{.http_status = 0, .message = handshake_->detail()}, ErrorClass::bad_handshake});
    return events.push_back(
        LinkRefused{{.http_status = answer.status, .message = "the server answered HTTP " + std::to_string(answer.status)},
                    ErrorClass::upgrade_refused});
  }
  std::string rest = handshake_->rest();
  handshake_.reset();
  open_ = true;
  events.push_back(LinkOpened{});
  if (!rest.empty()) on_frames(rest, now, events);
}

void ScenarioLink::on_frames(std::span<char> bytes, Instant now, LinkEvents& events) {
  decoder_.feed(bytes);
  while (!dead_) {
    const auto event = decoder_.next();
    if (!event) return;
    if (const auto* message = std::get_if<ws::MessageEvent>(&*event)) {
      on_message(message->op, message->data, now, events);
    } else if (const auto* ping = std::get_if<ws::PingEvent>(&*event)) {
      ws::append_frame(out_, ws::FrameOp::pong, ping->data, static_cast<std::uint32_t>(rng_.next()));
    } else if (const auto* closing = std::get_if<ws::CloseEvent>(&*event)) {
      ws::append_frame(out_, ws::FrameOp::close, ws::close_payload(closing->code == 1005 ? 1000 : closing->code),
                       static_cast<std::uint32_t>(rng_.next()));
      return die({closing->code, std::string(closing->reason), ErrorClass::closed_by_server}, events);
    } else if (const auto* failed = std::get_if<ws::FailEvent>(&*event)) {
      return die({failed->close_code, make_error_code(failed->why).message(), ErrorClass::protocol}, events);
    }
  }
}

void ScenarioLink::die(LinkClosed why, LinkEvents& events) {
  dead_ = true;
  open_ = false;
  joined_ = 0;
  events.push_back(std::move(why));
}

void ScenarioLink::on_message(core::Opcode op, std::string_view data, Instant now, LinkEvents& events) {
  core::EnvelopeScratch scratch;
  const auto in = serializer_.decode_server(op, data, scratch);
  if (!in) return die({1002, "the server sent what is no message: " + in.error().message(), ErrorClass::protocol}, events);
  if (in->event == "phx_reply") return on_reply(*in, now, events);
  on_event(*in, events);
}

void ScenarioLink::on_reply(const core::EnvelopeView& in, Instant now, LinkEvents& events) {
  if (in.topic == "phoenix" && in.ref == heartbeat_ref_) {
    heartbeat_ref_.clear();
    return events.push_back(LinkHeartbeat{now - heartbeat_sent_});
  }
  const auto at = awaited_.find(in.ref);
  if (at == awaited_.end()) return;  // of a push that expects none
  const Awaited awaited = at->second;
  awaited_.erase(at);
  std::string scratch;
  const auto reply = core::read_reply(in, scratch);
  if (!reply) return die({1002, "the server sent a reply without a status", ErrorClass::protocol}, events);
  if (awaited.to == LinkReply::To::join && reply->status == "ok") {
    channels_[awaited.channel].joined = true;
    ++joined_;
  } else if (awaited.to != LinkReply::To::push) {
    drop(awaited.channel);
  }
  events.push_back(LinkReply{awaited.to, awaited.id, awaited.sent, std::string(reply->status), payload_text(reply->response, reply->kind)});
}

/// To the channel of that topic; what belongs to an earlier join of it is nobody's.
void ScenarioLink::on_event(const core::EnvelopeView& in, LinkEvents& events) {
  const auto at = std::find_if(channels_.begin(), channels_.end(), [&](const auto& c) { return c.second.topic == in.topic; });
  if (at == channels_.end() || (in.has_join_ref() && in.join_ref != at->second.join_ref)) return;
  events.push_back(LinkMessage{at->first, std::string(in.event), payload_text(in.payload, in.payload_kind)});
  if (in.event == "phx_close" || in.event == "phx_error") drop(at->first);
}

void ScenarioLink::drop(std::uint32_t channel) {
  const auto at = channels_.find(channel);
  if (at == channels_.end()) return;
  if (at->second.joined && joined_ > 0) --joined_;
  channels_.erase(at);
}

void ScenarioLink::join(const scenario::SendJoin& join, Instant now) {
  const std::string ref = next_ref();
  channels_[join.channel] = {join.topic, ref};
  awaited_[ref] = {LinkReply::To::join, join.id, join.channel, now};
  send(ref, ref, join.topic, "phx_join", join.payload);
}

void ScenarioLink::push(const scenario::SendPush& push, Instant now) {
  const auto at = channels_.find(push.channel);
  if (at == channels_.end()) return;  // closed by the server: the step runs into its limit, as with any client
  const std::string ref = next_ref();
  if (push.id != 0) awaited_[ref] = {LinkReply::To::push, push.id, push.channel, now};
  send(at->second.join_ref, ref, at->second.topic, push.event, push.payload);
}

void ScenarioLink::leave(const scenario::SendLeave& leave, Instant now) {
  const auto at = channels_.find(leave.channel);
  if (at == channels_.end()) return;
  const std::string ref = next_ref();
  awaited_[ref] = {LinkReply::To::leave, leave.id, leave.channel, now};
  send(at->second.join_ref, ref, at->second.topic, "phx_leave", "{}");
}

bool ScenarioLink::heartbeat(Instant now) {
  if (!heartbeat_ref_.empty()) return false;
  heartbeat_ref_ = next_ref();
  heartbeat_sent_ = now;
  send(core::null_token, heartbeat_ref_, "phoenix", "heartbeat", "{}");
  return true;
}

void ScenarioLink::close() {
  if (open_) ws::append_frame(out_, ws::FrameOp::close, ws::close_payload(1000), static_cast<std::uint32_t>(rng_.next()));
  open_ = false;
  dead_ = true;
}

void ScenarioLink::send(std::string_view join_ref, std::string_view ref, std::string_view topic, std::string_view event,
                        const std::string& payload) {
  if (!open_) return;
  const auto bytes = binary_of(payload);
  std::string text;
  const auto op = serializer_.encode({.join_ref = join_ref,
                                      .ref = ref,
                                      .topic = topic,
                                      .event = event,
                                      .payload = bytes ? std::string_view(*bytes) : std::string_view(payload),
                                      .payload_kind = bytes ? core::PayloadKind::binary : core::PayloadKind::json},
                                     text);
  if (!op) throw std::invalid_argument("cannot send " + std::string(event) + ": " + op.error().message());
  ws::append_frame(out_, *op == core::Opcode::text ? ws::FrameOp::text : ws::FrameOp::binary, text,
                   static_cast<std::uint32_t>(rng_.next()));
}

}  // namespace phx::load
