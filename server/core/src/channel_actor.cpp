#include "channel_actor.hpp"

#include <phx/core/json.hpp>
#include <phx/server/shard.hpp>

#include "channel_extras.hpp"
#include "channels_session.hpp"

#include <optional>
#include <stdexcept>

namespace phx::server::detail {

ActorRef::ActorRef(ChannelActor* actor) noexcept : actor_(actor) {
  if (actor_) ++actor_->refs_;
}

ActorRef::~ActorRef() {
  if (actor_ && --actor_->refs_ == 0) delete actor_;  // NOLINT(clang-analyzer-cplusplus.NewDelete): it cannot follow the count
}

ChannelActor::ChannelActor(std::shared_ptr<SessionHandle> session, TopicTable& table, std::string_view topic, std::string_view join_ref,
                           std::unique_ptr<Channel> channel, Assigns assigns)
    : session_(std::move(session)),
      table_(table),
      topic_(table.acquire(topic)),
      channel_(std::move(channel)),
      assigns_(std::move(assigns)),
      join_ref_(join_ref),
      socket_(*this) {}

ChannelActor::~ChannelActor() {
  ++refs_;  // what ends here may still take references
  if (state_ != State::ended) end();
  if (call_) release_call();
  if (extras_ && extras_->handle) extras_->handle->actor = nullptr;
}

// One call.

void ChannelActor::start(Call* call) {
  const ActorRef keep(this);
  call_ = call;
  call->started = clock(Durations::all);
  if (extras_ && extras_->idle_timer) shard().cancel(*std::exchange(extras_->idle_timer, std::nullopt));
  if (call->kind == Call::Kind::leave)
    leave(*call);
  else if (call->kind == Call::Kind::closed)
    close(call->reason);
  else if (survives([&] { call->result = invoke(*call); }))
    return call->result.ready() ? finish() : suspend();
  release_call();
}

HandleResult ChannelActor::invoke(Call& call) {
  if (call.kind == Call::Kind::event) return channel_->handle_in(call.event, call.payload, socket_);
  if (call.kind == Call::Kind::broadcast) {
    if (call.broadcast->topic == topic() && !channel_->is_custom())
      return channel_->handle_out(call.broadcast->event, call.broadcast->payload, socket_);
    call.info.emplace(*call.broadcast);
  }
  return channel_->handle_info(*call.info, socket_);
}

/// Runs a callback, or what depends on one; what it throws ends the channel.
template <class F>
bool ChannelActor::survives(F&& user_code) {
  try {
    user_code();
    return true;
  } catch (const Killed&) { exit_killed(); } catch (const std::exception& e) {
    crash(e.what());
  } catch (...) { crash("unknown exception"); }
  return false;
}

void ChannelActor::suspend() {
  const auto ready = [](void* self) { static_cast<ChannelActor*>(self)->resume(); };
  if (call_->kind == Call::Kind::join)
    call_->join_result.on_ready(ready, this);
  else
    call_->result.on_ready(ready, this);
}

/// Called from the last step of the coroutine, which must return before it can be destroyed.
void ChannelActor::resume() {
  shard().defer([self = ActorRef(this)] {
    if (self->call_->kind == Call::Kind::join)
      self->finish_join();
    else
      self->finish();
  });
}

void ChannelActor::finish() {
  const ActorRef keep(this);
  if (state_ == State::joined) {
    survives([&] {
      auto value = call_->result.take();
      handled(*call_);
      std::visit([&]<class T>(T&& result) { apply(*call_, std::forward<T>(result)); }, std::move(value));
      if (announced_ && state_ == State::joined) stop(StopReason::normal());
    });
  }
  release_call();
}

void ChannelActor::release_call() {
  table_.calls().give_back(std::exchange(call_, nullptr));
  schedule();
}

// Results.

void ChannelActor::apply(const Call&, std::monostate) { throw std::logic_error("a callback returned no legal result"); }

void ChannelActor::apply(const Call&, NoReply&& result) {
  if (!result.timeout || mailbox_head_) return;
  extras().idle_timer = shard().send_after(*result.timeout, [this] {  // cancelled when the channel ends
    extras_->idle_timer.reset();
    tell(Timeout{});
  });
}

void ChannelActor::apply(const Call& call, Reply&& result) {
  if (call.kind != Call::Kind::event) throw std::logic_error("only handle_in may reply");
  write_reply(call, result);
}

void ChannelActor::apply(const Call&, Stop&& result) { stop(result.reason); }

void ChannelActor::apply(const Call& call, StopReply&& result) {
  apply(call, std::move(result.reply));
  stop(result.reason);
}

void ChannelActor::write_reply(const Call& call, const Reply& reply) {
  if (!session_->session) return;
  session_->session->write({.kind = core::MessageView::Kind::reply,
                            .join_ref = join_ref_,
                            .ref = call.ref,
                            .topic = topic(),
                            .event = {},
                            .status = reply.status,
                            .payload = reply.response.raw(),
                            .payload_kind = reply.response.kind()});
}

void ChannelActor::handled(const Call& call) const {
  if (call.kind != Call::Kind::event) return;
  const Duration took = clock(Durations::all) - call.started;
  if (auto* measured = shard().stats().durations.get()) measured->handle_in.record(took);
  session_->observer.channel_handled_in({topic(), call.event, call.ref, *channel_, call.payload, channel_->log_handle_in(), took});
}

// Joining.

void ChannelActor::join(const core::EnvelopeView& request) {
  call_ = table_.calls().take(Call::Kind::join, request);
  call_->started = clock(Durations::life_cycle);
  start_join();
}

void ChannelActor::start_join() {
  const ActorRef keep(this);
  try {
    call_->join_result = channel_->join(topic(), call_->payload.json(), socket_);
  } catch (const std::exception& e) { return join_crashed(e.what()); } catch (...) {
    return join_crashed("unknown exception");
  }
  if (call_->join_result.ready())
    finish_join();
  else
    suspend();
}

void ChannelActor::finish_join() {
  const ActorRef keep(this);
  if (state_ == State::ended) return release_call();
  try {
    const auto result = call_->join_result.take();
    if (const auto* ok = std::get_if<JoinOk>(&result))
      accept_join(ok->response);
    else if (const auto* error = std::get_if<JoinError>(&result))
      refuse_join(error->response);
    else
      join_crashed("join returned no legal result");
  } catch (const std::exception& e) { join_crashed(e.what()); } catch (...) {
    join_crashed("unknown exception");
  }
}

void ChannelActor::accept_join(const Payload& response) {
  state_ = State::joined;
  ++shard().stats().channels_now;
  tell_joined(true);
  if (auto* session = session_->session) {
    if (!channel_->is_custom()) topic_->join(registration_, *this, {&session_->serializer, &session->outbox(), channel_->intercepts()});
    session->join_accepted(call_->ref, response);
  }
  release_call();
}

void ChannelActor::tell_joined(bool ok) const {
  const Duration took = clock(Durations::life_cycle) - call_->started;
  auto& stats = shard().stats();
  ++(ok ? stats.joins_ok : stats.joins_refused);
  if (stats.durations) stats.durations->join.record(took);
  session_->observer.channel_joined({topic(), session_->transport, *channel_, ok, call_->payload, channel_->log_join(), took});
}

/// Shard time where nobody wants this duration: it costs no look at a clock.
Instant ChannelActor::clock(Durations wanted) const { return session_->durations >= wanted ? shard().clock() : shard().now(); }

/// Ends quietly; terminate runs with a socket that has not joined (server.md 5.3).
void ChannelActor::refuse_join(const Payload& response) {
  tell_joined(false);
  if (session_->session) session_->session->join_refused(call_->ref, response);
  run_terminate(StopReason::shutdown());
  end();
  release_call();
}

void ChannelActor::join_crashed(std::string_view why) {
  log(Level::error, "join crashed", why);
  ++shard().stats().joins_crashed;
  if (session_->session) session_->session->join_refused(call_->ref, Payload::raw_json(R"({"reason":"join crashed"})"));
  end();
  release_call();
}

// Ends.

void ChannelActor::leave(const Call& call) {
  if (survives([&] { write_reply(call, Reply::ok()); })) stop(StopReason::shutdown("left"));
}

/// Graceful: phx_close, then what terminate pushes. Otherwise a crash.
void ChannelActor::stop(const StopReason& reason) {
  if (!reason.graceful()) return crash(reason.detail);
  const bool custom = channel_->is_custom();
  if (!custom && session_->session) session_->session->closed(*this);
  run_terminate(reason);
  if (custom) return exit_killed();  // phx_error, unless the end was announced
  end();
}

/// What terminate pushes, then phx_error.
void ChannelActor::crash(std::string_view why) {
  if (state_ == State::ended) return;
  log(Level::error, "channel crashed", why);
  ++shard().stats().channel_crashes;
  run_terminate(StopReason::other(std::string(why)));
  exit_killed();
}

void ChannelActor::exit_killed() {
  if (state_ == State::ended) return;
  if (session_->session) session_->session->crashed(*this);
  end();
}

/// The transport is gone: nobody is told.
void ChannelActor::close(const StopReason& reason) {
  run_terminate(reason);
  end();
}

void ChannelActor::abandon() {
  if (state_ != State::ended) end();
}

void ChannelActor::run_terminate(const StopReason& reason) {
  if (state_ == State::joined) state_ = State::closing;
  try {
    channel_->terminate(reason, socket_);
  } catch (const std::exception& e) { log(Level::error, "terminate crashed", e.what()); } catch (...) {
    log(Level::error, "terminate crashed", "unknown exception");
  }
}

void ChannelActor::end() {
  auto& stats = shard().stats();
  if (joined()) --stats.channels_now;
  stats.mailbox_now -= std::exchange(waiting_, 0);
  client_messages_ = 0;
  client_bytes_ = 0;
  if (std::exchange(paused_, false) && session_->session) session_->session->resume_reading();
  state_ = State::ended;
  registration_.leave();
  mailbox_tail_ = nullptr;
  while (mailbox_head_) table_.calls().give_back(std::exchange(mailbox_head_, mailbox_head_->next));
  if (!extras_) return;
  extras_->subscriptions.clear();
  if (extras_->idle_timer) shard().cancel(*std::exchange(extras_->idle_timer, std::nullopt));
  for (const auto timer : std::exchange(extras_->timers, {})) shard().cancel(timer);
  for (const auto& [who, ended] : std::exchange(extras_->monitors, {})) ended();
}

void ChannelActor::log(Level level, std::string_view what, std::string_view detail) const {
  session_->observer.log({level, what, topic(), detail});
}

}  // namespace phx::server::detail
