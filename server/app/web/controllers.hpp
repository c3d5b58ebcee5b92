#pragma once

#include <phx/server/controller.hpp>

#include "app/contexts/contexts.hpp"

/// Thin controllers: params in, one call of a context, its answer out.
namespace phx::app {

class RoomController {
 public:
  explicit RoomController(Contexts contexts) : contexts_(contexts) {}
  server::ActionResult index(server::Conn& conn);
  server::ActionResult show(server::Conn& conn);
  server::ActionResult create(server::Conn& conn);
  server::ActionResult update(server::Conn& conn);
  server::ActionResult delete_(server::Conn& conn);
  /// Members: `user_id`, or oneself.
  server::ActionResult add_member(server::Conn& conn);
  server::ActionResult remove_member(server::Conn& conn);

 private:
  Contexts contexts_;
};

class MessageController {
 public:
  explicit MessageController(Contexts contexts) : contexts_(contexts) {}
  server::ActionResult index(server::Conn& conn);
  server::ActionResult show(server::Conn& conn);
  server::ActionResult create(server::Conn& conn);
  server::ActionResult delete_(server::Conn& conn);

 private:
  Contexts contexts_;
};

class GameController {
 public:
  explicit GameController(Contexts contexts) : contexts_(contexts) {}
  server::ActionResult index(server::Conn& conn);
  server::ActionResult show(server::Conn& conn);
  /// Both give a player_token, for the channel `game:<id>`.
  server::ActionResult create(server::Conn& conn);
  server::ActionResult join(server::Conn& conn);
  server::ActionResult move(server::Conn& conn);
  server::ActionResult leave(server::Conn& conn);

 private:
  server::Sent seated(server::Conn& conn, const Game& game);
  Contexts contexts_;
};

class OrganizationController {
 public:
  explicit OrganizationController(Contexts contexts) : contexts_(contexts) {}
  server::ActionResult index(server::Conn& conn);
  server::ActionResult show(server::Conn& conn);
  server::ActionResult create(server::Conn& conn);
  server::ActionResult add_member(server::Conn& conn);
  server::ActionResult teams(server::Conn& conn);
  server::ActionResult create_team(server::Conn& conn);
  server::ActionResult add_team_member(server::Conn& conn);

 private:
  Contexts contexts_;
};

class NotificationController {
 public:
  explicit NotificationController(Contexts contexts) : contexts_(contexts) {}
  server::ActionResult index(server::Conn& conn);
  server::ActionResult create(server::Conn& conn);
  /// Marks it as read.
  server::ActionResult update(server::Conn& conn);

 private:
  Contexts contexts_;
};

class OrderController {
 public:
  explicit OrderController(Contexts contexts) : contexts_(contexts) {}
  server::ActionResult index(server::Conn& conn);
  server::ActionResult show(server::Conn& conn);
  server::ActionResult create(server::Conn& conn);

 private:
  Contexts contexts_;
};

}  // namespace phx::app
