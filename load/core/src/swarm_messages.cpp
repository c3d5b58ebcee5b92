// What the server says.
#include "swarm_parts.hpp"

#include <phx/core/json.hpp>
#include <phx/load/stamp.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

namespace phx::load {

using State = User::State;

void Swarm::on_bytes(std::uint32_t slot, unsigned lane, std::span<char> bytes, Instant now) {
  User& u = users_[slot];
  count(Counter::bytes_in, bytes.size());
  count(Counter::receives);
  if (u.poll)
    poll_bytes(u, slot, lane, bytes, now);
  else if (u.handshake)
    on_upgrade(slot, bytes, now);
  else if (u.connected)
    on_frames(slot, bytes, now);
  flush(slot);
  arm(users_[slot], slot);
}

void Swarm::on_lost(std::uint32_t slot, unsigned lane, ErrorClass why, Instant now, std::string_view detail) {
  User& u = users_[slot];
  if (first_refusal_.empty()) first_refusal_ = detail;
  if (u.poll && (why == ErrorClass::connection_lost || why == ErrorClass::closed_by_server))
    poll_lost(u, slot, lane, now);
  else
    lost(u, slot, why, now);
  arm(users_[slot], slot);
  start_queued(now);
}

void Swarm::on_frames(std::uint32_t slot, std::span<char> bytes, Instant now) {
  namespace ws = core::ws;
  User& u = users_[slot];
  u.decoder.feed(bytes);
  while (u.connected) {
    const auto event = u.decoder.next();
    if (!event) return;
    if (const auto* message = std::get_if<ws::MessageEvent>(&*event)) {
      on_message(u, slot, message->op, message->data, now);
    } else if (const auto* ping = std::get_if<ws::PingEvent>(&*event)) {
      send_control(u, ws::FrameOp::pong, ping->data);
    } else if (const auto* closing = std::get_if<ws::CloseEvent>(&*event)) {
      send_control(u, ws::FrameOp::close, ws::close_payload(closing->code == 1005 ? 1000 : closing->code));
      return lost(u, slot, ErrorClass::closed_by_server, now);
    } else if (std::holds_alternative<ws::FailEvent>(*event)) {
      return lost(u, slot, ErrorClass::protocol, now);
    }
  }
}

void Swarm::on_message(User& u, std::uint32_t slot, core::Opcode op, std::string_view data, Instant now) {
  last_heard_ = now;
  if (u.member) {
    const std::string& prefix = topics_[u.topic]->prefix;
    if (!prefix.empty() && data.size() > prefix.size() && std::memcmp(data.data(), prefix.data(), prefix.size()) == 0 &&
        on_stamped(u, data.substr(prefix.size()), now))
      return;
  }
  const auto in = serializer(u).decode_server(op, data, scratch_);
  if (!in) return lost(u, slot, ErrorClass::protocol, now);
  if (in->event == "phx_reply") return on_reply(u, slot, *in, now);
  on_event(u, slot, *in, data, now);
}

void Swarm::on_reply(User& u, std::uint32_t slot, const core::EnvelopeView& in, Instant now) {
  std::string_view ref = in.ref;
  if (ref.size() < 2 || ref.front() != '"') return count(Counter::other_messages);
  ref = ref.substr(1, ref.size() - 2);
  if (in.topic == "phoenix") {
    if (u.heartbeat_sent != Instant{}) measure(Metric::heartbeat, now - u.heartbeat_sent);
    u.heartbeat_sent = {};
  } else if (ref.size() == PushRef::size) {
    std::string scratch;
    const auto reply = core::read_reply(in, scratch);
    on_push_reply(u, slot, ref, reply && reply->status == "ok", now);
  } else if (ref.starts_with('J') && u.state == State::joining) {
    on_join_reply(u, slot, in, now);
  } else if (ref.starts_with('L') && u.state == State::leaving) {
    end_membership(u, Membership::End::left, now);
    close(u, slot, false);
    went(u, slot, now);
  } else {
    count(Counter::other_messages);
  }
}

void Swarm::on_push_reply(User& u, std::uint32_t slot, std::string_view ref, bool ok, Instant now) {
  const auto push = read_ref(ref);
  const std::uint32_t bit = push ? push->seq - u.first_open : 64;
  if (bit >= 64 || (u.open_pushes >> bit & 1) == 0) return error(ErrorClass::unexpected_reply);
  u.open_pushes &= ~(std::uint64_t{1} << bit);
  --outstanding_;
  const int shift = u.open_pushes == 0 ? 64 : std::countr_zero(u.open_pushes);
  u.first_open = shift == 64 ? u.next_push : u.first_open + static_cast<std::uint32_t>(shift);
  u.open_pushes = shift == 64 ? 0 : u.open_pushes >> shift;
  u.waiting_since = now;
  count(Counter::replies);
  if (!ok) error(ErrorClass::reply_error);
  const Duration actual = now - instant(push->sent_ns);
  measure(Metric::reply_actual, actual);
  measure(Metric::reply, actual + std::chrono::microseconds(push->lag_us));
  if (stopped_ || u.state != State::joined || !u.acts) return;
  if (profile(u).inflight > 0)
    perform(u, now, now);
  else if (u.planned_action <= now)
    act(u, slot, now);  // it waited for room
}

void Swarm::on_event(User& u, std::uint32_t slot, const core::EnvelopeView& in, std::string_view frame, Instant now) {
  if (in.event == "phx_error" || in.event == "phx_close") {
    const bool ours = u.state == State::joined && u.member && in.topic == topics_[u.topic]->name;
    if (ours) lost(u, slot, in.event == "phx_error" ? ErrorClass::channel_error : ErrorClass::channel_closed, now);
    return;
  }
  if (in.event == "presence_state" || in.event == "presence_diff") return on_presence(u, in.payload, now);
  const std::size_t at = in.payload.find(marker_);
  if (at == std::string_view::npos || !u.member || in.topic != topics_[u.topic]->name) return count(Counter::other_messages);
  const std::string_view stamp = in.payload.substr(at + marker_.size());
  if (!on_stamped(u, stamp, now)) return count(Counter::other_messages);
  if (stamp.data() > frame.data() && stamp.data() < frame.data() + frame.size())
    topics_[u.topic]->prefix = std::string(frame.substr(0, static_cast<std::size_t>(stamp.data() - frame.data())));
}

/// `stamp` begins behind the marker. False: none.
bool Swarm::on_stamped(User& u, std::string_view text, Instant now) {
  const auto stamp = read_stamp(text);
  if (!stamp) return false;
  Deliveries& seen = *topics_[u.topic]->seen;
  if (!u.receipts) u.receipts = std::make_unique<Receipts>();
  const Arrival how = u.receipts->arrived(stamp->user, stamp->seq);
  if (stamp->user == u.id && u.stream != ~0u) ledger_.streams[u.stream].confirm(stamp->seq, ns(now));
  if (how == Arrival::duplicate) {
    ++seen.duplicate;
    return true;
  }
  if (how == Arrival::out_of_order) ++seen.out_of_order;
  const Duration actual = now - instant(stamp->sent_ns);
  if (actual > job_.plan.late_after) {
    ++seen.late;
    count(Counter::late);
  }
  count(Counter::deliveries);
  measure(Metric::delivery_actual, actual);
  measure(Metric::delivery, actual + std::chrono::microseconds(stamp->lag_us));
  return true;
}

/// The user's own key, as its params say, in a state or a diff.
void Swarm::on_presence(User& u, std::string_view payload, Instant now) {
  count(Counter::presence_messages);
  if (u.sees_presence || !profile(u).presence || !u.member) return;
  const Json params = Json::parse(fill(profile(u).params, u.id, 0, row(u)), nullptr, false);
  const auto key = params.is_object() ? params.find("user_id") : params.end();
  if (!params.is_object() || key == params.end() || !key->is_string()) return;
  if (payload.find(to_json_text(*key) + ":") == std::string_view::npos) return;
  u.sees_presence = true;
  measure(Metric::presence, now - u.stage_began);
}

}  // namespace phx::load
