#include "session.hpp"

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
      core_(env_) {}

void Session::run_inbox() {
  shared_->inbox.take(commands_);
  for (auto& command : commands_) command(*this);
  commands_.clear();
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
  const auto next = core_.next_deadline();
  if (!next) {
    if (std::exchange(armed_, Instant::max()) != Instant::max()) timer_.cancel();
    return;
  }
  if (*next >= armed_) return;  // it will go off early, which does no harm, and be armed anew
  armed_ = *next;
  timer_.expires_at(armed_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    self->armed_ = Instant::max();
    self->input([](auto& core, Instant now, auto& out) { core.on_deadline(now, out); });
  });
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

void Session::suspend() {
  input([](auto& core, Instant now, auto& out) { core.suspend({}, now, out); });
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
}

void Session::join(const std::shared_ptr<Operation>& operation, std::optional<Duration> timeout) {
  const auto id = operation->channel()->id;
  if (const auto previous = std::exchange(joins_[id], operation)) previous->end(Errc::channel_closed);
  try {
    input([&](auto& core, Instant now, auto& out) { core.join(id, timeout, now, out); });
  } catch (const std::logic_error&) {  // joined from two threads at once
    joins_.erase(id);
    operation->resolve(failure(Errc::channel_closed));
  }
}

void Session::leave(const std::shared_ptr<Operation>& operation) {
  input([&](auto& core, Instant now, auto& out) {
    operation->id = core.leave(operation->channel()->id, std::nullopt, now, out);
    pushes_.emplace(operation->id, operation);
  });
}

void Session::push(const std::shared_ptr<Operation>& operation, const std::string& event, const Payload& payload,
                   const PushOptions& options) {
  try {
    input([&](auto& core, Instant now, auto& out) {
      const core::PushRequest request{.event = event, .payload = payload.text(), .kind = payload.kind(), .timeout = options.timeout};
      operation->id = core.push(operation->channel()->id, request, now, out);
      pushes_.emplace(operation->id, operation);
    });
  } catch (const std::logic_error&) {  // overtook the join of another thread
    operation->resolve(failure(Errc::channel_closed));
  }
}

void Session::forget(Operation& operation) {
  if (operation.id == core::PushId::none) return;
  core_.cancel(operation.id);
  pushes_.erase(operation.id);
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
