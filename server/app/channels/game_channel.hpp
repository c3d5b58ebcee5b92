#pragma once

#include <phx/server/channel.hpp>

#include "app/contexts/contexts.hpp"

namespace phx::app {

/// `game:<id>`: tic-tac-toe. A player_token (REST gives it) takes a seat; without one the join is refused.
///
///   join {player_token}        reply {game}; player_joined {player} to the others
///   make_move {move}           broadcast move_made {player_id, move, game}, at the end game_finished {winner, final_score}; reply ok {game}
///   request_game_state         reply {game}
///   send_chat {message}        broadcast chat_message {player, message, timestamp}
///   end, also a cut connection: player_left {player_id}; the seat is kept
class GameChannel final : public server::Channel {
 public:
  explicit GameChannel(Contexts contexts) : contexts_(contexts) {}
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_info(const server::Info& message, server::Socket& socket) override;
  void terminate(const server::StopReason& reason, server::Socket& socket) override;

 private:
  server::HandleResult make_move(const Json& payload, server::Socket& socket);
  server::HandleResult request_game_state(server::Socket& socket);
  server::HandleResult send_chat(const Json& payload, server::Socket& socket);
  Contexts contexts_;
  std::int64_t game_id_ = 0;
  User player_;
};

}  // namespace phx::app
