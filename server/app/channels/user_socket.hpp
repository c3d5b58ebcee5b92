#pragma once

#include <optional>
#include <string>

#include <phx/server/user_socket.hpp>

#include "app/contexts/contexts.hpp"

namespace phx::app {

/// `/socket`. Who it is says, in this order: param `token`, the socket's auth token, header `x-authorization: Bearer …`, the session cookie.
/// Any of them may be a login's token; the first three also one under the salt "user socket", as operators sign. One that is there and bad is
/// refused. With none it is a guest, under the name of param `user_id` or one made for it; channels decide who may join what.
///
/// Assigns: user_id ("7", or a guest's name), account ("7"; a guest has none), guest.
class UserSocket final : public server::UserSocket {
 public:
  explicit UserSocket(Contexts contexts);
  server::ConnectResult connect(const Json& params, server::ConnectSocket& socket, const server::ConnectInfo& info) const override;
  std::optional<std::string> id(const server::ConnectSocket& socket) const override;
  std::string_view name() const noexcept override { return "UserSocket"; }

 private:
  std::optional<std::string> verified_user(const std::string& token) const;

  Contexts contexts_;
};

}  // namespace phx::app
