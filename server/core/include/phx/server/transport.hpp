#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/envelope.hpp>
#include <phx/core/json_fwd.hpp>
#include <phx/core/serializer.hpp>
#include <phx/core/time.hpp>
#include <phx/server/outbox.hpp>

namespace phx::core::etf {
class Term;
}

namespace phx::server {

using core::Opcode;
class Shard;

/// What a connect callback may know of the request (server.md 1.7). Only what the mount's `connect_info` names is filled.
struct ConnectInfo {
  struct Uri {
    std::string scheme, host, path, query;
    std::uint16_t port = 0;
  };
  using Headers = std::vector<std::pair<std::string, std::string>>;
  std::optional<std::pair<std::string, std::uint16_t>> peer_data;
  std::optional<Headers> x_headers, trace_context_headers, sec_websocket_headers;
  std::optional<Uri> uri;
  std::optional<std::string> user_agent;
  std::optional<std::string> auth_token;  ///< the mount has auth_token on and exactly one was offered
  /// A map (core/etf.hpp). None: no cookie, it does not verify, it is empty, or the CSRF token is missing or wrong.
  std::shared_ptr<const core::etf::Term> session;
  std::shared_ptr<const Json> extra;
};

/// A request to open a session on a socket mount, after the checks of server.md 1.3 that precede the connect callback.
struct ConnectRequest {
  const Json& params;  ///< query and path variables, `vsn` included
  const ConnectInfo& info;
  std::string_view transport;          ///< "websocket" or "longpoll"
  const core::Serializer* serializer;  ///< null for a raw transport handler
};

/// Posted by a session to whoever carries it.
class TransportLink {
 public:
  virtual ~TransportLink() = default;
  /// Where frames go. Frames are whole, unmasked WebSocket frames; a long-poll carrier takes the header off.
  virtual Outbox& outbox() noexcept = 0;
  /// Ends the session: a close frame after everything queued, then terminate() is called. First call wins. The session may be told
  /// to terminate at once, but is not destroyed before this call has returned.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  /// While held, the carrier reads nothing further (a join is running: server.md 0.1.3). Holds nest.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
};

enum class CloseCause : std::uint8_t { peer_closed, connection_lost, local_close, protocol_error, idle_timeout, shutdown, inactive };

/// One open session: what Phoenix calls a Socket.Transport process. A channels socket is one implementation, a raw handler
/// (echo, custom protocols) another. Belongs to one worker; every call is made on it.
class TransportSession {
 public:
  virtual ~TransportSession() = default;
  /// The session is live; link outlives it.
  virtual void init(TransportLink& link, Instant now) = 0;
  /// One whole message. `bytes` is borrowed for the call; throwing closes with 1011.
  virtual void handle_in(Opcode op, std::string_view bytes, Instant now) = 0;
  virtual void handle_control(bool /*ping*/, std::string_view /*bytes*/, Instant) {}
  /// The carrier is going away for this reason; the last call.
  virtual void terminate(CloseCause cause, Instant now) = 0;
  /// Orderly shutdown (server.md 14): true when the session closes itself with 1012; false: the carrier closes with 1000.
  virtual bool drain(Instant) { return false; }
};

/// connect said no: plain `error` when reason is empty, else the JSON text of the reason, which the mount's error handler sees.
struct ConnectRefused {
  std::string reason;
};

/// The socket module of a mount, shared by all its sessions and by all workers: immutable after start.
class TransportHandler {
 public:
  virtual ~TransportHandler() = default;
  /// True for channel sockets: a vsn is negotiated and `serializer` is set.
  virtual bool speaks_channels() const noexcept = 0;
  /// For logs.
  virtual std::string_view name() const noexcept { return "socket"; }
  /// The user's connect and id callbacks. May throw: answered with 500.
  virtual tl::expected<std::unique_ptr<TransportSession>, ConnectRefused> connect(const ConnectRequest& request, Shard& shard) const = 0;
};

}  // namespace phx::server
