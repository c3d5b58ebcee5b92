#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <phx/core/time.hpp>
#include <phx/core/ws/frame.hpp>

namespace phx::core::ws {

/// Sees every frame of a connection, both ways, before masking and after unmasking. Owned elsewhere; outlives the core.
/// Captures, the inspector and metrics stand on it. Called on the owner's thread; must not call back.
class FrameTap {
 public:
  virtual ~FrameTap() = default;
  enum class Direction : std::uint8_t { in, out };
  virtual void on_frame(Direction, FrameOp, std::string_view payload, Instant) = 0;
};

/// Four random bytes per client frame (RFC 6455 5.3); a test gives a constant.
using MaskSource = std::function<std::uint32_t()>;

/// One WebSocket connection after its handshake, either role, without I/O: frames, pings answered, the closing handshake.
///
///   open --close()--> closing --peer's close--> closed        (we began)
///   open --peer's close--> closed (echo written)              (peer began)
///   any  --violation--> failed: close frame written, then closed
///
/// Client close codes are answered as Phoenix's server does when the role is server (golden ws_protocol, server.md 2.2):
/// 1000-1003, 1007-1011, >= 3000 or none -> 1000; anything else -> 1002.
/// Reads no clock, calls no user code but the tap. Outgoing bytes are appended to the `out` of each call.
class WebSocketCore {
 public:
  enum class State : std::uint8_t { open, closing, closed };

  /// limits and tap are borrowed for life; mask_source is needed by the client role only.
  WebSocketCore(Role role, const Limits& limits, MaskSource mask_source = {}, FrameTap* tap = nullptr);

  void feed(std::span<char> bytes, Instant now);

  struct Message { Opcode op; std::string_view data; };
  struct Ping { std::string_view data; };    ///< already answered
  struct Pong { std::string_view data; };
  /// The last event. code, reason: what the peer sent (1005: none), or for a violation our own code with why set.
  struct Closed { std::uint16_t code; std::string reason; bool clean; std::error_code why; };
  using Event = std::variant<Message, Ping, Pong, Closed>;

  /// Next thing that happened; nothing when more bytes are needed. Answers (pong, close echo) are appended to `out`.
  /// After Closed the owner writes what `out` holds and closes the TCP connection.
  std::optional<Event> next(Instant now, std::string& out);

  void send(Opcode op, std::string_view data, Instant now, std::string& out);
  void ping(std::string_view data, Instant now, std::string& out);
  /// Begins the closing handshake. The owner closes TCP when Closed arrives or at its own time limit.
  void close(std::uint16_t code, std::string_view reason, Instant now, std::string& out);

  State state() const noexcept { return state_; }

 private:
  Decoder decoder_;
  MaskSource mask_source_;
  FrameTap* tap_;
  Role role_;
  State state_ = State::open;
};

}  // namespace phx::core::ws
