// What a channel offers to its callbacks through Socket: frames, topics, timers, addresses.

#include <phx/server/presence.hpp>
#include <phx/server/shard.hpp>

#include "channel_actor.hpp"
#include "channel_extras.hpp"
#include "channels_session.hpp"

#include <algorithm>
#include <stdexcept>
#include <system_error>

namespace phx::server::detail {

ChannelActor::Extras& ChannelActor::extras() {
  if (!extras_) extras_ = std::make_unique<Extras>();
  return *extras_;
}

void ChannelActor::push(std::string_view event, const Payload& payload) {
  require_joined("push");
  if (!payload.is_message()) throw std::invalid_argument("a push carries an object or bytes");
  if (state_ == State::ended || !session_->session) return;  // a suspended callback woke up too late
  session_->session->write({.kind = core::MessageView::Kind::push,
                            .join_ref = join_ref_,
                            .topic = topic(),
                            .event = event,
                            .payload = payload.raw(),
                            .payload_kind = payload.kind()});
}

void ChannelActor::announce_close() {
  if (!channel_->is_custom()) throw std::logic_error("announce_close is for custom channels; others return Stop");
  require_joined("announce_close");
  announced_ = true;
  if (session_->session) session_->session->closed(*this);
}

void ChannelActor::broadcast(bool to_self, std::string_view event, const Payload& payload) {
  require_joined("broadcast");
  PubSub& pubsub = table_.pubsub();
  const auto error = to_self ? pubsub.broadcast(topic(), event, payload) : pubsub.broadcast_from(*this, topic(), event, payload);
  if (error) throw std::system_error(error, "broadcast");
}

void ChannelActor::require_joined(const char* what) const {
  if (state_ == State::joining) throw std::logic_error(std::string(what) + " before the join has completed; use send_self from join");
}

SocketRef ChannelActor::socket_ref() const {
  require_joined("socket_ref");
  if (ref() == core::null_token) throw std::logic_error("socket_ref outside handle_in of a message with a ref");
  SocketRef made;
  made.session_ = session_;
  made.topic_ = topic();
  made.ref_ = ref();
  made.join_ref_ = join_ref_;
  return made;
}

ChannelRef ChannelActor::self() {
  auto& handle = extras().handle;
  if (!handle) handle = std::make_shared<ActorHandle>(ActorHandle{shard(), this});
  ChannelRef made;
  made.actor_ = handle;
  return made;
}

void ChannelActor::subscribe(std::string_view topic) {
  if (state_ == State::ended) return;
  auto& added = extras().subscriptions.emplace_back(std::make_unique<Registration>());
  table_.acquire(topic)->join(*added, *this);
}

void ChannelActor::unsubscribe(std::string_view topic) {
  // As in Phoenix, leaving the own topic takes the fastlane away too (server.md 7.1).
  if (topic == this->topic()) registration_.leave();
  std::erase_if(extras().subscriptions, [&](const auto& registration) { return registration->topic()->name() == topic; });
}

Shard::TimerId ChannelActor::send_after(Duration delay, Info message) {
  if (state_ == State::ended) return 0;
  auto& timers = extras().timers;
  const auto id = std::make_shared<Shard::TimerId>();                      // known only once the timer is set
  *id = shard().send_after(delay, [this, id, info = std::move(message)] {  // cancelled when the channel ends
    std::erase(extras_->timers, *id);
    tell(info);
  });
  timers.push_back(*id);
  return *id;
}

void ChannelActor::cancel_timer(Shard::TimerId timer) {
  if (std::erase(extras().timers, timer) > 0) shard().cancel(timer);
}

ActorId ChannelActor::actor_id() {
  if (extras().id == 0) extras().id = Presence::new_actor();
  return extras().id;
}

void ChannelActor::monitor(const void* who, std::function<void()> ended) {
  auto& monitors = extras().monitors;
  if (std::ranges::any_of(monitors, [&](const auto& known) { return known.first == who; })) return;
  monitors.emplace_back(who, std::move(ended));
}

}  // namespace phx::server::detail
