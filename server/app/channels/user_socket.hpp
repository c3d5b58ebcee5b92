#pragma once

#include <optional>
#include <string>

#include <phx/core/token.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/user_socket.hpp>

#include "chat.hpp"

namespace phx::app {

/// What the sockets of the application stand on. Outlives them.
struct Contexts {
  Chat& chat;
  server::Presence& presence;
  std::string secret_key_base;
};

/// `/socket`. A signed token (param `token`, salt "user socket", at most a day old) says who it is; a bad one is refused. Without a
/// token it is a guest, under the name of param `user_id` or one made for it; channels decide who may join what.
class UserSocket final : public server::UserSocket {
 public:
  explicit UserSocket(Contexts contexts);
  server::ConnectResult connect(const Json& params, server::ConnectSocket& socket, const server::ConnectInfo& info) const override;
  std::optional<std::string> id(const server::ConnectSocket& socket) const override;
  std::string_view name() const noexcept override { return "UserSocket"; }

 private:
  std::optional<std::string> verified_user(const std::string& token) const;

  core::KeyGenerator keys_;
};

}  // namespace phx::app
