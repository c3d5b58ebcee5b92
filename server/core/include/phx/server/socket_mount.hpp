#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/time.hpp>
#include <phx/core/ws/deflate.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/core/ws/handshake.hpp>
#include <phx/server/longpoll.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/origin.hpp>
#include <phx/server/plug.hpp>
#include <phx/server/transport.hpp>
#include <phx/server/transport_options.hpp>

namespace phx::core {
class KeyGenerator;
}
namespace phx::core::ws {
class FrameTap;
}

namespace phx::server {

/// Options of the WebSocket transport of a mount; defaults are Phoenix's.
struct WebSocketOptions : TransportOptions {
  std::string path = "/websocket";
  Duration timeout = std::chrono::seconds(60);       ///< no client data for this long: close 1002
  Duration close_timeout = std::chrono::seconds(5);  ///< how long the peer may take to answer our close frame
  core::ws::Limits limits;
  bool compress = false;  ///< take permessage-deflate when offered
  /// Messages to channel sockets never refer to earlier ones, whatever this says: so a broadcast is compressed once for all.
  core::ws::DeflateLimits deflate_options{.context_takeover = false, .max_ratio = 25};
  /// False: clients are told not to refer to earlier messages either, which saves 40 KiB for each that compresses.
  bool client_context_takeover = true;
  core::ws::Strictness strictness = core::ws::Strictness::phoenix;
  std::optional<std::vector<std::string>> subprotocols;
  /// Called for `{error, reason}` of connect with the reason's JSON text; unset: 403, empty.
  std::function<Conn(Conn, const std::string& reason)> error_handler;
  /// Called for each accepted upgrade; what it gives sees the frames of that connection, both ways, on its worker: outgoing ones when
  /// they are queued. None: not tapped, which costs nothing. For captures and the inspector.
  std::function<std::shared_ptr<core::ws::FrameTap>(const Conn& request)> tap;
};

/// Orderly shutdown of a socket's connections (server.md 1.2, 14).
struct DrainOptions {
  bool enabled = true;  ///< false: they get 1000 at the end, as those without channels do
  std::size_t batch_size = 10'000;
  Duration batch_interval = std::chrono::milliseconds(2'000);
  Duration shutdown = std::chrono::seconds(30);
  LogLevel log = Level::info;
};

/// One socket module at one path. The path may have variables (`/room/:rid`), which are merged into the connect params, and may
/// end in `*rest` (with an empty transport path), which takes everything below.
struct SocketMount {
  std::string path;
  std::shared_ptr<const TransportHandler> handler = nullptr;
  std::optional<WebSocketOptions> websocket = WebSocketOptions{};  ///< unset: off
  bool auth_token = false;
  std::optional<LongPollOptions> longpoll = std::nullopt;  ///< unset: off
  /// Unset: the endpoint's. Of a handler that is mounted several times the last mount's count (server.md 1.2).
  std::optional<DrainOptions> drain = std::nullopt;
};

/// Connections that a socket plug has accepted: what the connection becomes after the 101.
struct WebSocketUpgrade {
  std::string accept;                                              ///< Sec-WebSocket-Accept
  std::unique_ptr<TransportSession> session;                       ///< connected, not yet initialised
  const WebSocketOptions* options;                                 ///< of the mount; lives as long as the plug
  const TransportHandler* handler;                                 ///< of the mount
  std::unique_ptr<core::ws::PerMessageDeflate> deflate = nullptr;  ///< set: negotiated
  std::optional<core::ws::DeflateParams> deflate_params = {};      ///< with it
  std::shared_ptr<core::ws::FrameTap> tap = nullptr;
};

/// What mounts take from their endpoint.
struct SocketDefaults {
  std::string url_host = "localhost";
  CheckOrigin check_origin = CheckOrigin::endpoint_host();
  std::string pubsub_name = "PubSub";  ///< salt of long-poll session tokens
  /// Signs them; none: a secret of this start, which is as long as sessions live.
  std::shared_ptr<const core::KeyGenerator> keys = nullptr;
  Observer* observer = &silent_observer();  ///< borrowed; hears of sessions that raised and of refused versions
};

/// The first plug of an endpoint: answers or upgrades requests to the mounts' paths, returns all others untouched.
/// Long-poll sessions live on the worker of the request that opened them; their requests may come in on any.
/// The order of checks is that of server.md 1.3. Throws std::invalid_argument for a mount that can not work: no handler,
/// origin and CSRF checks both off.
Plug socket_plug(std::vector<SocketMount> mounts, SocketDefaults defaults);

}  // namespace phx::server
