#include <phx/client/async.hpp>

#include "support.hpp"

using namespace phx::capi;
namespace client = phx::client;

namespace {

/// The caller's, or for the life of the channel.
void give(client::Subscription subscription, phx_subscription** out) {
  if (out)
    *out = new phx_subscription{std::move(subscription)};
  else
    subscription.detach();
}

}  // namespace

phx_status phx_socket_channel(phx_socket* socket, phx_str topic, phx_str params, uint32_t timeout_ms, phx_channel** out) {
  return guarded([&] {
    required(out, "out") = nullptr;
    client::ChannelOptions options;
    if (timeout_ms != 0) options.timeout = std::chrono::milliseconds(timeout_ms);
    *out = new phx_channel{required(socket, "socket").socket.channel(std::string(view(topic, "topic")), payload_of({params, 0}), options)};
  });
}

void phx_channel_free(phx_channel* channel) {
  guarded([&] { delete channel; });
}

phx_status phx_channel_join(phx_channel* channel, phx_reply_fn on_reply, void* user, phx_drop_fn drop) {
  return guarded([&] {
    auto handler = reply_handler(on_reply, own(user, drop));
    required(channel, "channel").channel.async_join(std::move(handler));
  });
}

phx_status phx_channel_leave(phx_channel* channel, phx_reply_fn on_reply, void* user, phx_drop_fn drop) {
  return guarded([&] {
    auto handler = reply_handler(on_reply, own(user, drop));
    required(channel, "channel").channel.async_leave(std::move(handler));
  });
}

phx_status phx_channel_push(phx_channel* channel, phx_str event, phx_payload payload, const phx_push_options* options,
                            phx_reply_fn on_reply, void* user, phx_drop_fn drop) {
  return guarded([&] {
    auto handler = reply_handler(on_reply, own(user, drop));
    required(channel, "channel")
        .channel.async_push(view(event, "event"), payload_of(payload), options_of(sized(options, "options")), std::move(handler));
  });
}

int32_t phx_channel_state(const phx_channel* channel) {
  static_assert(static_cast<int>(client::ChannelState::leaving) == PHX_CHANNEL_LEAVING);
  return channel ? static_cast<int32_t>(channel->channel.state()) : PHX_CHANNEL_CLOSED;
}

int32_t phx_channel_can_push(const phx_channel* channel) { return channel && channel->channel.can_push() ? 1 : 0; }

phx_status phx_channel_on(phx_channel* channel, phx_str event, phx_message_fn on_message, void* user, phx_drop_fn drop,
                          phx_subscription** out) {
  return guarded([&] {
    auto handler = [on_message, user = own(user, drop)](const client::Message& message) {
      const phx_message view = to_c(message);
      on_message(user.get(), &view);
    };
    if (!on_message) throw std::invalid_argument("on_message is NULL");
    auto& to = required(channel, "channel").channel;
    const auto name = view(event, "event");
    give(name.empty() ? to.on_message(std::move(handler)) : to.on(std::string(name), std::move(handler)), out);
  });
}

phx_status phx_channel_on_state(phx_channel* channel, phx_state_fn on_state, void* user, phx_drop_fn drop, phx_subscription** out) {
  return guarded([&] {
    auto handler = [on_state, user = own(user, drop)](client::ChannelState state) { on_state(user.get(), static_cast<int32_t>(state)); };
    if (!on_state) throw std::invalid_argument("on_state is NULL");
    give(required(channel, "channel").channel.on_state(std::move(handler)), out);
  });
}

void phx_subscription_free(phx_subscription* subscription) {
  guarded([&] { delete subscription; });
}
