#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

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
///   any --refused twice--> terminal --connect()--> idle        any --stable, disconnect--> idle, attempts 0
///
/// Rules: spec client-semantics S5, S7, D-10 to D-13.
class ReconnectCore {
 public:
  struct Plan {
    bool terminal = false;
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
  /// Whether the next attempt must renew its credentials; asked once per attempt.
  bool take_refresh() noexcept { return std::exchange(refresh_, false); }
  std::uint32_t attempts() const noexcept { return attempts_; }

 private:
  Plan classify(const CloseEvent& event, const Policy& policy, Jitter& jitter);
  Plan retry(const Policy& policy, Jitter& jitter, ReconnectWhy why);

  Instant at_ = never;
  Duration previous_{};
  std::uint32_t attempts_ = 0;
  std::uint8_t refusals_ = 0;
  bool refresh_ = false;
  bool terminal_ = false;
};

}  // namespace phx::core
