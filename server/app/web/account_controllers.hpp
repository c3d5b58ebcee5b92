#pragma once

#include <phx/server/controller.hpp>
#include <phx/server/router.hpp>

#include "app/contexts/contexts.hpp"

namespace phx::app {

/// full: also what is nobody else's business.
Json user_json(const User& user, bool full = false);

class UserController {
 public:
  explicit UserController(Contexts contexts) : contexts_(contexts) {}
  server::ActionResult index(server::Conn& conn);
  server::ActionResult show(server::Conn& conn);
  server::ActionResult create(server::Conn& conn);
  server::ActionResult update(server::Conn& conn);
  server::ActionResult delete_(server::Conn& conn);
  server::ActionResult me(server::Conn& conn);

 private:
  Contexts contexts_;
};

class SessionController {
 public:
  explicit SessionController(Contexts contexts) : contexts_(contexts) {}
  /// With `cookie: true` in a JSON body (which no foreign form can send) the login is a session cookie too.
  server::ActionResult create(server::Conn& conn);
  server::ActionResult show(server::Conn& conn);
  /// Of `id`, or the one that asks.
  server::ActionResult delete_(server::Conn& conn);

 private:
  Contexts contexts_;
};

class FriendController {
 public:
  explicit FriendController(Contexts contexts) : contexts_(contexts) {}
  server::ActionResult index(server::Conn& conn);
  server::ActionResult create(server::Conn& conn);

 private:
  Contexts contexts_;
};

}  // namespace phx::app
