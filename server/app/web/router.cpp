#include "router.hpp"

#include <phx/core/json.hpp>
#include <phx/server/plugs.hpp>

#include "account_controllers.hpp"
#include "app/contexts/accounts.hpp"
#include "controllers.hpp"
#include "plugs.hpp"

namespace phx::app {

using namespace server;

namespace {

ActionResult ping(Conn& conn) { return json(conn, obj("pong", true)); }

/// Guessing the password of one account is slow, however its address is written. Of endless ones the beginning counts.
std::string login_key(const Conn& conn) {
  constexpr std::size_t longest_email = 160;
  const auto email = conn.params().find("email");
  if (email == conn.params().end() || !email->is_string()) return conn.peer.address;
  return conn.peer.address + '|' + normal_email(email->get_ref<const std::string&>().substr(0, longest_email));
}

void declare_health(Router& router, const Contexts& contexts, std::function<bool()> ready) {
  router.get("/health", [](Conn& conn) { return ActionResult(json(conn, obj("status", "ok"))); });
  router.get("/ready", [contexts, ready = std::move(ready)](Conn& conn) -> ActionResult {
    const bool database = co_await conn.blocking([&] { return contexts.monitoring.database_answers(); });
    const bool yes = database && ready();
    co_return json(conn, yes ? 200 : 503, obj("ready", yes));
  });
  router.get("/api/openapi.json", [document = openapi()](Conn& conn) { return ActionResult(json(conn, document)); });
}

void declare_own(Scope& api, const Contexts& c) {
  const auto users = std::make_shared<UserController>(c);
  const auto sessions = std::make_shared<SessionController>(c);
  const auto rooms = std::make_shared<RoomController>(c);
  const auto games = std::make_shared<GameController>(c);
  const auto organizations = std::make_shared<OrganizationController>(c);
  api.resources("/users", users, {.except = {"new", "edit", "create"}});
  api.get("/me", action(users, &UserController::me));
  api.get("/sessions/:id", action(sessions, &SessionController::show));
  api.delete_("/sessions", action(sessions, &SessionController::delete_));
  api.delete_("/sessions/:id", action(sessions, &SessionController::delete_));
  api.resources("/friends", std::make_shared<FriendController>(c), {.only = {"index", "create"}});
  api.resources("/rooms", rooms, {}, [&](Scope& room) {
    room.resources("/messages", std::make_shared<MessageController>(c));
    room.post("/members", action(rooms, &RoomController::add_member));
    room.delete_("/members/:id", action(rooms, &RoomController::remove_member));
  });
  api.resources("/games", games, {.only = {"index", "show", "create"}}, [&](Scope& game) {
    game.post("/players", action(games, &GameController::join));
    game.delete_("/players", action(games, &GameController::leave));
    game.post("/moves", action(games, &GameController::move));
  });
  api.resources("/organizations", organizations, {}, [&](Scope& organization) {
    organization.post("/members", action(organizations, &OrganizationController::add_member));
    organization.get("/teams", action(organizations, &OrganizationController::teams));
    organization.post("/teams", action(organizations, &OrganizationController::create_team));
    organization.post("/teams/:team_id/members", action(organizations, &OrganizationController::add_team_member));
  });
  api.resources("/notifications", std::make_shared<NotificationController>(c), {.only = {"index", "create", "update"}});
  api.resources("/orders", std::make_shared<OrderController>(c));
}

}  // namespace

Router make_router(const Contexts& contexts, RouterOptions options) {
  Router router;
  router.pipeline("api", {server::plug::accepts({"json"}), server::plug::put_secure_browser_headers()});
  router.pipeline("login", {server::plug::rate_limit({.burst = 200, .per_second = 10}),  // each costs a password hash
                            server::plug::rate_limit({.burst = options.logins_at_once, .per_second = 1.0 / 6, .key = login_key})});
  router.pipeline("user", {plug::require_user(contexts.credentials)});
  declare_health(router, contexts, std::move(options.ready));
  router.scope("/api/v1", {"api"}, [&](Scope& api) {
    api.get("/ping", ping);
    api.scope("/", {"login"}, [&](Scope& open) {
      open.post("/users", action(std::make_shared<UserController>(contexts), &UserController::create));
      open.post("/sessions", action(std::make_shared<SessionController>(contexts), &SessionController::create));
    });
    api.scope("/", {"user"}, [&](Scope& own) { declare_own(own, contexts); });
  });
  return router;
}

}  // namespace phx::app
