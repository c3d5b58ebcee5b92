#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <phx/core/json_fwd.hpp>
#include <phx/core/time.hpp>
#include <phx/server/assigns.hpp>
#include <phx/server/channel.hpp>
#include <phx/server/suspend.hpp>

namespace phx::server {

class Presence;
class Shard;
class SocketRef;
struct SocketInfo;
namespace detail {
class ChannelActor;
struct ActorHandle;
struct SessionHandle;
}  // namespace detail

/// What is needed to answer a message later: from any thread, any number of times, also after the channel has closed.
class SocketRef {
 public:
  std::string_view ref() const noexcept { return ref_; }

 private:
  friend class detail::ChannelActor;
  friend void reply(const SocketRef& ref, Reply answer);
  std::shared_ptr<detail::SessionHandle> session_;
  std::string topic_, ref_, join_ref_;
};

/// On the shard of the socket it is written at once and throws std::invalid_argument when it cannot be encoded; from elsewhere it is posted.
void reply(const SocketRef& ref, Reply answer);

/// The address of a channel. From any thread; messages to a channel that has ended vanish.
class ChannelRef {
 public:
  void send(Info message) const;

 private:
  friend class detail::ChannelActor;
  friend std::optional<SocketInfo> socket_of(const ChannelRef& channel);
  std::shared_ptr<detail::ActorHandle> actor_;
};

/// A channel's side of its client. Belongs to the channel: use it on the channel's shard, inside callbacks.
class Socket {
 public:
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  std::string_view topic() const noexcept;
  /// Raw JSON token: `"1"` with quotes, a number, or `null`. The ref of the join when that had no join_ref.
  std::string_view join_ref() const noexcept;
  /// Raw JSON token of the message being handled; `null` outside handle_in.
  std::string_view ref() const noexcept;
  std::optional<std::string_view> id() const noexcept;
  std::string_view transport() const noexcept;        ///< "websocket" or "longpoll"
  std::string_view serializer_name() const noexcept;  ///< "Phoenix.Socket.V2.JSONSerializer"
  bool joined() const noexcept;
  Instant now() const noexcept;

  const Json& assigns() const noexcept;  ///< an object
  const Json* assign_or_null(std::string_view key) const noexcept;
  Socket& assign(std::string_view key, Json value);
  Socket& assign(const Json& object);  ///< merges

  /// To this client. Throws std::logic_error before the join has completed, std::invalid_argument for a payload that is neither an
  /// object nor bytes or cannot be encoded for this client. Uncaught, both crash the channel, as in Phoenix.
  void push(std::string_view event, const Payload& payload = {});
  /// To all subscribers of the topic, the own client included: it gets it before a reply of the same callback. Throws like push.
  void broadcast(std::string_view event, const Payload& payload = {});
  void broadcast_from(std::string_view event, const Payload& payload = {});

  /// Throws std::logic_error outside handle_in of a message with a ref, or before the join has completed.
  SocketRef socket_ref() const;
  ChannelRef self() const;

  /// Further topics: their broadcasts come to handle_info as phx::server::Broadcast. Twice subscribed is twice told.
  void subscribe(std::string_view topic);
  void unsubscribe(std::string_view topic);

  using TimerId = std::uint64_t;
  void send_self(Info message);
  TimerId send_after(Duration delay, Info message);
  void cancel_timer(TimerId timer);

  /// Of a CustomChannel, which ends with this callback: phx_close to the client, now. Throws std::logic_error for any other.
  void announce_close();

  /// Ends the channel on the spot, as by Process.exit(self(), :kill): no terminate, phx_error to the client. Leaves the callback by an exception.
  [[noreturn]] void kill();

  /// co_await socket.sleep(300ms): the channel waits, the worker does not.
  detail::Sleep<Socket> sleep(Duration time) { return {*this, time}; }
  /// auto row = co_await socket.blocking([&] { return db.find(id); }): f runs on the pool, the coroutine goes on here. f must not
  /// touch the socket. What f throws is thrown here.
  template <class F>
  detail::Blocking<Socket, F> blocking(F f) {
    return {*this, std::move(f)};
  }

 private:
  friend class detail::ChannelActor;
  template <class Host>
  friend class detail::Sleep;
  friend class Presence;
  friend class Channel;
  template <class Host, class F>
  friend class detail::Blocking;
  explicit Socket(detail::ChannelActor& actor) noexcept : actor_(&actor) {}
  void warn(std::string_view what);
  void run_blocking(std::function<void()> work, std::coroutine_handle<> then);
  void resume_after(Duration time, std::coroutine_handle<> then);
  detail::ChannelActor* actor_;
};

}  // namespace phx::server
