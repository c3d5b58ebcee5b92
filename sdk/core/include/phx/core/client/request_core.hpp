#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include <phx/core/client/backoff.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

/// When a request is made again. A value: compare, copy, change.
struct RetryPolicy {
  std::uint32_t attempts = 4;  ///< in all; 1: never again
  Backoff backoff = backoff::exponential(std::chrono::milliseconds(200), std::chrono::seconds(5), Backoff::Spread::full);
  std::vector<int> statuses{408, 425, 429, 502, 503, 504};  ///< answers that ask for patience
  Duration retry_after_max = std::chrono::seconds(60);      ///< Retry-After beyond it: the answer is given at once
  bool operator==(const RetryPolicy&) const = default;
};

/// GET, HEAD, OPTIONS, TRACE, PUT, DELETE (RFC 9110 9.2.2): sent twice they do no more than once.
bool is_idempotent(std::string_view method) noexcept;
/// GET, HEAD, OPTIONS, TRACE (RFC 9110 9.2.1): Phoenix asks for no CSRF token.
bool is_safe(std::string_view method) noexcept;

/// What one request may do.
struct RequestRules {
  bool idempotent = true;       ///< false: made again only when nothing of it was sent
  bool refresh_on_401 = false;  ///< there may be other credentials
  bool refresh_on_403 = false;  ///< the CSRF token may be old
  Duration timeout{};           ///< from start to outcome, waits included
};

// What the owner must do.

/// Send it; the outcome comes back under this number. refresh: the last credentials or CSRF token were refused, use no cached ones.
struct RequestAttempt {
  std::uint32_t number = 0;  ///< 1, 2, ...
  bool refresh = false;
  bool operator==(const RequestAttempt&) const = default;
};
/// Nobody wants this attempt any more.
struct RequestAbort {
  std::uint32_t number = 0;
  bool operator==(const RequestAbort&) const = default;
};
/// Told: the next attempt comes after this.
struct RequestWaits {
  Duration delay{};
  bool operator==(const RequestWaits&) const = default;
};
/// The answer last given is the outcome.
struct RequestAnswered {
  bool operator==(const RequestAnswered&) const = default;
};
struct RequestFailed {
  std::error_code why{};
  bool operator==(const RequestFailed&) const = default;
};
using RequestEffect = std::variant<RequestAttempt, RequestAbort, RequestWaits, RequestAnswered, RequestFailed>;
using RequestEffects = std::vector<RequestEffect>;

/// One HTTP request from the caller's point of view: attempts, waits, one outcome.
///
///   idle --start--> trying --answer or failure--> over
///                   |    ^
///      worth another|    | back-off, Retry-After (at once with fresh credentials, once)
///                   v    |
///                  waiting            time limit, cancel(): over from anywhere
///
/// Made again are: idempotent requests after RetryPolicy::statuses and lost connections; any request that could not even be sent.
/// Never: after a bad URL, a refused certificate, an answer that is too large. 401 asks once for fresh credentials, whatever the
/// method, because the server did nothing. When no attempt is left, or the wait would end after the time limit, the last outcome stands.
/// Reads no clock, does no I/O.
class RequestCore {
 public:
  /// `policy` and `jitter` are borrowed for life.
  RequestCore(const RetryPolicy& policy, const RequestRules& rules, Jitter& jitter) : policy_(policy), rules_(rules), jitter_(jitter) {}

  void start(Instant now, RequestEffects& out);
  /// Those of an attempt that was aborted are ignored.
  void on_answer(std::uint32_t number, int status, std::optional<Duration> retry_after, Instant now, RequestEffects& out);
  /// sent: the server may have got it.
  void on_failure(std::uint32_t number, std::error_code why, bool sent, Instant now, RequestEffects& out);
  /// Silent: RequestAbort at most.
  void cancel(RequestEffects& out);

  std::optional<Instant> next_deadline() const noexcept;
  void on_deadline(Instant now, RequestEffects& out);
  std::uint32_t attempts() const noexcept { return number_; }

 private:
  enum class State : std::uint8_t { idle, trying, waiting, over };

  void attempt(bool refresh, RequestEffects& out);
  bool wait(std::optional<Duration> at_least, Instant now, RequestEffects& out);
  void end(RequestEffect outcome, RequestEffects& out);

  const RetryPolicy& policy_;
  RequestRules rules_;
  Jitter& jitter_;
  State state_ = State::idle;
  std::uint32_t number_ = 0;
  std::uint32_t retries_ = 0;
  bool refreshed_ = false;
  Duration last_delay_{};
  Instant limit_{}, next_{};
};

}  // namespace phx::core
