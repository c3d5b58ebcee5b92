#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include <phx/client/channel.hpp>
#include <phx/client/subscription.hpp>
#include <phx/core/client/presence.hpp>

namespace phx::client {

using core::PresenceJoined;
using core::PresenceLeft;
using core::PresenceLimits;
using core::PresenceOptions;
using core::PresenceState;
using core::PresenceUpdated;
/// One key with its metas.
using PresenceEntry = core::Presence;

/// Who is on a channel; follows it across rejoins. Make it before join(), so that it sees the first state.
/// Any thread; callbacks as those of the channel. May outlive the channel; then nothing changes any more.
/// Bounded by PresenceOptions::limits, or Policy::presence: beyond them it follows nothing until the channel joins anew, see on_error.
class Presence {
 public:
  explicit Presence(Channel& channel, PresenceOptions options = {});
  ~Presence();
  Presence(Presence&&) noexcept;
  Presence& operator=(Presence&&) noexcept;

  Subscription on_join(std::function<void(const PresenceJoined&)> handler);
  Subscription on_leave(std::function<void(const PresenceLeft&)> handler);
  /// One diff took metas of a key away and brought new ones; follows their join and leave.
  Subscription on_update(std::function<void(const PresenceUpdated&)> handler);
  /// A state or diff is fully applied.
  Subscription on_sync(std::function<void()> handler);
  /// A message that was not applied: std::errc::no_buffer_space, the list is out of date until the next join; or bad_json, bad_envelope.
  /// Without a handler it is reported like an exception of a callback. Observer::presence_failed hears of it in any case.
  Subscription on_error(std::function<void(std::error_code)> handler);

  /// A copy, keys in the order in which they came.
  PresenceState list() const;
  std::optional<PresenceEntry> get(std::string_view key) const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // with the handlers of its channel
  Subscription state_, diff_;
};

}  // namespace phx::client
