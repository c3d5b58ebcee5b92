#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/client/channel_core.hpp>
#include <phx/core/client/effects.hpp>
#include <phx/core/client/fallback_core.hpp>
#include <phx/core/client/heartbeat_core.hpp>
#include <phx/core/client/link.hpp>
#include <phx/core/client/reconnect_core.hpp>
#include <phx/core/client/socket_env.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

struct CloseRequest {
  std::uint16_t code = 1000;
  std::string reason;
};

struct SuspendOptions {
  bool disconnect = false;  ///< false: page hidden (S8), only reconnects stop; true: page gone (S9), resume() connects again
};

/// Client half of one socket with its channels: what an I/O shell drives.
///
///   closed --connect--> connecting --opened--> open --disconnect, heartbeat dead--> closing --closed--> closed
///     ^                     |                   |
///     +---- closed, error --+------ closed -----+          closed --reconnect timer--> connecting
///
/// Inputs append effects; perform them in order, then arm one timer for next_deadline(). Transport inputs carry the
/// generation that OpenTransport gave; those of older ones are dropped (D-7).
/// Reads no clock, never blocks, calls no user code. One owner at a time. Hot path (transport_message): no allocation.
/// Rules: phoenix.js socket.js; spec client-semantics 3.4, 3.5, 3.10.
class SocketCore {
 public:
  explicit SocketCore(SocketEnv& env);
  SocketCore(const SocketCore&) = delete;
  SocketCore& operator=(const SocketCore&) = delete;

  // --- the user ---
  void connect(Instant now, Effects& out);
  /// Closes for good; Disconnected{id} when the transport is gone (at once without one). `close` none: code 1000 by default.
  DisconnectId disconnect(std::optional<CloseRequest> close, Instant now, Effects& out);
  /// Closes the current transport, sets the next kind; does not connect (S12).
  void replace_transport(TransportKind kind, Instant now, Effects& out);
  void suspend(SuspendOptions options, Instant now, Effects& out);
  void resume(Instant now, Effects& out);
  /// Another network: reconnect at once, or find out with a heartbeat whether the connection still lives.
  void network_changed(Instant now, Effects& out);
  /// False when not open; otherwise Pong follows when the answer comes (S15).
  std::optional<PingId> ping(Instant now, Effects& out);
  /// A message of the user's own making: now, or when the socket opens (S14). Only failures are told (PushFailed).
  PushId send(const MessageView& message, Effects& out);
  Ref make_ref() noexcept { return link_.refs.next(); }

  // --- the user: channels. Unknown ids throw std::out_of_range ---
  /// Throws std::invalid_argument for an empty topic.
  ChannelId create_channel(ChannelOptions options);
  void join(ChannelId channel, std::optional<Duration> timeout, Instant now, Effects& out);
  /// Answers NeedJoinParams: raw JSON, trusted. Unknown channels and old requests are ignored.
  void join_params(ChannelId channel, std::uint32_t request, std::string_view params, Instant now, Effects& out);
  /// Ends in exactly one PushReplied or PushFailed, unless cancelled. Throws std::logic_error before the first join (P1).
  PushId push(ChannelId channel, const PushRequest& request, Instant now, Effects& out);
  /// Closed at once; the operation ends with the server's answer or its timeout (D-3), at once when nothing was joined.
  PushId leave(ChannelId channel, std::optional<Duration> timeout, Instant now, Effects& out);
  /// Forgets the channel without a word to the server; its pushes fail.
  void remove_channel(ChannelId channel, Effects& out);
  /// The caller no longer wants the answer. Not an error when there is none to come.
  void cancel(PushId push);

  // --- the transport ---
  /// Begins to connect only now, after a wait for credentials: that time does not count against it. Optional.
  void transport_started(Generation generation, Instant now) noexcept;
  void transport_opened(Generation generation, Instant now, Effects& out);
  void transport_message(Generation generation, Opcode opcode, std::string_view bytes, Instant now, Effects& out);
  /// A `transport_closed` must follow.
  void transport_error(Generation generation, const TransportError& error, Instant now, Effects& out);
  void transport_closed(Generation generation, const CloseEvent& event, Instant now, Effects& out);
  /// Bytes wait in the transport / all are written: a close waits for them, up to 1.5 s (S11).
  void transport_blocked(Generation generation) noexcept;
  void transport_drained(Generation generation, Instant now, Effects& out);

  // --- time ---
  /// Earliest instant with work to do, or a little before it; nullopt: no timer is needed.
  std::optional<Instant> next_deadline() const noexcept;
  /// Runs everything due at or before `now`. Early, late or repeated calls do no harm.
  void on_deadline(Instant now, Effects& out);

  // --- looking ---
  SocketState state() const noexcept { return state_; }
  bool connected() const noexcept { return state_ == SocketState::open; }
  Generation generation() const noexcept { return link_.generation; }
  TransportKind transport() const noexcept { return kind_; }
  std::uint32_t establishments() const noexcept { return establishments_; }
  std::uint64_t current_ref() const noexcept { return link_.refs.current(); }
  const ChannelCore* find(ChannelId channel) const noexcept;
  const ChannelCore& channel(ChannelId channel) const;
  bool can_push(ChannelId channel) const;
  /// Channels that get messages.
  std::size_t channel_count() const noexcept;
  std::size_t in_flight() const noexcept { return link_.in_flight.size(); }
  const BoundedQueue<BufferedFrame>& send_buffer() const noexcept { return link_.send_buffer; }
  const ReconnectCore& reconnect() const noexcept { return reconnect_; }
  const HeartbeatCore& heartbeat() const noexcept { return heartbeat_; }
  const FallbackCore& fallback() const noexcept { return fallback_; }

 private:
  enum class After : std::uint8_t { nothing, disconnected, schedule_reconnect, connect };
  struct Slot {
    std::uint32_t topic_hash;
    ChannelId id;
    std::unique_ptr<ChannelCore> channel;
  };
  struct Ping {
    Ref ref;
    PingId id;
    Instant sent;
  };
  /// The end of one transport (S11): wait for its bytes, close, wait for closed. Several may overlap.
  struct Teardown {
    Generation generation;
    After after;
    DisconnectId id;
    std::optional<CloseRequest> close;
    bool drained;
    bool closing = false;  // past draining
    bool asked = false;    // it was this one that asked the transport to close
    bool gone = false;     // the transport has closed
    std::uint8_t looks = 0;
    Instant deadline = never;
  };

  ChannelCore& require(ChannelId channel);
  void leave_open_topic(const ChannelCore& newcomer, Instant now, Effects& out);
  void rejoin(ChannelCore& channel, Instant now, Effects& out);
  void dispatch(const EnvelopeView& message, Instant now, Effects& out);
  void on_socket_reply(const EnvelopeView& message, Ref ref, Instant now, Effects& out);
  bool send_heartbeat_frame(Ref ref, Effects& out);
  void send_heartbeat(Instant now, Effects& out);
  void rearm() noexcept;

  bool is_current(Generation generation) const noexcept { return generation == link_.generation && state_ != SocketState::closed; }
  void open_transport(OpenReason reason, Instant now, Effects& out);
  void begin_attempt(TransportKind kind, OpenReason reason, Instant now, Effects& out);
  void switch_transport(Instant now, Effects& out);
  void check_health(Instant now, Effects& out);
  void on_fallback_deadline(Instant now, Effects& out);
  void settle() noexcept;
  void lost(const CloseEvent& event, Instant now, Effects& out);
  void tell_lost(Generation generation, const CloseEvent& event, Instant now, Effects& out);
  void announce(const ReconnectCore::Plan& plan, const CloseEvent& event, Effects& out);
  void fail_channels(std::string_view payload, Instant now, Effects& out);
  void on_reconnect_deadline(Instant now, Effects& out);
  void on_heartbeat_deadline(Instant now, Effects& out);
  void reconnect_at_once(Instant now, Effects& out);

  void abandon_current(Instant now, Effects& out);
  void begin_teardown(std::optional<CloseRequest> close, After after, DisconnectId id, Instant now, Effects& out);
  void begin_close(Teardown& teardown, Instant now, Effects& out);
  void await(Teardown& teardown, Instant now);
  void run_teardowns(Instant now, Effects& out);
  void on_teardown_deadline(Teardown& teardown, Instant now, Effects& out);
  template <class Condition>
  void finish_teardowns(Condition&& done, Instant now, Effects& out);
  void finish(const Teardown& teardown, Instant now, Effects& out);
  bool tearing_down(Generation generation) const noexcept;
  bool disconnecting() const noexcept;
  bool reconnects_after_teardown(Generation generation) const noexcept;

  Link link_;
  std::vector<Slot> slots_;  // ascending ids: creation order
  HeartbeatCore heartbeat_;
  ReconnectCore reconnect_;
  FallbackCore fallback_;
  std::vector<Teardown> teardowns_;
  std::vector<Ping> pings_;
  Instant stable_at_ = never;
  Instant heartbeat_sent_{};
  std::uint64_t next_push_ = 0;
  std::uint64_t next_ping_ = 0;
  std::uint32_t next_channel_ = 0;
  std::uint32_t next_disconnect_ = 0;
  std::uint32_t next_generation_ = 0;
  std::uint32_t establishments_ = 0;
  std::uint32_t clock_ = 0;  // S9: bumped by every connect, disconnect and replacement
  std::uint32_t resume_clock_ = 0;
  SocketState state_ = SocketState::closed;
  TransportKind kind_;
  bool has_transport_ = false;  // a transport object exists; in phoenix.js also a dead one (D-6)
  bool clean_ = true;           // the last end was the user's wish
  bool blocked_ = false;
  bool hidden_ = false;
  bool resume_connects_ = false;
};

}  // namespace phx::core
