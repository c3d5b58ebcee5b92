#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <phx/core/time.hpp>

namespace phx::server {

class Payload;

// Telemetry, named after Phoenix's events (server.md 13). Views are borrowed for the call; durations come from shard time.
struct SocketConnected {
  std::string_view handler, transport, serializer;
  bool ok;
  Duration duration;
};
struct ChannelJoined {
  std::string_view topic, transport;
  bool ok;
  const Payload& params;
  Duration duration;
};
struct ChannelHandledIn {
  std::string_view topic, event, ref;
  const Payload& params;
  Duration duration;
};
/// One batch of one worker: `count` connections are asked to go, of `total` that it has; batch `index` (from 1) of about `rounds`.
struct SocketDrain {
  std::size_t count, total, index, rounds;
  Duration interval;
};

enum class Level : std::uint8_t { debug, info, warning, error };

/// Something an operator may want to read. `what` is a fixed text, `topic` and `detail` say which and why; never a payload.
struct LogEvent {
  Level level;
  std::string_view what, topic = {}, detail = {};
};

/// Who is told. Called on the shards' threads, so shared ones must be thread-safe; must not throw nor call back.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void socket_connected(const SocketConnected&) {}
  virtual void channel_joined(const ChannelJoined&) {}
  virtual void channel_handled_in(const ChannelHandledIn&) {}
  virtual void socket_drain(const SocketDrain&) {}
  virtual void log(const LogEvent&) {}
};

/// Tells nobody.
Observer& silent_observer() noexcept;

}  // namespace phx::server
