#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/json_fwd.hpp>

#include "outcome.hpp"

namespace phx::app {

/// Tic-tac-toe as plain rules: nine cells of "X", "O" or "-".
namespace rules {
inline constexpr std::string_view empty_board = "---------";
/// 'X', 'O', or nothing.
std::optional<char> winner(std::string_view board) noexcept;
bool full(std::string_view board) noexcept;
}  // namespace rules

/// waiting --second player--> playing --three in a row, full board, a player gives up--> finished
struct Game {
  std::int64_t id = 0;
  std::string status = "waiting";
  std::int64_t x_id = 0;
  std::optional<std::int64_t> o_id;
  std::string x_name;
  std::optional<std::string> o_name;
  std::string board{rules::empty_board};
  std::string turn = "X";
  std::optional<std::string> winner;  ///< "X", "O", "draw"
  std::int64_t version = 0;
  Timestamp inserted_at{}, updated_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("games", field<&Game::id>("id", Role::primary_key), field<&Game::status>("status"), field<&Game::x_id>("x_id"),
                         field<&Game::o_id>("o_id"), field<&Game::x_name>("x_name"), field<&Game::o_name>("o_name"),
                         field<&Game::board>("board"), field<&Game::turn>("turn"), field<&Game::winner>("winner"),
                         field<&Game::version>("version", Role::lock_version), field<&Game::inserted_at>("inserted_at", Role::inserted_at),
                         field<&Game::updated_at>("updated_at", Role::updated_at));
  }
  std::optional<char> mark_of(std::int64_t user_id) const noexcept;
};

struct Player {
  std::int64_t id = 0;
  std::string name;
};

/// Games live in the database: they survive their players' connections and the server. Every call blocks.
class Games {
 public:
  explicit Games(Repo repo) : repo_(std::move(repo)) {}

  Outcome<Game> create_game(const Player& player);
  Outcome<Game> get_game(std::int64_t id);
  /// status: empty is any.
  Result<store::Page<Game>> list_games(const std::string& status, const store::PageOptions& page);
  /// The free seat, or the own one again. "game_full".
  Outcome<Game> join_game(std::int64_t id, const Player& player);
  /// cell: 0 to 8. "not_a_player", "game_not_started", "game_finished", "not_your_turn", "invalid_move".
  Outcome<Game> make_move(std::int64_t id, std::int64_t user_id, const Json& cell);
  /// Gives up: the other one wins; a game without one is over. "not_a_player", "game_finished".
  Outcome<Game> leave_game(std::int64_t id, std::int64_t user_id);

 private:
  template <class F>
  Outcome<Game> change_game(std::int64_t id, F change);
  Repo repo_;
};

/// {id, status, players: [{id, name, mark}], current_turn, board: [9 of "X", "O", null], winner, created_at}
Json game_json(const Game& game);
/// What `game_finished` tells: {winner, final_score}.
Json result_json(const Game& game);

}  // namespace phx::app
