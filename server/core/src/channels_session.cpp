#include "channels_session.hpp"

#include <stdexcept>
#include <system_error>

#include <phx/core/json.hpp>
#include <phx/core/ws/close_code.hpp>
#include <phx/server/shard.hpp>

namespace phx::server::detail {

namespace {

constexpr std::string_view unmatched_topic = R"({"reason":"unmatched topic"})";
constexpr std::string_view too_many_channels = R"({"reason":"too many channels joined"})";
constexpr std::string_view topic_too_long = R"({"reason":"topic too long"})";
constexpr std::string_view channel_crash = R"({"reason":"channel_crash"})";

}  // namespace

ChannelsSession::ChannelsSession(const ChannelSocketHandler& handler, TopicTable& table, std::shared_ptr<SessionHandle> handle,
                                 Assigns assigns)
    : handler_(handler), table_(table), handle_(std::move(handle)), assigns_(std::move(assigns)) {}

ChannelsSession::~ChannelsSession() { terminate(CloseCause::connection_lost, table_.shard().now()); }

void ChannelsSession::init(TransportLink& link, Instant) {
  link_ = &link;
  handle_->session = this;
  list();
  if (!handle_->id) return;
  id_registration_ = std::make_unique<Registration>();
  table_.acquire(*handle_->id)->join(*id_registration_, *this);
}

void ChannelsSession::handle_in(Opcode op, std::string_view bytes, Instant) {
  const Shard::Entered here(table_.shard());
  const auto message = handle_->serializer.decode_client(op, bytes, table_.scratch());
  if (!message) throw std::system_error(message.error(), "message from a client");
  dispatch(*message);
}

void ChannelsSession::dispatch(const core::EnvelopeView& message) {
  if (message.topic == "phoenix" && message.event == "heartbeat") return answer(message, core::null_token, "ok", "{}");
  if (message.event == "phx_join") return on_join(message);
  const std::size_t index = find(message);
  if (index != none) return on_joined_topic(slots_[index], message);
  if (message.event == "phx_leave") return answer(message, message.join_ref, "ok", "{}");
  unmatched(message);
}

void ChannelsSession::unmatched(const core::EnvelopeView& message) {
  handler_.observer().log({Level::warning, "ignoring unmatched topic", message.topic});
  answer(message, core::null_token, "error", unmatched_topic);
}

void ChannelsSession::on_joined_topic(Slot& slot, const core::EnvelopeView& message) {
  if (message.has_join_ref() && message.join_ref != slot.join_ref()) return;  // stale: an earlier join of this topic
  if (message.event != "phx_leave") return slot.actor->on_event(message);
  slot.leaving = true;
  slot.actor->on_leave(message);
}

// Joining.

void ChannelsSession::on_join(const core::EnvelopeView& message) {
  const ChannelPattern* pattern = message.topic_is_string ? handler_.socket().find(message.topic) : nullptr;
  if (!pattern) return unmatched(message);
  const auto longest = handler_.options().max_topic_bytes;  // both live as long as the channel
  if (message.topic.size() > longest || message.join_ref.size() > longest || message.ref.size() > longest)
    return answer(message, message.join_ref, "error", topic_too_long);
  const std::size_t duplicate = find(message);
  if (duplicate == none && slots_.size() >= handler_.options().max_channels_per_transport) {
    // As Phoenix (server.md 13), but once: a client must not be able to fill the log with errors.
    const auto level = std::exchange(told_limit_, true) ? Level::debug : Level::error;
    handler_.observer().log({level, "reached max channels per transport", message.topic});
    return answer(message, message.join_ref, "error", too_many_channels);
  }
  auto channel = pattern->make();  // may throw: before anything has changed
  Assigns assigns = assigns_;
  assigns.merge(pattern->assigns.all());
  link_->outbox().hold();
  if (duplicate != none) close_duplicate(duplicate);
  start_join(message, std::move(channel), std::move(assigns));
}

/// The old channel ends without callbacks; its phx_close follows the reply of the new join (server.md 5.4).
void ChannelsSession::close_duplicate(std::size_t index) {
  const Slot old = take(index);
  handler_.observer().log({Level::debug, "duplicate channel join", old.actor->topic()});
  old.actor->abandon();
  write_end(old, "phx_close", "{}");
}

void ChannelsSession::start_join(const core::EnvelopeView& message, std::unique_ptr<Channel> channel, Assigns assigns) {
  const std::string_view join_ref = message.has_join_ref() ? message.join_ref : message.ref;
  joining_.null_join_ref = !message.has_join_ref();
  joining_.actor = ActorRef(new ChannelActor(handle_, table_, message.topic, join_ref, std::move(channel), std::move(assigns)));
  const ActorRef actor = joining_.actor;
  actor->join(message);
  if (!joining_.actor) return;
  paused_ = true;  // suspended: the connection waits with it (server.md 0.1.3)
  link_->pause_reading();
}

void ChannelsSession::join_accepted(std::string_view ref, const Payload& response) {
  slots_.push_back(joining_);
  answer_join(ref, "ok", response);
}

void ChannelsSession::join_refused(std::string_view ref, const Payload& response) { answer_join(ref, "error", response); }

void ChannelsSession::answer_join(std::string_view ref, std::string_view status, const Payload& response) {
  const Slot slot = std::exchange(joining_, {});
  try {
    write({.kind = core::MessageView::Kind::reply,
           .join_ref = slot.join_ref(),
           .ref = ref,
           .topic = slot.actor->topic(),
           .event = {},
           .status = status,
           .payload = response.raw(),
           .payload_kind = response.kind()},
          true);
  } catch (const std::invalid_argument& e) {  // the transport encodes join replies, so it is the transport that fails
    handler_.observer().log({Level::error, "join reply cannot be encoded", slot.actor->topic(), e.what()});
    close(core::ws::close_code::internal_error, StopReason::other("join reply cannot be encoded"));
  }
  end_join();
}

void ChannelsSession::end_join() {
  link_->outbox().release();
  if (std::exchange(paused_, false)) link_->resume_reading();
  if (close_) close(close_->code, close_->reason);
}

// Frames.

void ChannelsSession::write(const core::MessageView& message, bool ahead) {
  std::string& body = table_.body();
  body.clear();
  const auto opcode = handle_->serializer.encode(message, body);
  if (!opcode) throw std::invalid_argument("message to a client: " + opcode.error().message());
  table_.shard().write_frame(link_->outbox(), *opcode, body, ahead);
}

void ChannelsSession::answer(const core::EnvelopeView& request, std::string_view join_ref, std::string_view status,
                             std::string_view response) {
  write({.kind = core::MessageView::Kind::reply,
         .join_ref = join_ref,
         .ref = request.ref,
         .topic = request.topic,
         .topic_token = request.topic_is_string ? std::string_view{} : request.topic_token,
         .event = {},
         .status = status,
         .payload = response});
}

/// phx_close and phx_error carry the join's own join_ref in both places (server.md 4.3); V1 has one of them (golden v1_join_ref_given).
void ChannelsSession::write_end(const Slot& slot, std::string_view event, std::string_view payload) {
  write({.kind = core::MessageView::Kind::push,
         .join_ref = slot.join_ref(),
         .ref = slot.join_ref(),
         .topic = slot.actor->topic(),
         .event = event,
         .payload = payload});
}

void ChannelsSession::closed(const ChannelActor& actor) {
  const std::size_t index = find(actor);
  if (index != none) write_end(take(index), "phx_close", "{}");
}

void ChannelsSession::crashed(const ChannelActor& actor) {
  const std::size_t index = find(actor);
  if (index != none) write_end(take(index), "phx_error", channel_crash);
}

std::size_t ChannelsSession::find(const core::EnvelopeView& message) const noexcept {
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (message.topic_is_string && slots_[i].actor->topic() == message.topic) return i;
  return none;
}

std::size_t ChannelsSession::find(const ChannelActor& actor) const noexcept {
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (slots_[i].actor.get() == &actor) return i;
  return none;
}

ChannelsSession::Slot ChannelsSession::take(std::size_t index) {
  Slot slot = std::move(slots_[index]);
  slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(index));
  return slot;
}

// Introspection.

void ChannelsSession::list() {
  next_ = std::exchange(table_.sessions, this);
  if (next_) next_->previous_ = this;
}

void ChannelsSession::unlist() noexcept {
  (previous_ ? previous_->next_ : table_.sessions) = next_;
  if (next_) next_->previous_ = previous_;
}

SocketInfo ChannelsSession::info() const {
  SocketInfo info{std::string(handler_.socket().name()), handle_->transport, handle_->id, {}};
  for (const Slot& slot : slots_)
    info.channels.push_back(
        {slot.actor->topic(), slot.actor->self(), slot.leaving ? ChannelInfo::Status::leaving : ChannelInfo::Status::joined});
  return info;
}

// Ends.

void ChannelsSession::on_broadcast(const BroadcastPtr& message) {
  if (message->event != "disconnect") return;
  table_.shard().defer([handle = handle_] {
    if (handle->session) handle->session->close(core::ws::close_code::going_away, StopReason::shutdown("disconnected"));
  });
}

bool ChannelsSession::drain(Instant) {
  if (slots_.empty()) return false;
  const Shard::Entered here(table_.shard());
  close(core::ws::close_code::service_restart, StopReason::shutdown("draining"));
  return true;
}

/// The first reason stays; a running join is waited for, as the transport would be blocked by it.
void ChannelsSession::close(std::uint16_t code, StopReason reason) {
  if (!close_) close_ = std::make_unique<PendingClose>(code, std::move(reason));
  if (joining_.actor || std::exchange(closing_, true)) return;
  link_->close(close_->code, {});
}

void ChannelsSession::terminate(CloseCause cause, Instant) {
  if (!handle_->session) return;
  const Shard::Entered here(table_.shard());
  handle_->session = nullptr;
  unlist();
  id_registration_.reset();
  const StopReason reason = close_ ? close_->reason : reason_for(cause);
  if (joining_.actor) joining_.actor->on_transport_closed(reason);
  joining_ = {};
  for (const Slot& slot : std::exchange(slots_, {})) slot.actor->on_transport_closed(reason);
}

StopReason ChannelsSession::reason_for(CloseCause cause) {
  switch (cause) {
    case CloseCause::peer_closed:
    case CloseCause::connection_lost: return StopReason::shutdown("closed");
    case CloseCause::local_close: return StopReason::shutdown("local_closed");
    case CloseCause::idle_timeout: return StopReason::shutdown("timeout");
    case CloseCause::shutdown: return StopReason::shutdown();
    case CloseCause::inactive: return StopReason::shutdown("inactive");
    case CloseCause::protocol_error: return StopReason::other("protocol error");
  }
  return StopReason::shutdown();
}

}  // namespace phx::server::detail
