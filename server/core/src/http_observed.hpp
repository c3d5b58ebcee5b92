#pragma once

#include <phx/server/observer.hpp>
#include <phx/server/shard.hpp>

namespace phx::server::detail {

/// The time for durations that this observer is told: read from the clock only when it asks for real ones.
inline Instant observed_now(const Shard& shard, const Observer& observer) {
  return shard.durations(observer) == Durations::none ? shard.now() : shard.clock();
}

}  // namespace phx::server::detail
