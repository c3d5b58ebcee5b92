#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <phx/core/time.hpp>
#include <phx/core/ws/websocket_core.hpp>
#include <phx/server/http1.hpp>
#include <phx/server/socket_mount.hpp>
#include <phx/server/transport.hpp>

namespace phx::server {

namespace detail {
class WebSocketTap;
}

/// Whoever looks after an outbox of a worker's dirty list when a turn ends.
class Carrier {
 public:
  virtual ~Carrier() = default;
  /// Does what was asked for during the turn (closes, resumed reading). True when that may have made more work for the shard.
  virtual bool settle(Instant now) = 0;
  /// Writes what can be written.
  virtual void flush(Instant now) = 0;
};

/// Every outbox in a worker's dirty list is one of these.
class CarrierOutbox final : public Outbox {
 public:
  CarrierOutbox(DirtyList& dirty, Carrier& carrier) noexcept : Outbox(dirty), carrier_(&carrier) {}
  Carrier& carrier() const noexcept { return *carrier_; }

 private:
  Carrier* carrier_;
};

/// One server connection without I/O, from its first byte to its last: HTTP requests, then perhaps a WebSocket session.
///
///   http --101--> open --close(), idle, shutdown--> closing --peer's close, time limit--> finished
///    |             |----peer's close, violation, end of input----------------------------> finished
///    '--last response-------------------------------------------------------------------> finished
///
/// When finished, the owner writes the outbox, half-closes and throws away further input. HTTP state is freed at the upgrade.
/// Never calls a session from within the session: close() and resume_reading() take effect in settle().
class ConnectionCore final : public TransportLink {
 public:
  ConnectionCore(HttpWorker& worker, Carrier& carrier, Conn::Peer peer, Instant now);
  ~ConnectionCore() override;
  ConnectionCore(const ConnectionCore&) = delete;
  ConnectionCore& operator=(const ConnectionCore&) = delete;

  /// bytes: writable (frames are unmasked in place), borrowed for the call.
  void feed(std::span<char> bytes, Instant now);
  /// Orderly end of input.
  void peer_closed(Instant now);
  /// The connection is gone or is being cut.
  void lost(Instant now);
  bool settle(Instant now);

  /// Asks a session with channels to end itself with 1012. False: nothing to drain here.
  bool drain(Instant now);
  /// The endpoint ends: 1000 for sockets, last response for requests.
  void shutdown(Instant now);

  /// False: leave further bytes in the kernel (a join runs, or requests wait for an answer).
  bool reads() const noexcept;
  bool finished() const noexcept { return phase_ == Phase::finished; }
  /// Something waits that settle() can do now that the peer has read.
  bool can_go_on() const noexcept { return http_ && http_->can_go_on(); }
  /// Bytes that may wait for the peer beside what the endpoint allows: one whole HTTP answer of any size.
  std::size_t answer_bytes() const noexcept { return answer_bytes_; }
  /// A session is open and neither side has begun to close it.
  bool is_open() const noexcept { return phase_ == Phase::open; }
  /// Of the mount that took the upgrade; null before.
  const TransportHandler* handler() const noexcept { return websocket_ ? websocket_->handler : nullptr; }

  std::optional<Instant> next_deadline() const noexcept;
  void on_deadline(Instant now);

  // TransportLink
  Outbox& outbox() noexcept override { return outbox_; }
  void close(std::uint16_t code, std::string_view reason) override;
  void pause_reading() override { ++holds_; }
  void resume_reading() override;

 private:
  enum class Phase : std::uint8_t { http, open, closing, finished };
  struct CloseRequest {
    std::uint16_t code;
    std::string reason;
  };
  struct WebSocket {
    WebSocket(WebSocketUpgrade upgrade, std::unique_ptr<detail::WebSocketTap> frame_tap);
    ~WebSocket();
    const WebSocketOptions* options;
    const TransportHandler* handler;
    std::unique_ptr<detail::WebSocketTap> tap;  // goes last: core and outbox tell it
    core::ws::WebSocketCore core;
    std::unique_ptr<TransportSession> session;  // goes first: its frames may need the core's codec
    std::unique_ptr<CloseRequest> close_request;
    std::string parked;  // received while reading was held
  };

  void advance_http(Instant now);
  void pump(std::span<char> bytes, Instant now);
  void dispatch(core::ws::WebSocketCore::Event& event, std::string& out, Instant now);
  template <class F>
  void guarded(F&& call, Instant now);
  void report(const std::exception_ptr& why);
  void begin_close(std::uint16_t code, std::string_view reason, CloseCause cause, Instant now);
  void end_session(CloseCause cause, Instant now);
  void finish();
  void write(std::string& bytes);

  HttpWorker& worker_;
  CarrierOutbox outbox_;
  std::unique_ptr<HttpCore> http_;      // until the upgrade
  std::optional<WebSocket> websocket_;  // from the upgrade on
  Instant deadline_;                    // closing: the peer's time limit
  std::size_t answer_bytes_ = 0;        // of the last answer
  std::uint16_t holds_ = 0;
  Phase phase_ = Phase::http;
};

}  // namespace phx::server
