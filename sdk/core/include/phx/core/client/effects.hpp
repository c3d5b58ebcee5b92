#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include <phx/core/envelope.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

// What the owner of a SocketCore must do after an input. Plain values in the order in which they must be performed:
// transport effects are I/O, the others are news for the user. Nothing calls back; an input given while effects are being
// performed is a new input, with a new Effects.
//
// LIFETIME: string_view members borrow from the frame given to `transport_message`, from the SocketEnv, or from constants.
// They are valid until the next input to any SocketCore of the same SocketEnv, and no longer than that frame.
// Whoever delivers later copies. Strings are owned and may be moved out.

enum class ChannelId : std::uint32_t { none = 0 };
enum class PushId : std::uint64_t { none = 0 };
enum class PingId : std::uint64_t { none = 0 };
enum class DisconnectId : std::uint32_t { none = 0 };
/// Numbers the transports of one socket. Events of any but the newest are dropped (D-7).
enum class Generation : std::uint32_t { none = 0 };

enum class TransportKind : std::uint8_t { websocket, longpoll };
enum class SocketState : std::uint8_t { closed, connecting, open, closing };
enum class ChannelState : std::uint8_t { closed, joining, joined, errored, leaving };

// --- transport ---

/// Why a transport is opened.
enum class OpenReason : std::uint8_t { connect, reconnect, resume };

/// Open a transport. The owner evaluates params and auth token now, anew for every OpenTransport (U3); it may take its time
/// (an async token provider) and then reports `transport_opened`, or `transport_error` and `transport_closed`.
struct OpenTransport {
  Generation generation{};
  TransportKind kind = TransportKind::websocket;
  OpenReason reason = OpenReason::connect;
  bool refresh_credentials = false;  ///< the last ones were refused (D-12): do not use a cached token
  bool operator==(const OpenTransport&) const = default;
};

/// One whole message for the current transport (only ever emitted while it is open).
struct SendFrame {
  Generation generation{};
  Opcode opcode = Opcode::text;
  std::string bytes;
  bool operator==(const SendFrame&) const = default;
};

/// Start the closing handshake. Report `transport_closed` when it is done; after 1.5 s a DropTransport follows.
struct CloseTransport {
  Generation generation{};
  std::optional<std::uint16_t> code;  ///< none: the transport's default (1000)
  std::string reason;
  bool operator==(const CloseTransport&) const = default;
};

/// The transport is of no further interest: cut it off, report nothing. Also cancels one that is still connecting.
struct DropTransport {
  Generation generation{};
  bool operator==(const DropTransport&) const = default;
};

// --- socket ---

struct SocketOpened {
  Generation generation{};
  std::uint32_t establishments = 0;  ///< opens so far, this one included
  bool operator==(const SocketOpened&) const = default;
};

struct SocketClosed {
  Generation generation{};
  std::uint16_t code = 1006;
  std::string reason;
  bool clean = false;   ///< a closing handshake took place
  int http_status = 0;  ///< of a refused upgrade, else 0
  bool operator==(const SocketClosed&) const = default;
};

struct SocketError {
  Generation generation{};
  std::error_code why;
  int http_status = 0;
  std::uint32_t establishments = 0;  ///< opens so far: 0 means that this socket never was connected
  bool falling_back = false;         ///< the next transport is tried at once
  bool operator==(const SocketError&) const = default;
};

/// A frame that is no Phoenix message. The connection goes on.
struct BadFrame {
  Generation generation{};
  std::error_code why;
  bool operator==(const BadFrame&) const = default;
};

/// The disconnect() with this id is complete (S10): its transport is gone.
struct Disconnected {
  DisconnectId id{};
  bool operator==(const Disconnected&) const = default;
};

enum class ReconnectWhy : std::uint8_t { connection_lost, heartbeat_timeout, refused, retry_after, server_restart, server_overload };

struct ReconnectScheduled {
  Duration delay{};
  std::uint32_t attempt = 0;  ///< 1, 2, ...
  ReconnectWhy why = ReconnectWhy::connection_lost;
  bool operator==(const ReconnectScheduled&) const = default;
};

/// No further attempt will be made (D-12, or a limit of the policy). connect() starts afresh.
struct Terminal {
  std::error_code why;  ///< unauthorized, or gave_up
  int http_status = 0;
  std::uint16_t code = 0;  ///< close code
  bool operator==(const Terminal&) const = default;
};

struct Pong {
  PingId id{};
  Duration rtt{};
  bool operator==(const Pong&) const = default;
};

/// A heartbeat was answered. Only with SocketConfig::heartbeat_events.
struct HeartbeatReplied {
  Duration rtt{};
  bool operator==(const HeartbeatReplied&) const = default;
};

/// Every decoded message, after the channels have had it (S13). Only with SocketConfig::message_events.
struct MessageSeen {
  EnvelopeView message;
  bool operator==(const MessageSeen&) const;
};

// --- channels ---

/// Answer with `SocketCore::join_params`. Only for channels with dynamic params, at each join and rejoin (C2).
struct NeedJoinParams {
  ChannelId channel{};
  std::uint32_t request = 0;  ///< give it back; an answer to an older request is ignored
  bool operator==(const NeedJoinParams&) const = default;
};

struct ChannelStateChanged {
  ChannelId channel{};
  ChannelState from{};
  ChannelState to{};
  bool operator==(const ChannelStateChanged&) const = default;
};

/// The join or a rejoin was answered. Status "ok": the channel is joined; any other: errored, and rejoining later.
struct JoinReplied {
  ChannelId channel{};
  std::string_view status;
  std::string_view response;  ///< raw JSON, or bytes
  PayloadKind kind = PayloadKind::json;
  bool operator==(const JoinReplied&) const = default;
};

/// The join was not answered in time; the channel is errored and rejoins later.
struct JoinFailed {
  ChannelId channel{};
  std::error_code why;  ///< join_timeout
  bool operator==(const JoinFailed&) const = default;
};

/// A message for the handlers of `event`; replies come here too, as `phx_reply`, before their PushReplied (C6).
struct ChannelMessage {
  ChannelId channel{};
  PayloadKind kind = PayloadKind::json;
  std::string_view event;
  std::string_view payload;
  std::string_view ref;       ///< raw token
  std::string_view join_ref;  ///< raw token; `null`: use the channel's own (C7)
  bool operator==(const ChannelMessage&) const = default;
};

/// `phx_error`, from the server or from the loss of the connection: payload {"source":"transport","reason":...}.
struct ChannelErrored {
  ChannelId channel{};
  PayloadKind kind = PayloadKind::json;
  std::string_view payload;
  bool operator==(const ChannelErrored&) const = default;
};

enum class CloseCause : std::uint8_t { left, replaced, server };

/// The channel is closed and gets nothing more; it still exists until remove_channel, and may be joined again (D-18).
struct ChannelClosed {
  ChannelId channel{};
  CloseCause cause = CloseCause::left;
  bool operator==(const ChannelClosed&) const = default;
};

/// Final answer to a push or leave. Any status is possible.
struct PushReplied {
  PushId push{};
  ChannelId channel{};
  PayloadKind kind = PayloadKind::json;
  std::string_view status;
  std::string_view response;
  bool operator==(const PushReplied&) const = default;
};

/// Final: push_timeout (phoenix.js's status "timeout"), channel_closed, queue_full, or why the frame could not be encoded.
struct PushFailed {
  PushId push{};
  ChannelId channel{};  ///< none for SocketCore::send
  std::error_code why;
  bool operator==(const PushFailed&) const = default;
};

using Effect =
    std::variant<ChannelMessage, PushReplied, SendFrame, ChannelStateChanged, JoinReplied, JoinFailed, ChannelErrored, ChannelClosed,
                 PushFailed, NeedJoinParams, OpenTransport, CloseTransport, DropTransport, SocketOpened, SocketClosed, SocketError,
                 BadFrame, Disconnected, ReconnectScheduled, Terminal, Pong, HeartbeatReplied, MessageSeen>;
using Effects = std::vector<Effect>;  // owned and reused by the caller

}  // namespace phx::core
