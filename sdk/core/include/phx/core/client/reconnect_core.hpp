#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include <phx/core/client/effects.hpp>
#include <phx/core/client/policy.hpp>
#include <phx/core/client/push_queue.hpp>
#include <phx/core/error.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

/// How a transport ended. Borrowed for the call.
struct CloseEvent {
  std::uint16_t code = 1006;
  std::string_view reason = {};
  bool clean = false;                                  ///< a closing handshake took place
  int http_status = 0;                                 ///< of a refused upgrade
  std::optional<Duration> retry_after = std::nullopt;  ///< its Retry-After header
};

/// How a transport failed. A `transport_closed` follows it.
struct TransportError {
  std::error_code why;
  int http_status = 0;
};

/// Whether and when to try again.
///
///   idle --lost--> waiting --timer--> (connecting) --lost--> waiting ...
///   any --refused twice, limit, rule--> terminal --connect()--> idle        any --stable, disconnect--> idle, attempts 0
///
/// Rules: spec client-semantics S5, S7, D-10 to D-13.
class ReconnectCore {
 public:
  struct Plan {
    std::error_code terminal{};  ///< set: no further attempt. unauthorized or gave_up
    Duration delay{};
    ReconnectWhy why = ReconnectWhy::connection_lost;
  };

  /// Classifies the loss and arms the timer, or gives up.
  Plan on_lost(const CloseEvent& event, const Policy& policy, Jitter& jitter, Instant now);
  Plan on_heartbeat_timeout(const Policy& policy, Jitter& jitter, Instant now);
  void cancel() noexcept { at_ = never; }
  /// Attempts, refusals and timer start afresh.
  void reset() noexcept { *this = ReconnectCore{}; }
  void fire() noexcept;

  Instant deadline() const noexcept { return at_; }
  bool scheduled() const noexcept { return at_ != never; }
  bool terminal() const noexcept { return terminal_; }
  /// The next attempt must renew its credentials: those of an earlier one were refused. Holds until the connection is stable, so
  /// that an attempt that fails for another reason does not fall back to the refused ones.
  bool wants_refresh() const noexcept { return refusals_ != 0; }
  std::uint32_t attempts() const noexcept { return attempts_; }

 private:
  Plan classify(const CloseEvent& event, const Policy& policy, Jitter& jitter);
  Plan refused(const Policy& policy, Jitter& jitter);
  Plan retry(const Policy& policy, Jitter& jitter, ReconnectWhy why);
  Plan within_limits(Plan plan, const Policy& policy, Instant now);

  Instant at_ = never;
  Instant lost_since_ = never;
  Duration previous_{};
  std::uint32_t attempts_ = 0;
  std::uint8_t refusals_ = 0;
  bool terminal_ = false;
};

}  // namespace phx::core
