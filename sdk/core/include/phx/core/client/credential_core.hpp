#pragma once

#include <cstdint>
#include <optional>

#include <phx/core/client/effects.hpp>
#include <phx/core/client/push_queue.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

/// To be put to the user's provider; its answer comes back under `id`.
struct CredentialQuestion {
  std::uint32_t id = 0;
  OpenReason reason = OpenReason::connect;
  bool refresh = false;  ///< the last credentials were refused: do not answer from a cache
  bool operator==(const CredentialQuestion&) const = default;
};

/// Credentials of connection attempts: one question at a time, each attempt waits so long and no longer.
///
///   idle --need--> asking --answered--> idle          asking --limit--> idle, the late answer is nobody's
///
/// An attempt that is given up leaves its question running, and the next attempt takes the answer. When that one needs fresh
/// credentials and the question did not ask for such, it is put again after the first answer.
/// Reads no clock, calls no user code. Rules: spec client-semantics U3, D-12.
class CredentialCore {
 public:
  explicit CredentialCore(Duration limit) : limit_(limit) {}

  /// The attempt needs credentials; it replaces one that waits. A question: put it now.
  std::optional<CredentialQuestion> need(const OpenTransport& attempt, Instant now);
  /// The attempt is of no further interest.
  void cancel(Generation generation) noexcept;

  struct Answer {
    Generation generation = Generation::none;   ///< whose credentials these are; none: nobody's
    std::optional<CredentialQuestion> again{};  ///< put this one now
    bool operator==(const Answer&) const = default;
  };
  Answer answered(std::uint32_t id) noexcept;

  Instant deadline() const noexcept { return deadline_; }
  /// The attempt that has waited too long, or none.
  Generation on_deadline(Instant now) noexcept;

 private:
  CredentialQuestion ask() noexcept;

  Duration limit_;
  std::optional<CredentialQuestion> asked_;  // not answered yet
  OpenTransport waiting_{};                  // generation none: nobody waits
  Instant deadline_ = never;
  std::uint32_t last_id_ = 0;
};

}  // namespace phx::core
