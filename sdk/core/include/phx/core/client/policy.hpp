#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <phx/core/client/backoff.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

/// D-14: what a bounded queue does when it is full. `wait`: a push whose caller is suspended until the answer (PushRequest::suspends)
/// is taken beyond the limits, because there is one per caller; any other is rejected. The machine itself never waits.
enum class OnFull : std::uint8_t { reject, drop_oldest, wait };

struct QueueLimits {
  std::size_t max_count = std::numeric_limits<std::size_t>::max();
  std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
  OnFull on_full = OnFull::reject;
  bool operator==(const QueueLimits&) const = default;
};

/// What one channel may make its client remember of its presence: the state, and the diffs that wait for one, each on its own. Beyond it
/// the client stops following until the next join, and says so; it never keeps a list that is wrong without saying it.
struct PresenceLimits {
  std::size_t max_users = 100'000;
  std::size_t max_metas = 200'000;                ///< of all users; the joins of a diff count in full before its leaves make room
  std::size_t max_bytes = std::size_t{64} << 20;  ///< text of keys, metas and fields
  bool operator==(const PresenceLimits&) const = default;
  static constexpr PresenceLimits none() noexcept {
    constexpr auto any = std::numeric_limits<std::size_t>::max();
    return {any, any, any};
  }
};

/// D-2: from when a push's timeout counts.
enum class PushDeadline : std::uint8_t {
  from_call,             ///< default: the caller never waits longer than the timeout
  from_send,             ///< time in the buffer does not count
  from_call_and_resend,  ///< phoenix.js: from the call, and again from the flush
};

/// What a loss leads to.
enum class AfterLoss : std::uint8_t {
  retry,    ///< at the back-off's pace
  refresh,  ///< as D-12 does with 401 and 403: once more with fresh credentials, then final
  give_up,  ///< final at once
};

/// One class of losses: a close code (1006: lost without one) or the HTTP status of a refused upgrade. Zero matches nothing.
struct LossRule {
  std::uint16_t code = 0;
  int http_status = 0;
  AfterLoss then = AfterLoss::retry;
  bool operator==(const LossRule&) const = default;
};

/// D-12: refusals, and closes that ask for patience.
struct RefusalPolicy {
  bool classify = true;                              ///< false: every failure is a plain retry (phoenix.js)
  std::vector<LossRule> rules{};                     ///< the first that matches comes before the classes of D-12; for 1000 see D-13
  Duration retry_after_max = std::chrono::hours(1);  ///< a server that asks for more gets this
  bool unauthorized_final = true;                    ///< false: after the refresh keep retrying at the back-off's cap
  Duration restart_min = std::chrono::seconds(1);    ///< close 1012: uniform between these two
  Duration restart_max = std::chrono::seconds(5);
  Duration overload_min = std::chrono::seconds(30);  ///< close 1013
  Duration overload_max = std::chrono::seconds(60);
  bool operator==(const RefusalPolicy&) const = default;
};

/// When reconnecting ends: counted from the first loss after a stable connection. Zero: no such limit.
struct ReconnectLimits {
  std::uint32_t attempts = 0;
  Duration time{};  ///< no attempt begins later than this
  bool operator==(const ReconnectLimits&) const = default;
};

/// D-4.
struct HeartbeatPolicy {
  bool queue_while_not_open = false;  ///< phoenix.js: a tick while connecting goes to the send buffer
  std::uint32_t max_missed = 1;       ///< unanswered heartbeats that end the connection
  bool operator==(const HeartbeatPolicy&) const = default;
};

/// D-16: params without a value in a URL: nothing, `k=`, or phoenix.js's pair without key and value (`a=1&&b=2`).
enum class NullParam : std::uint8_t { omit, empty_value, empty_pair };

struct UrlPolicy {
  bool parse_endpoint = true;  ///< false: append text, as phoenix.js does, also behind the endpoint's own query
  NullParam null_param = NullParam::omit;
  bool omit_empty_lists = true;  ///< false: an empty list leaves a dangling separator
  bool operator==(const UrlPolicy&) const = default;
};

/// D-17: how long a client stays on the fallback transport.
struct FallbackPolicy {
  Duration memory = std::chrono::hours(1);            ///< a fallback that worked is taken again without trying; zero: for ever
  Duration primary_retry = std::chrono::minutes(10);  ///< from one that is not remembered back to the primary; zero: never
  std::uint32_t short_lived_opens = 3;                ///< so many primaries in a row that die young are a failure; zero: any number
  Duration short_lived = std::chrono::seconds(10);
  bool operator==(const FallbackPolicy&) const = default;
};

/// Everything in which the client departs from phoenix.js. One field per departure; the machines read it and have no
/// other switch. Not here: D-15 (nobody can observe it) and D-21 (an option of the long-poll transport).
/// Source: spec client-semantics 3.10.
struct Policy {
  bool queue_lifecycle_frames = false;                   ///< D-1 (true: joins and leaves wait in the send buffer)
  PushDeadline push_deadline = PushDeadline::from_call;  ///< D-2
  bool ref_when_buffered = false;                        ///< D-2 (true: a buffered push consumes a ref, then another)
  bool leave_completes_locally = false;                  ///< D-3 (true: ok before leave() returns)
  HeartbeatPolicy heartbeat{};                           ///< D-4
  bool isolate_failures = true;                          ///< D-5 (false: an encode error aborts the flush and keeps the buffer)
  bool dead_transport_blocks_connect = false;            ///< D-6
  bool drop_stale_transport_events = true;               ///< D-7
  bool fail_pushes_when_closed = true;                   ///< D-8 (false: buffered until they time out)
  bool dispatch_snapshot = true;                         ///< D-9 (false: a channel that closes hides the next one)
  Duration stable_after = std::chrono::seconds(10);      ///< D-10: attempts reset after this, or a heartbeat reply; zero: at open
  Backoff reconnect = backoff::reconnect();              ///< D-11
  Backoff rejoin = backoff::rejoin();                    ///< D-11
  ReconnectLimits reconnect_limits{};                    ///< D-11: none by default
  RefusalPolicy refusals{};                              ///< D-12
  bool reconnect_on_normal_close = false;                ///< D-13: also after a server's close 1000
  QueueLimits push_buffer{1'000, std::size_t{4} << 20, OnFull::reject};  ///< D-14, per channel
  QueueLimits send_buffer{1'000, std::size_t{4} << 20, OnFull::reject};  ///< D-14, per socket
  PresenceLimits presence{};                                             ///< D-14, per Presence
  UrlPolicy url{};                                                       ///< D-16
  FallbackPolicy fallback{};                                             ///< D-17
  bool join_again_after_closed = true;                                   ///< D-18
  bool rejoin_on_unmatched_topic = true;                                 ///< D-19
  bool presence_update_event = true;                                     ///< D-20
  /// S7 (false: a reconnect that is due goes on, and tears down what connect() has made meanwhile)
  bool connect_replaces_reconnect = true;
  /// S11 (true: whether bytes are written and the transport closed is looked at after 150, 450, 900 and 1500 ms, not heard at once)
  bool teardown_looks = false;

  bool operator==(const Policy&) const = default;

  static Policy phxkit() { return {}; }
};

namespace compat {
/// The behaviour of phoenix.js 1.8.12, warts included.
Policy phoenix_js();
}  // namespace compat

}  // namespace phx::core
