#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <phx/client/options.hpp>
#include <phx/client/payload.hpp>

#include "handlers.hpp"
#include "socket_shared.hpp"

namespace phx::client::detail {

/// What a Channel, its operations and the session know of one channel. As a slot it is the parent of its handlers and hooks.
class ChannelShared final : public Slot {
 public:
  ChannelShared(std::shared_ptr<SocketShared> socket, std::string topic_name, Provider<Payload> join_params, ChannelOptions channel_options)
      : topic(std::move(topic_name)), params(std::move(join_params)), options(channel_options), socket_(std::move(socket)) {}

  SocketShared& socket() const noexcept { return *socket_; }
  CallbackQueue& queue() const noexcept { return *socket_->queue; }

  /// Replies are mostly heard through their pushes; then there is nothing to copy.
  bool wants_replies() const noexcept { return every_message.used() || reply_handlers.load(std::memory_order_acquire); }

  const std::string topic;
  const Provider<Payload> params;
  const ChannelOptions options;

  Handlers<const Message&> messages, every_message, errors;
  Handlers<> closes;
  Handlers<ChannelState> states;

  std::atomic<ChannelState> state = ChannelState::closed;
  std::atomic<bool> joined_once = false;
  std::atomic<bool> reply_handlers = false;  ///< somebody asked for `phx_reply`
  std::atomic<bool> membership = false;      ///< joined by the user, and neither left nor closed since

  core::ChannelId id = core::ChannelId::none;  ///< on the strand only

 private:
  const std::shared_ptr<SocketShared> socket_;  // with the socket, its session and other channels
};

}  // namespace phx::client::detail
