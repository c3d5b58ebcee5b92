#pragma once

#include <phx/server/channel.hpp>

#include "app/contexts/contexts.hpp"

namespace phx::app {

/// `admin:dashboard` and `admin:users`, for users of role admin. The role may go at any time, so each message asks for it; who has it no
/// more is pushed error {reason: "unauthorized"} instead, and the channel ends.
///
///   admin:dashboard            pushes dashboard_data at once, dashboard_update every 30 s
///   ban_user {user_id}         reply {status: "banned"}; `admin:users` hears user_banned {user_id, banned_by}; their sockets end
///   get_user_details {user_id} reply: the user
class AdminChannel final : public server::Channel {
 public:
  explicit AdminChannel(Contexts contexts) : contexts_(contexts) {}
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_out(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_info(const server::Info& message, server::Socket& socket) override;
  std::span<const std::string_view> intercepts() const noexcept override;

 private:
  server::HandleResult ban_user(const Json& payload, server::Socket& socket);
  server::HandleResult get_user_details(const Json& payload, server::Socket& socket);
  Contexts contexts_;
};

}  // namespace phx::app
