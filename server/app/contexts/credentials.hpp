#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include <phx/core/token.hpp>

namespace phx::app {

struct Identity {
  std::int64_t user_id = 0;
  std::int64_t session_id = 0;  ///< 0: a token that was signed by hand
};

/// Tokens of the application and which of them count no more. Reads no database, so plugs and connect callbacks may ask on a worker's
/// thread: the few sessions that were ended before their time are kept in memory (Accounts loads them at start). Thread-safe.
///
///   salt "user auth"    {user_id, session_id}: what a login gives; a Bearer token and the socket's param `token`
///   salt "user socket"  the user's id alone, as `phx token sign` makes it: for operators and tests
///   salt "player"       {game_id, user_id}: a seat in a game, an hour long
class Credentials {
 public:
  Credentials(std::shared_ptr<const core::KeyGenerator> keys, std::chrono::seconds session_max_age);

  std::chrono::seconds session_max_age() const noexcept { return max_age_; }
  std::string session_token(const Identity& who) const;
  std::optional<Identity> session(std::string_view token) const;
  /// Of a token under "user socket": the id of an account ("7"), or any other name its signer gave.
  std::optional<std::string> socket_user(std::string_view token) const;
  std::string player_token(std::int64_t game_id, std::int64_t user_id) const;
  std::optional<std::int64_t> player(std::string_view token, std::int64_t game_id) const;

  void revoke_session(std::int64_t id);
  void revoke_user(std::int64_t id);
  bool user_revoked(std::int64_t id) const;

 private:
  std::shared_ptr<const core::KeyGenerator> keys_;
  std::chrono::seconds max_age_;
  mutable std::shared_mutex mutex_;  // guards the two sets
  std::unordered_set<std::int64_t> sessions_, users_;
};

}  // namespace phx::app
