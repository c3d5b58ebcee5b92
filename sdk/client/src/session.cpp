#include "session.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <utility>

namespace phx::client::detail {

namespace asio = boost::asio;

namespace {

core::SocketConfig config_of(const SocketOptions& options) {
  core::SocketConfig config;
  config.policy = options.policy;
  config.serializer = options.vsn == Vsn::v1 ? &core::v1_serializer() : &core::v2_serializer();
  config.timeout = options.timeout;
  config.heartbeat_interval = options.heartbeat_interval;
  config.heartbeat_timeout = options.heartbeat_timeout;
  config.message_events = true;
  if (options.transport.mode() == TransportMode::longpoll) config.transport = core::TransportKind::longpoll;
  if (options.transport.mode() == TransportMode::automatic) config.fallback_after = options.longpoll_fallback;
  config.heartbeat_events = true;
  return config;
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Session::Session(asio::io_context& io, std::shared_ptr<SocketShared> shared)
    : shared_(std::move(shared)),
      strand_(asio::make_strand(io)),
      timer_(strand_),
      jitter_(random_seed()),
      env_(config_of(shared_->options), jitter_),
      core_(env_),
      credentials_(shared_->options.credentials_timeout) {}

void Session::hold_callbacks(bool held) { held ? shared_->queue->hold() : shared_->queue->release(); }

bool Session::run_inbox() {
  const bool more = shared_->inbox.take(commands_);
  for (auto& command : commands_) {
    command(*this);
    command = {};  // a push is no longer pending
  }
  commands_.clear();
  return more;
}

void Session::shut_down() {
  timer_.cancel();
  carriers_.clear();
  discarded_.clear();
  shared_->state = SocketState::closed;
  for (const auto& [id, channel] : channels_) channel->state = ChannelState::closed;
  const auto cancelled = make_error_code(Errc::cancelled);
  for (const auto& [id, operation] : std::exchange(pushes_, {})) operation->resolve(tl::unexpected(cancelled));
  for (const auto& [id, operation] : std::exchange(joins_, {})) operation->end(cancelled);
  fail_pings(cancelled);
  for (auto& [id, done] : std::exchange(disconnects_, {})) done({});  // the connection is gone, as was asked for
  channels_.clear();
}

void Session::arm() {
  const auto next = std::min(core_.next_deadline().value_or(Instant::max()), credentials_.deadline());
  if (next == Instant::max()) {
    if (std::exchange(armed_, Instant::max()) != Instant::max()) timer_.cancel();
    return;
  }
  if (next >= armed_) return;  // it will go off early, which does no harm, and be armed anew
  armed_ = next;
  timer_.expires_at(armed_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    self->armed_ = Instant::max();
    self->on_timer();
  });
}

void Session::on_timer() {
  if (const auto late = credentials_.on_deadline(std::chrono::steady_clock::now()); late != core::Generation::none)
    attempt_failed(late, Errc::credentials_timeout, "no credentials for the connection within the time limit");
  input([](auto& core, Instant now, auto& out) { core.on_deadline(now, out); });
}

// ---- commands ----

void Session::connect() {
  input([](auto& core, Instant now, auto& out) { core.connect(now, out); });
}

void Session::disconnect(const CloseOptions& options, MoveFunction<void(std::error_code)> done) {
  input([&](auto& core, Instant now, auto& out) {
    std::optional<core::CloseRequest> close;
    if (options.code || !options.reason.empty()) close = core::CloseRequest{options.code.value_or(std::uint16_t{1000}), options.reason};
    disconnects_.emplace(core.disconnect(std::move(close), now, out), std::move(done));
  });
}

void Session::ping(MoveFunction<void(Result<Duration>)> done) {
  input([&](auto& core, Instant now, auto& out) {
    if (const auto id = core.ping(now, out)) {
      pings_.emplace(*id, std::move(done));
    } else {
      done(failure(Errc::connection_closed));
    }
  });
}

void Session::suspend(SuspendOptions options) {
  input([&](auto& core, Instant now, auto& out) { core.suspend({.disconnect = options.disconnect}, now, out); });
}

void Session::resume() {
  input([](auto& core, Instant now, auto& out) { core.resume(now, out); });
}

void Session::network_changed() {
  input([](auto& core, Instant now, auto& out) { core.network_changed(now, out); });
}

void Session::add(const std::shared_ptr<ChannelShared>& channel) {
  const bool dynamic = channel->params.dynamic();
  channel->id = core_.create_channel({.topic = channel->topic,
                                      .params = dynamic ? std::string("{}") : channel->params.get().text(),
                                      .dynamic_params = dynamic,
                                      .timeout = channel->options.timeout});
  channels_.emplace(channel->id, channel);
}

void Session::remove(const ChannelShared& channel) {
  const auto id = channel.id;
  input([&](auto& core, Instant now, auto& out) {
    if (core.channel(id).state() != ChannelState::closed) core.leave(id, std::nullopt, now, out);
  });
  input([&](auto& core, Instant, auto& out) { core.remove_channel(id, out); });
  if (const auto join = joins_.extract(id)) join.mapped()->end(Errc::channel_closed);
  channels_.erase(id);
  if (std::ranges::none_of(channels_, [&](const auto& c) { return c.second->topic == channel.topic; }))
    shared_->monitor.forget(channel.topic);
}

void Session::join(const std::shared_ptr<Operation>& operation, std::optional<Duration> timeout) {
  const auto id = operation->channel()->id;
  if (const auto previous = std::exchange(joins_[id], operation)) previous->end(Errc::channel_closed);
  try {
    input([&](auto& core, Instant now, auto& out) { core.join(id, timeout, now, out); });
  } catch (const std::logic_error&) {  // joined from two threads at once
    joins_.erase(id);
    operation->resolve(failure(Errc::channel_closed));
    return;
  }
  if (shared_->options.store) restore(operation->channel());
}

void Session::leave(const std::shared_ptr<Operation>& operation) {
  input([&](auto& core, Instant now, auto& out) {
    operation->id = core.leave(operation->channel()->id, std::nullopt, now, out);
    pushes_.emplace(operation->id, operation);
  });
}

void Session::push(const std::shared_ptr<Operation>& operation, const std::string& event, const Payload& payload,
                   const PushOptions& options) {
  core::PushRequest request{.event = event, .payload = payload.text(), .kind = payload.kind(), .timeout = options.timeout};
  request.suspends = operation->suspends;
  if (std::holds_alternative<IfJoined>(options.delivery)) request.delivery = core::Delivery::if_joined;
  if (const auto* latest = std::get_if<Latest>(&options.delivery)) {
    request.delivery = core::Delivery::latest;
    request.key = latest->key;
  }
  if (const auto* kept = std::get_if<AtLeastOnce>(&options.delivery)) {
    request.delivery = core::Delivery::at_least_once;
    request.key = kept->id;
    request.until = std::chrono::steady_clock::now() + kept->until;
  }
  push(operation, request);
}

void Session::push(const std::shared_ptr<Operation>& operation, const core::PushRequest& request) {
  operation->event = request.event;
  shared_->monitor.pushed(operation->channel()->topic, request.event, request.payload.size());
  try {
    input([&](auto& core, Instant now, auto& out) {
      operation->started = now;
      operation->id = core.push(operation->channel()->id, request, now, out);
      pushes_.emplace(operation->id, operation);
    });
  } catch (const std::logic_error&) {  // overtook the join of another thread
    operation->resolve(failure(Errc::channel_closed));
  }
}

/// What the store holds for a topic that is joined, unless this program has pushed it itself.
void Session::restore(const std::shared_ptr<ChannelShared>& channel) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  for (const auto& stored : shared_->options.store->pending(channel->topic)) {
    const auto& waiting = core_.channel(channel->id).push_buffer().items();
    if (std::ranges::any_of(waiting, [&](const auto& item) { return item.key == stored.id; })) continue;
    const auto operation = std::make_shared<Operation>(channel, Operation::Kind::once);
    operation->stored_id = stored.id;
    if (stored.until <= now.count()) {  // out of time while no program ran
      unstore(*operation, Errc::push_timeout);
      continue;
    }
    push(operation, {.event = stored.event,
                     .payload = stored.payload,
                     .kind = stored.kind,
                     .delivery = core::Delivery::at_least_once,
                     .key = stored.id,
                     .until = std::chrono::steady_clock::now() + std::chrono::milliseconds(stored.until) - now,
                     .suspends = true});
  }
}

/// A push has come to its end: should the store still send it another time?
void Session::unstore(const Operation& operation, std::error_code why) {
  if (operation.stored_id.empty() || why == Errc::channel_closed || why == Errc::cancelled) return;  // superseded: another has its id
  if (const auto error = shared_->options.store->remove(operation.stored_id))
    tell_error(
        {error, "the store of pushes cannot remove '" + operation.stored_id + "': " + error.message(), 0, core_.establishments(), false});
}

void Session::forget(Operation& operation) {
  if (operation.id == core::PushId::none) return;
  core_.cancel(operation.id);
  if (pushes_.erase(operation.id) > 0) unstore(operation, {});
}

void Session::join_params(core::ChannelId channel, std::uint32_t request, const std::string& params) {
  input([&](auto& core, Instant now, auto& out) { core.join_params(channel, request, params, now, out); });
}

// ---- looking up ----

std::shared_ptr<ChannelShared> Session::channel(core::ChannelId id) const {
  const auto found = channels_.find(id);
  return found == channels_.end() ? nullptr : found->second;
}

std::shared_ptr<Operation> Session::take(core::PushId id) {
  auto node = pushes_.extract(id);
  return node ? std::move(node.mapped()) : nullptr;
}

std::shared_ptr<Operation> Session::join_of(core::ChannelId id) const {
  const auto found = joins_.find(id);
  return found == joins_.end() ? nullptr : found->second;
}

void Session::fail_pings(std::error_code why) {
  for (auto& [id, done] : std::exchange(pings_, {})) done(tl::unexpected(why));
}

}  // namespace phx::client::detail
