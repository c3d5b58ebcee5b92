#include "controllers.hpp"
#include "respond.hpp"

namespace phx::app {

using namespace server;

namespace {

/// Whoever watches `game:<id>` hears of moves by REST as of those by channel.
void announce_move(PubSub& pubsub, const Game& game, std::int64_t player_id, const Json& move) {
  const std::string topic = "game:" + std::to_string(game.id);
  pubsub.broadcast(topic, "move_made", obj("player_id", player_id, "move", move, "game", game_json(game)));
  if (game.status == "finished") pubsub.broadcast(topic, "game_finished", result_json(game));
}

}  // namespace

Sent GameController::seated(Conn& conn, const Game& game) {
  keep_secret(conn);
  return created(conn, "/api/v1/games/" + std::to_string(game.id),
                 obj("game", game_json(game), "player_token", contexts_.credentials.player_token(game.id, current_user(conn).user_id)));
}

ActionResult GameController::index(Conn& conn) {
  const auto status = filter_param(conn, "status");
  const auto options = page_params(conn);
  const auto games = co_await in_pool(conn, [&] { return contexts_.games.list_games(status, options); });
  co_return page(conn, games, game_json);
}

ActionResult GameController::show(Conn& conn) {
  const auto id = id_param(conn, "id");
  const auto game = co_await in_pool(conn, [&] { return contexts_.games.get_game(id); });
  if (!game) co_return refused(game.error());
  co_return ok(conn, game_json(*game));
}

ActionResult GameController::create(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto game = co_await in_pool(conn, [&]() -> Outcome<Game> {
    const auto user = contexts_.accounts.get_user(user_id);
    if (!user) return refuse("unauthorized");
    return contexts_.games.create_game({user->id, user->name});
  });
  if (!game) co_return refused(game.error());
  co_return seated(conn, *game);
}

ActionResult GameController::join(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "game_id");
  const auto game = co_await in_pool(conn, [&]() -> Outcome<Game> {
    const auto user = contexts_.accounts.get_user(user_id);
    if (!user) return refuse("unauthorized");
    return contexts_.games.join_game(id, {user->id, user->name});
  });
  if (!game) co_return refused(game.error());
  co_return seated(conn, *game);
}

ActionResult GameController::move(Conn& conn) {
  const auto id = id_param(conn, "game_id"), user = current_user(conn).user_id;
  const Json cell = param(conn, "move");
  const auto game = co_await in_pool(conn, [&] { return contexts_.games.make_move(id, user, cell); });
  if (!game) co_return refused(game.error());
  announce_move(contexts_.pubsub, *game, user, cell);
  co_return created(conn, "/api/v1/games/" + std::to_string(id), game_json(*game));
}

ActionResult GameController::leave(Conn& conn) {
  const auto id = id_param(conn, "game_id"), user = current_user(conn).user_id;
  const auto game = co_await in_pool(conn, [&] { return contexts_.games.leave_game(id, user); });
  if (!game) co_return refused(game.error());
  contexts_.pubsub.broadcast("game:" + std::to_string(id), "game_finished", result_json(*game));
  co_return ok(conn, game_json(*game));
}

}  // namespace phx::app
