#include "game_channel.hpp"

#include <chrono>

#include "support.hpp"

namespace phx::app {

using namespace server;

JoinResult GameChannel::join(std::string_view topic, const Json& params, Socket& socket) {
  const auto id = parse_id(after(topic, "game:"));
  if (!id) co_return join_refused("not_found");
  const auto token = params.is_object() ? params.value("player_token", Json()) : Json();
  const auto player = token.is_string() ? contexts_.credentials.player(token.get_ref<const std::string&>(), *id) : std::nullopt;
  // A token is for its player alone: it is no use on somebody else's socket.
  if (!player || account_of(socket).value_or(*player) != *player) co_return join_refused("invalid_token");
  const auto game = co_await socket.blocking([&]() -> Outcome<Game> {
    const auto user = contexts_.accounts.get_user(*player);
    if (!user) return refuse("player_not_found");
    player_ = *user;
    return contexts_.games.join_game(*id, {user->id, user->name});
  });
  if (!game) co_return join_refused(game.error().reason);
  game_id_ = *id;
  socket.send_self("after_join");
  co_return JoinOk{obj("game", game_json(*game))};
}

HandleResult GameChannel::handle_info(const Info& message, Socket& socket) {
  if (message.is("after_join"))
    socket.broadcast_from("player_joined", obj("player", obj("id", player_.id, "name", player_.name, "avatar",
                                                             player_.avatar ? Json(*player_.avatar) : Json())));
  return NoReply{};
}

HandleResult GameChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  const Json& json = payload.json();
  if (!json.is_object()) return no_object();
  if (event == "make_move") return make_move(json, socket);
  if (event == "request_game_state") return request_game_state(socket);
  if (event == "send_chat") return send_chat(json, socket);
  return unknown_event();
}

HandleResult GameChannel::make_move(const Json& payload, Socket& socket) {
  const Json move = payload.value("move", Json());
  const auto game = co_await socket.blocking([&] { return contexts_.games.make_move(game_id_, player_.id, move); });
  if (!game) co_return refused_reply(game.error());
  const Json state = game_json(*game);
  socket.broadcast("move_made", obj("player_id", player_.id, "move", move, "game", state));
  if (game->status == "finished") socket.broadcast("game_finished", result_json(*game));
  co_return Reply::ok(obj("game", state));
}

HandleResult GameChannel::request_game_state(Socket& socket) {
  const auto game = co_await socket.blocking([&] { return contexts_.games.get_game(game_id_); });
  if (!game) co_return refused_reply(game.error());
  co_return Reply::ok(obj("game", game_json(*game)));
}

HandleResult GameChannel::send_chat(const Json& payload, Socket& socket) {
  const auto text = payload.value("message", Json());
  if (!text.is_string() || text.get_ref<const std::string&>().empty()) return invalid("message", "can't be blank");
  if (text.get_ref<const std::string&>().size() > 4'000) return invalid("message", "is too long");
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  socket.broadcast("chat_message", obj("player", obj("id", player_.id, "name", player_.name), "message", text, "timestamp", now));
  return Reply::ok();
}

void GameChannel::terminate(const StopReason& /*reason*/, Socket& socket) {
  if (game_id_ != 0 && socket.joined()) socket.broadcast_from("player_left", obj("player_id", player_.id));
}

}  // namespace phx::app
