#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

#include <phx/client/credentials.hpp>
#include <phx/client/observer.hpp>
#include <phx/client/push_store.hpp>
#include <phx/client/runtime.hpp>
#include <phx/client/transport.hpp>
#include <phx/core/client/policy.hpp>
#include <phx/core/time.hpp>
#include <phx/core/tls.hpp>
#include <phx/core/ws/websocket_core.hpp>

namespace phx::client {

using core::ChannelState;
using core::Policy;
using core::SocketState;

enum class Vsn : std::uint8_t { v1, v2 };

struct SocketOptions {
  Provider<Payload> params{};                         ///< JSON object, becomes the query of the URL
  Provider<std::optional<std::string>> auth_token{};  ///< sent as subprotocol
  Provider<HeaderList> headers{};                     ///< further headers of the upgrade request
  std::shared_ptr<CredentialSource> credentials{};    ///< instead of the three above
  Vsn vsn = Vsn::v2;
  Duration timeout = std::chrono::seconds(10);          ///< join and push, unless they say otherwise
  Duration connect_timeout = std::chrono::seconds(10);  ///< lookup, TCP and handshake of one attempt
  Duration heartbeat_interval = std::chrono::seconds(30);
  Duration heartbeat_timeout{};                             ///< zero: the interval
  Duration credentials_timeout = std::chrono::seconds(30);  ///< of the functions above, per attempt
  core::TlsClientOptions tls{};                             ///< of wss:// URLs: certificates are verified unless it says otherwise
  std::string proxy{};                              ///< "http://user:password@host:port" or "socks5://..."; the proxy looks up names
  bool proxy_from_environment = false;              ///< HTTPS_PROXY, ALL_PROXY, NO_PROXY (<phx/net/proxy.hpp>), unless `proxy` names one
  std::optional<core::ws::DeflateOffer> deflate{};  ///< permessage-deflate is offered so; used when the server agrees
  std::size_t max_message_bytes = 64u << 20;        ///< larger ones end the connection
  /// Received messages may wait for slow callbacks, so many and of so many bytes: one more ends the connection with `queue_full`.
  std::size_t max_waiting_messages = 100'000;
  std::size_t max_waiting_bytes = std::size_t{64} << 20;
  /// Pushes and pings that any threads have made may wait for the socket's own thread, and for a connection that takes no more, so many and of so
  /// many bytes: one more fails with `queue_full`, unless its caller is suspended until the answer and policy.push_buffer says OnFull::wait.
  std::size_t max_pending_pushes = 100'000;
  std::size_t max_pending_bytes = std::size_t{64} << 20;
  Policy policy = Policy::phxkit();                              ///< where the client departs from phoenix.js
  std::shared_ptr<Runtime> runtime{};                            ///< none: two threads of this socket's own
  Executor callback_executor{};                                  ///< none: the runtime's
  TransportChoice transport{};                                   ///< WebSocket; or long-poll, automatic, a transport of your own
  Duration longpoll_fallback = std::chrono::milliseconds(2500);  ///< automatic: how long the WebSocket may take to open, and to answer
  Duration longpoll_timeout = std::chrono::seconds(20);          ///< of one long-poll request
  bool longpoll_token_in_header = false;    ///< D-21: of the session; true keeps it out of the logs of Phoenix >= 1.8.10
  core::ws::FrameTap* frame_tap = nullptr;  ///< sees every WebSocket frame, on the I/O thread; outlives the socket
  std::shared_ptr<Observer> observer{};     ///< hears of everything, on the I/O thread
  std::shared_ptr<PushStore> store{};       ///< of AtLeastOnce pushes; none: they end with the socket
  /// An exception left a user callback. None: one line on stderr.
  std::function<void(std::exception_ptr)> on_callback_error{};
};

/// Why an attempt or a connection failed.
struct ConnectionError {
  std::error_code code{};
  std::string message{};             ///< one line for people: which host, which step
  int http_status = 0;               ///< of a refused upgrade
  std::uint32_t establishments = 0;  ///< opens so far: 0 means that this socket never was connected
  bool falling_back = false;         ///< long-poll is tried at once (TransportMode::automatic)
  bool final = false;                ///< no further attempt will be made; connect() starts afresh
};

struct ConnectionClosed {
  std::uint16_t code = 1006;
  std::string reason{};
  bool clean = false;
};

struct Reconnecting {
  Duration delay{};
  std::uint32_t attempt = 0;  ///< 1, 2, ...
  core::ReconnectWhy why = core::ReconnectWhy::connection_lost;
};

struct CloseOptions {
  std::optional<std::uint16_t> code{};  ///< none: 1000
  std::string reason{};
};

struct SuspendOptions {
  bool disconnect = false;  ///< false: only reconnects stop; true: closes the connection too, and resume() connects again
};

// What becomes of a push when its channel is not joined, or its connection is lost.

/// Waits in a bounded queue until joined; once sent it is not sent again, as phoenix.js does.
struct Queue {};
/// Fails at once with std::errc::not_connected unless it can leave now: "is typing".
struct IfJoined {};
/// Waits until joined, and is sent again after every rejoin until it is answered; the server may get it twice, so the payload should carry the
/// id. A push with the id of a waiting one takes its place, which ends with `cancelled`. With SocketOptions::store it survives the program.
struct AtLeastOnce {
  std::string id;
  Duration until = std::chrono::hours(24);  ///< from now: then it ends with `push_timeout`; the timeout does not count
};
/// Waits until joined; a newer one with its key takes its turn, it ends with `cancelled`: positions, drafts.
struct Latest {
  std::string key;
};
using Delivery = std::variant<Queue, IfJoined, AtLeastOnce, Latest>;

struct PushOptions {
  std::optional<Duration> timeout{};  ///< none: the channel's
  Delivery delivery{};
};

struct ChannelOptions {
  std::optional<Duration> timeout{};  ///< of its join and pushes; none: the socket's
};

}  // namespace phx::client
