#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <phx/client/event.hpp>
#include <phx/client/options.hpp>
#include <phx/client/payload.hpp>
#include <phx/client/push.hpp>
#include <phx/client/subscription.hpp>

namespace phx::client {

namespace detail {
class ChannelShared;
}

/// One channel of a socket. Made by Socket::channel. Every function may be called from any thread; callbacks run on the socket's
/// callback executor, in the order of events, one at a time.
///
/// The destructor leaves the channel and returns when no callback of it is running (from inside a callback: at once). A channel
/// that outlives its socket is closed: its operations fail with `cancelled`.
class Channel {
 public:
  using MessageHandler = std::function<void(const Message&)>;

  explicit Channel(std::shared_ptr<detail::ChannelShared> shared) noexcept;
  ~Channel();
  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;

  const std::string& topic() const noexcept;
  ChannelState state() const noexcept;
  /// Socket open and channel joined: a push would leave now.
  bool can_push() const noexcept;

  /// Joins, and rejoins by itself until leave(). The operation ends with the first answer; its receive hooks run after each.
  /// Throws std::logic_error when joined before and not closed since.
  Push join();
  Push join(Duration timeout);
  /// Closed at once; the operation ends with the server's answer.
  Push leave();
  /// Sent now, or when the channel is joined. Throws std::logic_error before the first join().
  Push push(std::string_view event, Payload payload = {}, PushOptions options = {});

  /// The same with types: see Event and TypedReply. Defined in <phx/client/typed.hpp>.
  template <class T, class R>
  TypedPush<R> push(const Event<T, R>& event, const std::type_identity_t<T>& value, PushOptions options = {});
  /// Only the response has a type: push<Pong>("ping", payload).
  template <class R>
  TypedPush<R> push(std::string_view event, Payload payload = {}, PushOptions options = {});

  /// Handlers of an event, also of `phx_reply`. Those registered when the message is delivered run, in registration order.
  Subscription on(std::string event, MessageHandler handler);
  /// Handler: (const T&) or (const T&, const Message&). A payload that is no T is reported like an exception of the handler.
  template <class T, class R, class F>
  Subscription on(const Event<T, R>& event, F handler);
  /// Every message of the channel.
  Subscription on_message(MessageHandler handler);
  /// The server, leave() or a newer channel of the topic closed it.
  Subscription on_close(std::function<void()> handler);
  /// The channel crashed or its connection was lost; it rejoins by itself. Payload of `phx_error`.
  Subscription on_error(MessageHandler handler);
  Subscription on_state(std::function<void(ChannelState)> handler);

  // With any completion token of Boost.Asio, for example boost::asio::use_awaitable. Defined in <phx/client/async.hpp>.
  // Signature: void(boost::system::error_code, Reply).
  template <class Token>
  auto async_push(std::string_view event, Payload payload, Token&& token);
  template <class Token>
  auto async_push(std::string_view event, Payload payload, PushOptions options, Token&& token);
  // With types, void(boost::system::error_code, TypedReply<R>): <phx/client/typed.hpp> too.
  template <class T, class R, class Token>
  auto async_push(const Event<T, R>& event, const std::type_identity_t<T>& value, Token&& token);
  template <class T, class R, class Token>
  auto async_push(const Event<T, R>& event, const std::type_identity_t<T>& value, PushOptions options, Token&& token);
  template <class R, class Token>
  auto async_push(std::string_view event, Payload payload, Token&& token);
  template <class R, class Token>
  auto async_push(std::string_view event, Payload payload, PushOptions options, Token&& token);
  template <class Token>
  auto async_join(Token&& token);
  template <class Token>
  auto async_leave(Token&& token);

 private:
  friend class Presence;
  friend class Receiver;
  /// Completes with Answer(Reply, "'event' on 'topic'").
  template <class Answer, class Token>
  auto async_ask(std::string_view event, Payload payload, PushOptions options, Token&& token);
  std::shared_ptr<detail::ChannelShared> shared_;  // with the session
};

}  // namespace phx::client
