#include <phx/client/channel.hpp>

#include <stdexcept>
#include <utility>

#include <phx/client/detail/start.hpp>

#include "channel_shared.hpp"
#include "operation.hpp"
#include "session.hpp"

namespace phx::client {

namespace detail {

namespace {

void check_join(ChannelShared& channel) {
  if (channel.membership.exchange(true)) throw std::logic_error("phx::Channel: tried to join '" + channel.topic + "' multiple times");
  channel.joined_once = true;
}

void check_push(const ChannelShared& channel, std::string_view event) {
  if (channel.joined_once) return;
  throw std::logic_error("phx::Channel: tried to push '" + std::string(event) + "' to '" + channel.topic + "' before joining");
}

/// The command of a request; it is destroyed unrun when the socket is gone.
void post(const std::shared_ptr<Operation>& operation, Inbox::Command command) {
  if (!operation->channel()->socket().inbox.post(std::move(command))) operation->resolve(failure(Errc::cancelled));
}

void start_join(const std::shared_ptr<Operation>& operation, std::optional<Duration> timeout) {
  check_join(*operation->channel());
  post(operation, [operation, timeout](Session& session) { session.join(operation, timeout); });
}

void start_leave(const std::shared_ptr<Operation>& operation) {
  operation->channel()->membership = false;
  post(operation, [operation](Session& session) { session.leave(operation); });
}

/// A push that must survive is in the store before anything else happens to it.
std::error_code store(Operation& operation, const std::string& event, const Payload& payload, const PushOptions& options) {
  const auto* kept = std::get_if<AtLeastOnce>(&options.delivery);
  const auto& channel = *operation.channel();
  const auto& store = channel.socket().options.store;
  if (!kept || !store) return {};
  const auto until = std::chrono::system_clock::now().time_since_epoch() + kept->until;
  operation.stored_id = kept->id;
  return store->put({.id = kept->id,
                     .topic = channel.topic,
                     .event = event,
                     .payload = payload.text(),
                     .kind = payload.kind(),
                     .until = std::chrono::duration_cast<std::chrono::milliseconds>(until).count()});
}

/// Whether the strand is behind with too many pushes. Who waits for the answer may be let in nevertheless: there is one push per caller.
bool refuses(const SocketShared& socket, const Operation& operation) {
  const bool waits = operation.suspends && socket.options.policy.push_buffer.on_full == core::OnFull::wait;
  return !waits && socket.pending->refuses();
}

void start_push(const std::shared_ptr<Operation>& operation, std::string event, Payload payload, PushOptions options) {
  const auto& socket = operation->channel()->socket();
  check_push(*operation->channel(), event);
  if (refuses(socket, *operation)) return operation->refuse(Errc::queue_full);
  if (const auto error = store(*operation, event, payload, options)) return operation->refuse(error);
  Backlog::Item pending(socket.pending, event.size() + payload.text().size());
  post(operation, [operation, event = std::move(event), payload = std::move(payload), options,
                   pending = std::move(pending)](Session& session) mutable {
    session.push(operation, event, payload, options);
    session.keep_until_written(std::move(pending));
  });
}

std::shared_ptr<Operation> make_operation(const std::shared_ptr<ChannelShared>& channel, Operation::Kind kind = Operation::Kind::once) {
  return std::make_shared<Operation>(channel, kind);
}

}  // namespace

std::shared_ptr<Operation> prepare(const Request& request) {
  return make_operation(request.channel, request.kind == Request::Kind::join ? Operation::Kind::join : Operation::Kind::once);
}

void cancel(const std::shared_ptr<Operation>& operation) { operation->give_up(); }

void start(const Request& request, const std::shared_ptr<Operation>& operation, MoveFunction<void(std::error_code, Reply)> done,
           RunOn where) {
  operation->complete_with(std::move(done), where == RunOn::callback_queue);
  operation->suspends = true;
  switch (request.kind) {
    case Request::Kind::join: return start_join(operation, request.options.timeout);
    case Request::Kind::leave: return start_leave(operation);
    case Request::Kind::push: return start_push(operation, request.event, request.payload, request.options);
  }
}

}  // namespace detail

Channel::Channel(std::shared_ptr<detail::ChannelShared> shared) noexcept : shared_(std::move(shared)) {}

Channel::~Channel() {
  if (!shared_) return;
  // First: a callback that waits for a future must get its answer, or nobody could wait for the callback.
  shared_->socket().inbox.post([shared = shared_](detail::Session& session) { session.remove(*shared); });
  shared_->queue().retire(*shared_);
  shared_->queue().end_waiters(shared_.get(), Errc::channel_closed);
}

Channel::Channel(Channel&&) noexcept = default;

Channel& Channel::operator=(Channel&& other) noexcept {
  if (this != &other) {
    Channel dropped(std::move(*this));
    shared_ = std::move(other.shared_);
  }
  return *this;
}

const std::string& Channel::topic() const noexcept { return shared_->topic; }

ChannelState Channel::state() const noexcept { return shared_->state; }

bool Channel::can_push() const noexcept { return shared_->socket().state == SocketState::open && shared_->state == ChannelState::joined; }

Push Channel::join() {
  const auto operation = detail::make_operation(shared_, detail::Operation::Kind::join);
  detail::start_join(operation, std::nullopt);
  return Push(operation);
}

Push Channel::join(Duration timeout) {
  const auto operation = detail::make_operation(shared_, detail::Operation::Kind::join);
  detail::start_join(operation, timeout);
  return Push(operation);
}

Push Channel::leave() {
  const auto operation = detail::make_operation(shared_);
  detail::start_leave(operation);
  return Push(operation);
}

Push Channel::push(std::string_view event, Payload payload, PushOptions options) {
  const auto operation = detail::make_operation(shared_);
  detail::start_push(operation, std::string(event), std::move(payload), options);
  return Push(operation);
}

Subscription Channel::on(std::string event, MessageHandler handler) {
  if (event == "phx_reply") shared_->reply_handlers = true;
  return shared_->messages.add(shared_->socket().queue, shared_.get(), std::move(event), std::move(handler));
}

Subscription Channel::on_message(MessageHandler handler) {
  return shared_->every_message.add(shared_->socket().queue, shared_.get(), {}, std::move(handler));
}

Subscription Channel::on_close(std::function<void()> handler) {
  return shared_->closes.add(shared_->socket().queue, shared_.get(), {}, std::move(handler));
}

Subscription Channel::on_error(MessageHandler handler) {
  return shared_->errors.add(shared_->socket().queue, shared_.get(), {}, std::move(handler));
}

Subscription Channel::on_state(std::function<void(ChannelState)> handler) {
  return shared_->states.add(shared_->socket().queue, shared_.get(), {}, std::move(handler));
}

}  // namespace phx::client
