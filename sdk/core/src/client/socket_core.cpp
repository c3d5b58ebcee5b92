// SocketCore: what the user asks for, messages, time. The life of transports is in socket_transport.cpp.
#include <phx/core/client/socket_core.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

#include <phx/core/error.hpp>

namespace phx::core {
namespace {

std::uint32_t hash_of(std::string_view topic) noexcept { return static_cast<std::uint32_t>(std::hash<std::string_view>{}(topic)); }

}  // namespace

SocketCore::SocketCore(SocketEnv& env)
    : link_(env),
      fallback_(env.config.transport == TransportKind::longpoll ? std::nullopt : env.config.fallback_after, env.policy().fallback),
      kind_(env.config.transport) {}

// --- channels ---

ChannelId SocketCore::create_channel(ChannelOptions options) {
  if (options.topic.empty()) throw std::invalid_argument("a channel needs a topic");
  const ChannelId id{++next_channel_};
  const std::uint32_t hash = hash_of(options.topic);
  slots_.push_back({hash, id, std::make_unique<ChannelCore>(id, std::move(options), link_.env.config.timeout)});
  return id;
}

const ChannelCore* SocketCore::find(ChannelId channel) const noexcept {
  const auto at = std::lower_bound(slots_.begin(), slots_.end(), channel, [](const Slot& slot, ChannelId id) { return slot.id < id; });
  return at != slots_.end() && at->id == channel ? at->channel.get() : nullptr;
}

const ChannelCore& SocketCore::channel(ChannelId channel) const {
  const ChannelCore* found = find(channel);
  if (found == nullptr) throw std::out_of_range("no such channel");
  return *found;
}

ChannelCore& SocketCore::require(ChannelId channel) { return const_cast<ChannelCore&>(std::as_const(*this).channel(channel)); }

bool SocketCore::can_push(ChannelId id) const { return channel(id).can_push(link_); }

std::size_t SocketCore::channel_count() const noexcept {
  return static_cast<std::size_t>(std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.channel->attached(); }));
}

void SocketCore::join(ChannelId id, std::optional<Duration> timeout, Instant now, Effects& out) {
  ChannelCore& channel = require(id);
  channel.require_joinable(link_.policy());
  leave_open_topic(channel, now, out);
  channel.join(timeout, link_, now, out);
}

void SocketCore::rejoin(ChannelCore& channel, Instant now, Effects& out) {
  leave_open_topic(channel, now, out);
  channel.rejoin(link_, now, out);
}

/// The server has one channel per topic and transport, so an older object of that topic goes (table 3.6).
void SocketCore::leave_open_topic(const ChannelCore& newcomer, Instant now, Effects& out) {
  for (const Slot& slot : slots_) {
    ChannelCore& other = *slot.channel;
    const bool open = other.state() == ChannelState::joined || other.state() == ChannelState::joining;
    if (&other == &newcomer || !open || other.topic() != newcomer.topic()) continue;
    return other.leave(PushId::none, std::nullopt, CloseCause::replaced, link_, now, out);
  }
}

void SocketCore::join_params(ChannelId id, std::uint32_t request, std::string_view params, Instant, Effects& out) {
  if (find(id) != nullptr) require(id).join_params(request, params, link_, out);
}

PushId SocketCore::push(ChannelId id, const PushRequest& request, Instant now, Effects& out) {
  ChannelCore& channel = require(id);
  const PushId push{++next_push_};
  channel.push(push, request, link_, now, out);
  return push;
}

PushId SocketCore::leave(ChannelId id, std::optional<Duration> timeout, Instant now, Effects& out) {
  ChannelCore& channel = require(id);
  const PushId push{++next_push_};
  channel.leave(push, timeout, CloseCause::left, link_, now, out);
  return push;
}

void SocketCore::remove_channel(ChannelId id, Effects& out) {
  require(id).fail_pushes(link_, out);
  std::erase_if(slots_, [id](const Slot& slot) { return slot.id == id; });
}

PushId SocketCore::send(const MessageView& message, Effects& out) {
  const PushId push{++next_push_};
  link_.send_or_queue(push, message, out);
  return push;
}

void SocketCore::cancel(PushId push) {
  link_.in_flight.take(push);
  for (const Slot& slot : slots_)
    if (slot.channel->cancel(push)) return;
}

std::optional<PingId> SocketCore::ping(Instant now, Effects& out) {
  if (!link_.open) return std::nullopt;
  const PingId id{++next_ping_};
  const Ref ref = link_.refs.next();
  send_heartbeat_frame(ref, out);
  pings_.push_back({ref, id, now});
  return id;
}

// --- messages ---

void SocketCore::transport_message(Generation generation, Opcode opcode, std::string_view bytes, Instant now, Effects& out) {
  if (!is_current(generation) || state_ == SocketState::connecting) return;
  const SocketConfig& config = link_.env.config;
  const Result<EnvelopeView> message = config.serializer->decode_server(opcode, bytes, link_.env.scratch);
  if (!message) {
    out.emplace_back(BadFrame{generation, message.error()});
    return;
  }
  const Ref ref = message->has_ref() ? parse_ref(message->ref) : Ref{};
  if (ref.present() && heartbeat_.on_reply(ref, now, config.heartbeat_interval)) {
    if (kind_ == TransportKind::longpoll) heartbeat_.stop();  // it was network_changed() that asked
    link_.arm(heartbeat_.deadline());
    settle();
    if (config.heartbeat_events) out.emplace_back(HeartbeatReplied{now - heartbeat_sent_});
  }
  if (ref.present()) fallback_.on_reply(ref);
  dispatch(*message, now, out);
  if (config.message_events) out.emplace_back(MessageSeen{*message});
  if (ref.present()) on_socket_reply(*message, ref, now, out);  // S15: a ping waits as the newest message callback
}

void SocketCore::dispatch(const EnvelopeView& message, Instant now, Effects& out) {
  const std::uint32_t hash = hash_of(message.topic);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.topic_hash != hash || !slot.channel->attached() || !slot.channel->accepts(message)) continue;
    slot.channel->on_message(message, link_, now, out);
    if (!slot.channel->attached() && !link_.policy().dispatch_snapshot) ++i;  // D-9: the list grew shorter under the loop
  }
}

/// Answers that belong to no living channel: of leaves (D-3) and of pings (S15).
void SocketCore::on_socket_reply(const EnvelopeView& message, Ref ref, Instant now, Effects& out) {
  const InFlight* push = message.event == "phx_reply" ? link_.in_flight.find(ref) : nullptr;
  if (push != nullptr && push->leave) {
    const InFlight leave = *link_.in_flight.take(ref);
    const Result<ReplyView> reply = read_reply(message, link_.env.status_scratch);
    if (reply) {
      out.emplace_back(PushReplied{leave.id, leave.channel, reply->kind, reply->status, reply->response});
    } else {
      out.emplace_back(PushFailed{leave.id, leave.channel, reply.error()});
    }
  }
  const auto ping = std::find_if(pings_.begin(), pings_.end(), [ref](const Ping& p) { return p.ref == ref; });
  if (ping == pings_.end()) return;
  out.emplace_back(Pong{ping->id, now - ping->sent});
  pings_.erase(ping);
}

// --- heartbeat ---

bool SocketCore::send_heartbeat_frame(Ref ref, Effects& out) {
  const RefToken token(ref);
  const MessageView frame{.ref = token.view(), .topic = "phoenix", .event = "heartbeat", .payload = "{}"};
  if (!link_.open && !link_.policy().heartbeat.queue_while_not_open) return false;
  link_.send_or_queue(PushId::none, frame, out);
  return true;
}

void SocketCore::send_heartbeat(Instant now, Effects& out) {
  if (heartbeat_.pending() && !link_.open) return;  // H3
  const SocketConfig& config = link_.env.config;
  const Ref ref = link_.refs.next();
  if (!send_heartbeat_frame(ref, out)) return;
  heartbeat_sent_ = now;
  const bool own_timeout = config.heartbeat_timeout != Duration::zero();
  heartbeat_.sent(ref, now + (own_timeout ? config.heartbeat_timeout : config.heartbeat_interval));
  link_.arm(heartbeat_.deadline());
}

// --- time ---

std::optional<Instant> SocketCore::next_deadline() const noexcept { return link_.wake == never ? std::nullopt : std::optional(link_.wake); }

void SocketCore::on_deadline(Instant now, Effects& out) {
  if (now < link_.wake) return;
  run_teardowns(now, out);
  if (stable_at_ <= now) settle();
  on_fallback_deadline(now, out);
  if (reconnect_.deadline() <= now) on_reconnect_deadline(now, out);
  on_heartbeat_deadline(now, out);
  while (const auto push = link_.in_flight.take_due(now)) out.emplace_back(PushFailed{push->id, push->channel, Errc::push_timeout});
  for (const Slot& slot : slots_)
    if (slot.channel->on_deadline(link_, now, out)) rejoin(*slot.channel, now, out);
  rearm();
}

void SocketCore::rearm() noexcept {
  link_.wake = std::min({stable_at_, reconnect_.deadline(), heartbeat_.deadline(), fallback_.deadline(), link_.in_flight.earliest()});
  for (const Teardown& teardown : teardowns_) link_.arm(teardown.deadline);
  for (const Slot& slot : slots_) link_.arm(slot.channel->deadline());
}

}  // namespace phx::core
