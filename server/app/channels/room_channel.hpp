#pragma once

#include <phx/server/channel.hpp>

#include "app/contexts/contexts.hpp"

namespace phx::app {

/// `room:*`. `new_msg` is broadcast as it came, `ping` is answered with its payload. `room:private…` is refused.
class RoomChannel final : public server::Channel {
 public:
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
};

/// `rooms:user:<id>`: the rooms of a user, for himself: join replies {rooms}.
class UserRoomsChannel final : public server::Channel {
 public:
  explicit UserRoomsChannel(Chat& chat) : chat_(chat) {}
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;

 private:
  Chat& chat_;
};

}  // namespace phx::app
