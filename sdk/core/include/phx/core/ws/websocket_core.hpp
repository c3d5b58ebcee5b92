#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

#include <phx/core/time.hpp>
#include <phx/core/ws/deflate.hpp>
#include <phx/core/ws/frame.hpp>

namespace phx::core::ws {

/// Sees every frame of a connection, both ways, before masking and after unmasking; a fragmented message once, put together.
/// Frames that break the protocol are not seen, the close frame that answers them is. Owned elsewhere; outlives the core.
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
/// As client the close code is echoed; codes that may not stand in a frame (RFC 6455 7.4) fail the connection with 1002.
/// Reads no clock, calls no user code but the tap. Outgoing bytes are appended to the `out` of each call.
/// Everything asked for after close() or Closed is ignored; messages and pings that arrive while closing are dropped.
class WebSocketCore {
 public:
  enum class State : std::uint8_t { open, closing, closed };

  /// limits and tap are borrowed for life; mask_source is needed by the client role only (std::invalid_argument without).
  WebSocketCore(Role role, const Limits& limits, MaskSource mask_source = {}, FrameTap* tap = nullptr);
  WebSocketCore(Role role, Limits&& limits, MaskSource mask_source = {}, FrameTap* tap = nullptr) = delete;

  /// permessage-deflate was negotiated: before the first feed(). Messages then come inflated and send() compresses. A Message
  /// borrows from the codec's shared context; broken data closes with 1007, too much with 1009. The tap sees the plain text.
  void use_deflate(std::unique_ptr<PerMessageDeflate> deflate) noexcept;
  /// Null without. For owners that write frames themselves.
  PerMessageDeflate* deflate() const noexcept { return deflate_.get(); }

  /// Then next() until it returns nothing; `bytes` must live as long (see Decoder::feed).
  void feed(std::span<char> bytes, Instant now);
  /// For an owner that must stop in between: see Decoder::release_input().
  std::span<char> release_input() noexcept { return decoder_.release_input(); }

  struct Message {
    Opcode op;
    std::string_view data;
  };
  struct Ping {
    std::string_view data;
  };  ///< already answered
  struct Pong {
    std::string_view data;
  };
  /// The last event. code, reason: what the peer sent (1005: none), or for a violation our own code with why set.
  struct Closed {
    std::uint16_t code;
    std::string reason;
    bool clean;
    std::error_code why;
  };
  using Event = std::variant<Message, Ping, Pong, Closed>;

  /// Next thing that happened; nothing when more bytes are needed. Answers (pong, close echo) are appended to `out`.
  /// After Closed the owner writes what `out` holds and closes the TCP connection.
  std::optional<Event> next(Instant now, std::string& out);

  void send(Opcode op, std::string_view data, Instant now, std::string& out);
  void ping(std::string_view data, Instant now, std::string& out);
  /// Begins the closing handshake. The owner closes TCP when Closed arrives or at its own time limit.
  void close(std::uint16_t code, std::string_view reason, Instant now, std::string& out);

  /// Closes a connection on which nothing arrives for so long (server.md 2.1). Any received byte starts the time anew,
  /// what we send does not. At most 49 days, whole milliseconds; zero switches it off.
  void set_idle_timeout(std::chrono::milliseconds timeout, Instant now) noexcept;
  std::optional<Instant> next_deadline() const noexcept;
  /// Closed with std::errc::timed_out once the idle time is over: 1002 is written, or in the middle of a closing handshake
  /// nothing (code 1006). Early, late or repeated calls do no harm.
  std::optional<Event> on_deadline(Instant now, std::string& out);

  State state() const noexcept { return state_; }

 private:
  std::optional<Event> on_event(const MessageEvent& in, Instant now, std::string& out);
  std::optional<Event> on_event(const PingEvent& in, Instant now, std::string& out);
  std::optional<Event> on_event(const PongEvent& in, Instant now, std::string& out);
  std::optional<Event> on_event(const CloseEvent& in, Instant now, std::string& out);
  std::optional<Event> on_event(const FailEvent& in, Instant now, std::string& out);
  Event closed_by_violation(std::uint16_t code, std::error_code why, Instant now, std::string& out);
  void write(FrameOp op, std::string_view payload, Instant now, std::string& out);
  void see(FrameOp op, std::string_view payload, Instant now);

  Decoder decoder_;
  std::unique_ptr<MaskSource> mask_source_;  // a server has none and pays 8 bytes
  std::unique_ptr<PerMessageDeflate> deflate_;
  FrameTap* tap_;
  Instant heard_{};
  std::uint32_t idle_ms_ = 0;
  State state_ = State::open;
};
static_assert(sizeof(WebSocketCore) <= 96, "paid by every connection");

}  // namespace phx::core::ws
