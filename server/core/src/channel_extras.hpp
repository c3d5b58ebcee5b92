#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "channel_actor.hpp"

namespace phx::server::detail {

/// What most channels never need, so that an idle one does not pay for it.
struct ChannelActor::Extras {
  std::shared_ptr<ActorHandle> handle;
  std::vector<std::unique_ptr<Registration>> subscriptions;
  std::vector<Shard::TimerId> timers;
  std::optional<Shard::TimerId> idle_timer;
  ActorId id = 0;
  std::vector<std::pair<const void*, std::function<void()>>> monitors;
};

}  // namespace phx::server::detail
