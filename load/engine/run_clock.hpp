#pragma once

#include <phx/core/time.hpp>

namespace phx::load {

/// The clock of a run: the monotonic clock of its coordinator's machine, which ours is behind by `ahead`. All that a swarm is told and
/// writes into messages is of this clock, so parts on many machines can be reckoned against each other.
struct RunClock {
  Duration ahead{};
  Instant now() const noexcept { return std::chrono::steady_clock::now() + ahead; }
};

}  // namespace phx::load
