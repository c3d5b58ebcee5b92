#pragma once

#include <span>
#include <string_view>

#include <phx/server/channel.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/socket.hpp>

namespace phx::fixture {

/// golden/FIXTURE.md section 3.
class RoomChannel final : public server::Channel {
 public:
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_out(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_info(const server::Info& message, server::Socket& socket) override;
  std::span<const std::string_view> intercepts() const noexcept override;

 private:
  server::JoinResult slow_join(server::Socket& socket);
};

/// golden/FIXTURE.md section 4. The presence is shared by all channels and outlives them.
class ChatChannel final : public server::Channel {
 public:
  explicit ChatChannel(server::Presence* presence) noexcept : presence_(presence) {}

  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_info(const server::Info& message, server::Socket& socket) override;

 private:
  server::Presence* presence_;
};

}  // namespace phx::fixture
