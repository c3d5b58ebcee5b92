#include <phx/client/presence.hpp>

#include <mutex>
#include <utility>

#include <phx/core/client/ref.hpp>

#include "channel_shared.hpp"
#include "session.hpp"

namespace phx::client {

struct Presence::Shared {
  Shared(const PresenceOptions& options, std::shared_ptr<detail::ChannelShared> of) : core(options), channel(std::move(of)) {}
  /// What the options leave open, the policy of the socket says.
  static PresenceOptions filled(PresenceOptions options, const Policy& policy) {
    if (!options.limits) options.limits = policy.presence;
    options.update_event = options.update_event && policy.presence_update_event;
    return options;
  }

  /// On the callback queue, before the user's handlers of the same message that were registered later.
  void on_message(const Message& message);
  void tell(const PresenceJoined& e) { joins.call(channel->queue(), {}, e); }
  void tell(const PresenceLeft& e) { leaves.call(channel->queue(), {}, e); }
  void tell(const PresenceUpdated& e) { updates.call(channel->queue(), {}, e); }
  void tell(const core::PresenceSynced&) { syncs.call(channel->queue(), {}); }
  void tell(std::error_code error, const std::string& event);

  mutable std::mutex mutex;  // guards core
  core::PresenceCore core;
  const std::shared_ptr<detail::ChannelShared> channel;  // with the session and the user's handles

  detail::Handlers<const PresenceJoined&> joins;
  detail::Handlers<const PresenceLeft&> leaves;
  detail::Handlers<const PresenceUpdated&> updates;
  detail::Handlers<> syncs;
  detail::Handlers<std::error_code> errors;
};

void Presence::Shared::on_message(const Message& message) {
  core::PresenceEffects effects;
  std::error_code error;
  {
    const std::scoped_lock lock(mutex);
    error = core.on_message(message.event, message.payload.text(), core::parse_ref(message.join_ref), effects);
  }
  for (const auto& effect : effects) std::visit([this](const auto& e) { tell(e); }, effect);
  if (error) tell(error, message.event);
}

void Presence::Shared::tell(std::error_code error, const std::string& event) {
  channel->socket().inbox.post([of = channel, error](detail::Session& session) { session.monitor().presence_failed(of->topic, error); });
  if (errors.used()) return errors.call(channel->queue(), {}, error);
  std::string what = "phx::Presence of '" + channel->topic + "': " + event;
  if (error == std::errc::no_buffer_space) what += " is beyond PresenceLimits, the list is out of date until the next join";
  throw std::system_error(error, what);
}

Presence::Presence(Channel& channel, PresenceOptions options)
    : shared_(std::make_shared<Shared>(Shared::filled(options, channel.shared_->socket().options.policy), channel.shared_)) {
  // Weak: the channel keeps these handlers, and the handlers must not keep the channel.
  const auto follow = [weak = std::weak_ptr(shared_)](const Message& message) {
    if (const auto shared = weak.lock()) shared->on_message(message);
  };
  state_ = channel.on(options.state_event, follow);
  diff_ = channel.on(options.diff_event, follow);
}

Presence::~Presence() = default;
Presence::Presence(Presence&&) noexcept = default;
Presence& Presence::operator=(Presence&&) noexcept = default;

Subscription Presence::on_join(std::function<void(const PresenceJoined&)> handler) {
  return shared_->joins.add(shared_->channel->socket().queue, shared_->channel.get(), {}, std::move(handler));
}

Subscription Presence::on_leave(std::function<void(const PresenceLeft&)> handler) {
  return shared_->leaves.add(shared_->channel->socket().queue, shared_->channel.get(), {}, std::move(handler));
}

Subscription Presence::on_update(std::function<void(const PresenceUpdated&)> handler) {
  return shared_->updates.add(shared_->channel->socket().queue, shared_->channel.get(), {}, std::move(handler));
}

Subscription Presence::on_sync(std::function<void()> handler) {
  return shared_->syncs.add(shared_->channel->socket().queue, shared_->channel.get(), {}, std::move(handler));
}

Subscription Presence::on_error(std::function<void(std::error_code)> handler) {
  return shared_->errors.add(shared_->channel->socket().queue, shared_->channel.get(), {}, std::move(handler));
}

PresenceState Presence::list() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->core.list();
}

std::optional<PresenceEntry> Presence::get(std::string_view key) const {
  const std::scoped_lock lock(shared_->mutex);
  const auto* entry = shared_->core.list().find(key);
  return entry ? std::optional(*entry) : std::nullopt;
}

}  // namespace phx::client
