#pragma once

#include <phx/server/channel.hpp>

#include "app/contexts/contexts.hpp"

namespace phx::app {

/// `user:<id>`: what is meant for one user alone. Own only. Hears order_created.
class UserChannel final : public server::Channel {
 public:
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
};

/// `notifications:<id>`: own only. Hears new_notification. send_notification {user_id, message} to a friend: reply ok {id}.
class NotificationChannel final : public server::Channel {
 public:
  explicit NotificationChannel(Contexts contexts) : contexts_(contexts) {}
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;

 private:
  server::HandleResult send_notification(const Json& payload, server::Socket& socket);
  Contexts contexts_;
};

/// `org:<id>` for its members, `org:<id>:team:<id>` for those of the team. announce {message}: broadcast announcement {from, message}.
class OrganizationChannel final : public server::Channel {
 public:
  explicit OrganizationChannel(Contexts contexts) : contexts_(contexts) {}
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;

 private:
  Contexts contexts_;
};

/// `logging:*`, for users: what interceptors are for. Broadcasts of new_message are counted, the own user_joined is hidden, user_left gets the
/// time. new_message {...} is broadcast with the sender's user_id.
class LoggingChannel final : public server::Channel {
 public:
  explicit LoggingChannel(Contexts contexts) : contexts_(contexts) {}
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_out(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_info(const server::Info& message, server::Socket& socket) override;
  void terminate(const server::StopReason& reason, server::Socket& socket) override;
  std::span<const std::string_view> intercepts() const noexcept override;

 private:
  Contexts contexts_;
  std::int64_t user_id_ = 0;
};

}  // namespace phx::app
