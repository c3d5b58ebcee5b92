#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/core/time.hpp>

namespace phx::server {

class Channel;
class Payload;
struct Conn;
struct ConnectInfo;

enum class Level : std::uint8_t { debug, info, warning, error };
/// How important the log line of an event is; none: it gets no line (Phoenix's `log: false`).
using LogLevel = std::optional<Level>;

// Telemetry: Phoenix's events under Phoenix's names, with their measurements and metadata (server.md 13). References are borrowed for the
// call. What plugs, routers and controllers tell is told by whoever runs them: through HttpService::observer.

/// phoenix.endpoint.start: a request has come to the telemetry plug.
struct EndpointStart {
  const Conn& conn;
};
/// phoenix.endpoint.stop: its answer, an error page included, is about to be sent. Not when nothing answered.
struct EndpointStop {
  const Conn& conn;  ///< with the answer
  std::string_view method, path;
  Duration duration;
};
/// phoenix.router_dispatch.*: start; then stop, also when a plug halted; or exception, for what the action itself threw.
struct RouterDispatch {
  const Conn& conn;
  std::string_view route;  ///< its pattern: "/api/rooms/:id"
  std::string_view plug, action;
  const std::vector<std::string>& pipe_through;
  const Json& params;  ///< path parameters; null where nobody parsed them
  LogLevel log = Level::debug;
  Duration duration{};           ///< not at start
  std::string_view reason = {};  ///< of an exception
};
/// phoenix.error_rendered: an exception has become an error page.
struct ErrorRendered {
  std::string_view method, path;
  int status;
  std::string_view reason;  ///< what the exception says
  LogLevel log = Level::debug;
  Duration duration;  ///< of the rendering
};
/// phoenix.socket_connected: not for a version nobody speaks.
struct SocketConnected {
  std::string_view handler, transport, serializer;
  const Json& params;
  const ConnectInfo& connect_info;
  bool ok;
  LogLevel log;
  Duration duration;
};
/// phoenix.channel_joined: not when the join crashed.
struct ChannelJoined {
  std::string_view topic, transport;
  const Channel& channel;
  bool ok;
  const Payload& params;
  LogLevel log;
  Duration duration;
};
/// phoenix.channel_handled_in: not for phx_leave, nor when the callback crashed.
struct ChannelHandledIn {
  std::string_view topic, event, ref;
  const Channel& channel;
  const Payload& params;
  LogLevel log;
  Duration duration;
};
/// phoenix.socket_drain. One batch of one worker: `count` connections of the socket are asked to go, of `total` that it has; batch `index`
/// (from 1) of about `rounds`.
struct SocketDrain {
  std::string_view socket;
  std::size_t count, total, index, rounds;
  Duration interval;
  LogLevel log;
};

/// Something an operator may want to read. `what` is a fixed text, `topic` and `detail` say which and why; never a payload.
struct LogEvent {
  Level level;
  std::string_view what, topic = {}, detail = {};
};

/// Whose durations are to be real. Those of others are taken from shard time, which stands still within a turn: nothing reads a clock.
enum class Durations : std::uint8_t {
  none,
  life_cycle,  ///< of connects, joins and requests
  all          ///< of messages too
};

/// Who is told. Called on the shards' threads, so shared ones must be thread-safe; must not throw nor call back.
class Observer {
 public:
  virtual ~Observer() = default;
  /// Asked once per connection.
  virtual Durations durations() const noexcept { return Durations::none; }

  virtual void endpoint_start(const EndpointStart&) {}
  virtual void endpoint_stop(const EndpointStop&) {}
  virtual void router_dispatch_start(const RouterDispatch&) {}
  virtual void router_dispatch_stop(const RouterDispatch&) {}
  virtual void router_dispatch_exception(const RouterDispatch&) {}
  virtual void error_rendered(const ErrorRendered&) {}
  virtual void socket_connected(const SocketConnected&) {}
  virtual void socket_drain(const SocketDrain&) {}
  virtual void channel_joined(const ChannelJoined&) {}
  virtual void channel_handled_in(const ChannelHandledIn&) {}
  virtual void log(const LogEvent&) {}
};

/// Tells nobody.
Observer& silent_observer() noexcept;

}  // namespace phx::server
