#include <phx/server/socket.hpp>

#include <stdexcept>

#include <phx/core/json.hpp>
#include <phx/server/shard.hpp>

#include "channel_actor.hpp"
#include "channels_session.hpp"

namespace phx::server {

std::string_view Socket::topic() const noexcept { return actor_->topic(); }
std::string_view Socket::join_ref() const noexcept { return actor_->join_ref(); }
std::string_view Socket::ref() const noexcept { return actor_->ref(); }
std::string_view Socket::transport() const noexcept { return actor_->session().transport; }
std::string_view Socket::serializer_name() const noexcept { return actor_->session().serializer.phoenix_name(); }
bool Socket::joined() const noexcept { return actor_->joined(); }
Instant Socket::now() const noexcept { return actor_->shard().now(); }

std::optional<std::string_view> Socket::id() const noexcept {
  const auto& id = actor_->session().id;
  return id ? std::optional<std::string_view>(*id) : std::nullopt;
}

const Json& Socket::assigns() const noexcept { return actor_->assigns().all(); }
const Json* Socket::assign_or_null(std::string_view key) const noexcept { return actor_->assigns().find(key); }

Socket& Socket::assign(std::string_view key, Json value) {
  actor_->assigns().set(key, std::move(value));
  return *this;
}

Socket& Socket::assign(const Json& object) {
  actor_->assigns().merge(object);
  return *this;
}

void Socket::push(std::string_view event, const Payload& payload) { actor_->push(event, payload); }
void Socket::broadcast(std::string_view event, const Payload& payload) { actor_->broadcast(true, event, payload); }
void Socket::broadcast_from(std::string_view event, const Payload& payload) { actor_->broadcast(false, event, payload); }
void Socket::announce_close() { actor_->announce_close(); }
SocketRef Socket::socket_ref() const { return actor_->socket_ref(); }
ChannelRef Socket::self() const { return actor_->self(); }
void Socket::subscribe(std::string_view topic) { actor_->subscribe(topic); }
void Socket::unsubscribe(std::string_view topic) { actor_->unsubscribe(topic); }
void Socket::send_self(Info message) { actor_->tell(std::move(message)); }
Socket::TimerId Socket::send_after(Duration delay, Info message) { return actor_->send_after(delay, std::move(message)); }
void Socket::cancel_timer(TimerId timer) { actor_->cancel_timer(timer); }
void Socket::kill() { throw detail::Killed{}; }

void Socket::warn(std::string_view what) { actor_->session().observer.log({Level::warning, what, topic()}); }

void Socket::resume_after(Duration time, std::coroutine_handle<> then) {
  actor_->shard().send_after(time, [keep = detail::ActorRef(actor_), then] { then.resume(); });
}

void Socket::run_blocking(std::function<void()> work, std::coroutine_handle<> then) {
  Shard& shard = actor_->shard();
  BlockingExecutor* executor = shard.blocking_executor();
  if (!executor) throw std::logic_error("this shard has no blocking executor");
  // Counts of actors are their shard's business: the pool only carries the owner to the post, which is run or dropped there.
  auto owner = std::make_shared<detail::ActorRef>(actor_);
  executor->submit([&shard, work = std::move(work), owner = std::move(owner), then]() mutable {
    work();
    shard.post([owner = std::move(owner), then] { then.resume(); });
  });
}

void ChannelRef::send(Info message) const {
  if (actor_->shard.is_current()) {
    if (actor_->actor) actor_->actor->tell(std::move(message));
    return;
  }
  actor_->shard.post([handle = actor_, info = std::move(message)] {
    if (handle->actor) handle->actor->tell(info);
  });
}

namespace {

void write(detail::SessionHandle& handle, std::string_view topic, std::string_view join_ref, std::string_view ref, const Reply& answer) {
  if (!handle.session) return;
  handle.session->write({.kind = core::MessageView::Kind::reply,
                         .join_ref = join_ref,
                         .ref = ref,
                         .topic = topic,
                         .event = {},
                         .status = answer.status,
                         .payload = answer.response.raw(),
                         .payload_kind = answer.response.kind()});
}

}  // namespace

void reply(const SocketRef& ref, Reply answer) {
  detail::SessionHandle& handle = *ref.session_;
  if (handle.shard.is_current()) return write(handle, ref.topic_, ref.join_ref_, ref.ref_, answer);
  handle.shard.post([ref, answer = std::move(answer)] {
    try {
      write(*ref.session_, ref.topic_, ref.join_ref_, ref.ref_, answer);
    } catch (const std::invalid_argument& e) {
      ref.session_->observer.log({Level::error, "reply cannot be encoded", ref.topic_, e.what()});
    }
  });
}

}  // namespace phx::server
