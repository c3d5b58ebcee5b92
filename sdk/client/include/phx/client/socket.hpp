#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>

#include <phx/client/channel.hpp>
#include <phx/client/options.hpp>
#include <phx/client/payload.hpp>
#include <phx/client/subscription.hpp>

namespace phx::client {

namespace detail {
class SocketShared;
}

/// A connection to a Phoenix endpoint that comes back by itself, and the channels on it.
///
///   phx::Socket socket("ws://localhost:4000/socket", {.params = phx::obj("token", token)});
///   phx::Channel room = socket.channel("room:lobby");
///   auto messages = room.on("new_msg", [](const phx::Message& m) { ... });
///   socket.connect();
///   room.join();
///   room.push("new_msg", phx::obj("body", "hi")).receive("ok", [](const phx::Reply&) { ... });
///
/// Every function may be called from any thread. Callbacks run one at a time on the callback executor, never inside a call and
/// never under a lock; they may call anything, block, and destroy the socket. The destructor closes the connection, ends pending
/// operations with `cancelled` and returns when no callback is running (from inside a callback: at once); none starts after it.
class Socket {
 public:
  /// url: "ws://host:port/socket"; the transport's suffix, params and vsn are added. Throws std::invalid_argument for what is no URL,
  /// for headers that cannot be sent, and for a proxy that cannot be used.
  explicit Socket(std::string url, SocketOptions options = {});
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Connects, and keeps connecting after a loss until disconnect().
  void connect();
  /// Ready when the connection is gone.
  std::future<void> disconnect(CloseOptions options = {});
  SocketState state() const noexcept;
  /// Of the current or newest attempt; changes when the mode is automatic.
  core::TransportKind transport() const noexcept;
  bool is_connected() const noexcept { return state() == SocketState::open; }

  /// Throws std::invalid_argument for an empty topic. A params function is asked at each join and rejoin.
  Channel channel(std::string topic, Provider<Payload> params = {}, ChannelOptions options = {});

  Subscription on_open(std::function<void()> handler);
  Subscription on_close(std::function<void(const ConnectionClosed&)> handler);
  Subscription on_error(std::function<void(const ConnectionError&)> handler);
  Subscription on_reconnecting(std::function<void(const Reconnecting&)> handler);
  /// Every message of every topic, also heartbeat replies.
  Subscription on_message(std::function<void(const Message&)> handler);

  /// What the socket has done so far.
  Metrics metrics() const;

  /// Round trip of a heartbeat. Errors: connection_closed when not open, or lost before the answer.
  std::future<Result<Duration>> ping();

  /// The program is put aside: no reconnects until resume().
  void suspend(SuspendOptions options = {});
  void resume();
  /// Another network: reconnects at once, or checks whether the connection still lives.
  void network_changed();

  // With any completion token of Boost.Asio; defined in <phx/client/async.hpp>.
  template <class Token>
  auto async_ping(Token&& token);  ///< void(boost::system::error_code, Duration)
  template <class Token>
  auto async_disconnect(Token&& token);  ///< void(boost::system::error_code)
  template <class Token>
  auto async_disconnect(CloseOptions options, Token&& token);

 private:
  std::shared_ptr<Runtime> runtime_;              // with other sockets
  std::shared_ptr<detail::SocketShared> shared_;  // with channels, operations and the session
};

}  // namespace phx::client
