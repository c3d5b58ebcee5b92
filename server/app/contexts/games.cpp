#include "games.hpp"

#include <phx/core/json.hpp>

#include <array>

namespace phx::app {

using namespace store;

namespace rules {

std::optional<char> winner(std::string_view board) noexcept {
  constexpr std::array<std::array<std::size_t, 3>, 8> lines{
      {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6}, {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}}};
  for (const auto& [a, b, c] : lines)
    if (board[a] != '-' && board[a] == board[b] && board[b] == board[c]) return board[a];
  return std::nullopt;
}

bool full(std::string_view board) noexcept { return board.find('-') == std::string_view::npos; }

}  // namespace rules

std::optional<char> Game::mark_of(std::int64_t user_id) const noexcept {
  if (x_id == user_id) return 'X';
  if (o_id == user_id) return 'O';
  return std::nullopt;
}

namespace {

Json player_json(std::int64_t id, const std::string& name, const char* mark, const Game& game) {
  return obj("id", id, "name", name, "mark", mark, "score", game.winner == mark ? 1 : 0);
}

std::string other(char mark) { return mark == 'X' ? "O" : "X"; }

/// The move is legal: puts the mark and says what came of it.
void play(Game& game, std::size_t cell, char mark) {
  game.board[cell] = mark;
  game.turn = other(mark);
  if (const auto won = rules::winner(game.board))
    game.winner = std::string(1, *won);
  else if (rules::full(game.board))
    game.winner = "draw";
  if (game.winner) game.status = "finished";
}

}  // namespace

Outcome<Game> Games::create_game(const Player& player) {
  Game game;
  game.x_id = player.id;
  game.x_name = player.name;
  return repo_.insert(game);
}

Outcome<Game> Games::get_game(std::int64_t id) {
  auto game = repo_.get<Game>(id);
  if (!game) return refuse("not_found");
  return std::move(*game);
}

Result<Page<Game>> Games::list_games(const std::string& status, const PageOptions& page) {
  auto query = from<Game>().order_by("id", Order::desc);
  if (!status.empty()) query.where("status", status);
  return repo_.page(query, page);
}

/// Reads, asks `change` (a reason to refuse, or nothing) and writes. Whoever was faster is seen by lock_version: then once more.
template <class F>
Outcome<Game> Games::change_game(std::int64_t id, F change) {
  for (;;) {
    const auto game = repo_.get<Game>(id);
    if (!game) return refuse("not_found");
    Game next = *game;
    if (const std::optional<std::string> refused = change(next)) return refuse(*refused);
    try {
      return outcome(repo_.update(store::change(*game, {{"status", next.status},
                                                        {"o_id", next.o_id},
                                                        {"o_name", next.o_name},
                                                        {"board", next.board},
                                                        {"turn", next.turn},
                                                        {"winner", next.winner}})));
    } catch (const StaleEntryError&) { continue; }
  }
}

Outcome<Game> Games::join_game(std::int64_t id, const Player& player) {
  return change_game(id, [&](Game& game) -> std::optional<std::string> {
    if (game.mark_of(player.id)) return std::nullopt;
    if (game.status == "finished") return "game_finished";
    if (game.o_id) return "game_full";
    game.o_id = player.id;
    game.o_name = player.name;
    game.status = "playing";
    return std::nullopt;
  });
}

Outcome<Game> Games::make_move(std::int64_t id, std::int64_t user_id, const Json& cell) {
  return change_game(id, [&](Game& game) -> std::optional<std::string> {
    const auto mark = game.mark_of(user_id);
    if (!mark) return "not_a_player";
    if (game.status == "waiting") return "game_not_started";
    if (game.status == "finished") return "game_finished";
    if (game.turn != std::string(1, *mark)) return "not_your_turn";
    if (!cell.is_number_integer() || cell < 0 || cell > 8) return "invalid_move";
    const auto at = cell.get<std::size_t>();
    if (game.board[at] != '-') return "invalid_move";
    play(game, at, *mark);
    return std::nullopt;
  });
}

Outcome<Game> Games::leave_game(std::int64_t id, std::int64_t user_id) {
  return change_game(id, [&](Game& game) -> std::optional<std::string> {
    const auto mark = game.mark_of(user_id);
    if (!mark) return "not_a_player";
    if (game.status == "finished") return "game_finished";
    game.winner = game.status == "playing" ? other(*mark) : "draw";
    game.status = "finished";
    return std::nullopt;
  });
}

Json game_json(const Game& g) {
  Json players = Json::array({player_json(g.x_id, g.x_name, "X", g)});
  if (g.o_id) players.push_back(player_json(*g.o_id, g.o_name.value_or(""), "O", g));
  Json board = Json::array();
  for (const char cell : g.board) board.push_back(cell == '-' ? Json() : Json(std::string(1, cell)));
  return obj("id", g.id, "status", g.status, "players", players, "current_turn", g.status == "playing" ? Json(g.turn) : Json(), "board",
             board, "winner", g.winner ? Json(*g.winner) : Json(), "created_at", format_timestamp(g.inserted_at));
}

Json result_json(const Game& g) {
  const auto score = [&](const char* mark) { return g.winner == mark ? 1 : 0; };
  return obj("winner", g.winner ? Json(*g.winner) : Json(), "final_score", obj("X", score("X"), "O", score("O")));
}

}  // namespace phx::app
