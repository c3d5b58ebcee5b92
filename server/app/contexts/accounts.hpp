#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/server/pubsub.hpp>

#include "credentials.hpp"
#include "outcome.hpp"
#include "passwords.hpp"

namespace phx::app {

struct User {
  std::int64_t id = 0;
  std::string email, name;
  std::optional<std::string> avatar;
  std::string role = "user";  ///< or "admin"
  std::string password_hash;
  std::optional<Timestamp> banned_at, last_login;
  Timestamp inserted_at{}, updated_at{};
  std::string password;  ///< as typed; never stored

  static constexpr auto schema() {
    using namespace store;
    return store::schema("users", field<&User::id>("id", Role::primary_key), field<&User::email>("email"), field<&User::name>("name"),
                         field<&User::avatar>("avatar"), field<&User::role>("role"), field<&User::password_hash>("password_hash"),
                         field<&User::banned_at>("banned_at"), field<&User::last_login>("last_login"),
                         field<&User::inserted_at>("inserted_at", Role::inserted_at),
                         field<&User::updated_at>("updated_at", Role::updated_at), field<&User::password>("password", Role::virtual_field));
  }
};

/// A login. It ends at its time, or before by log_out and ban.
struct UserSession {
  std::int64_t id = 0;
  std::int64_t user_id = 0;
  Timestamp expires_at{};
  std::optional<Timestamp> revoked_at;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("sessions", field<&UserSession::id>("id", Role::primary_key), field<&UserSession::user_id>("user_id"),
                         field<&UserSession::expires_at>("expires_at"), field<&UserSession::revoked_at>("revoked_at"),
                         field<&UserSession::inserted_at>("inserted_at", Role::inserted_at));
  }
};

struct Friendship {
  std::int64_t id = 0;
  std::int64_t user_id = 0, friend_id = 0;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("friendships", field<&Friendship::id>("id", Role::primary_key), field<&Friendship::user_id>("user_id"),
                         field<&Friendship::friend_id>("friend_id"), field<&Friendship::inserted_at>("inserted_at", Role::inserted_at));
  }
};

struct Login {
  User user;
  UserSession session;
  std::string token;
};

/// As addresses are stored and compared.
std::string normal_email(std::string email);

/// Who there is, who is logged in, who is whose friend. Every call blocks.
class Accounts {
 public:
  Accounts(Repo repo, Passwords::Cost cost, Credentials& credentials, server::PubSub& pubsub);

  /// Tells Credentials which tokens count no more. At start, before anybody connects.
  void load_revocations();

  Outcome<User> register_user(const Json& params);
  /// "unauthorized" for an unknown address, a wrong password and a banned user alike, after the same time.
  Outcome<Login> log_in(std::string_view email, std::string_view password);
  /// A login that has not been ended. "not_found": not one of theirs.
  Outcome<UserSession> get_session(std::int64_t user_id, std::int64_t id);
  /// Ends the session and disconnects the sockets of its user. "not_found": not a session of theirs.
  Outcome<UserSession> log_out(const Identity& who, std::int64_t session_id);

  std::optional<User> get_user(std::int64_t id);
  bool is_admin(std::int64_t id);
  /// name: part of it, without regard to case; empty: everybody.
  Result<store::Page<User>> list_users(const std::string& name, const store::PageOptions& page);
  std::int64_t count_users();
  /// With a login that has not ended.
  std::int64_t count_active_users();

  /// Of oneself, or of anybody by an admin. Nobody's role changes here.
  Outcome<User> update_user(std::int64_t by, std::int64_t id, const Json& params);
  /// `with`: what goes in the same transaction, before the user does.
  Outcome<User> delete_user(std::int64_t by, std::int64_t id, const std::function<void(Repo&)>& with = {});
  /// By an admin: ends their sessions, disconnects their sockets, tells `admin:users`.
  Outcome<User> ban_user(std::int64_t by, std::int64_t id);
  /// By the operator of the server.
  Outcome<User> grant_role(std::string_view email, const std::string& role);

  /// Friends are two who have both asked for it.
  Outcome<Friendship> add_friend(std::int64_t user_id, std::int64_t friend_id);
  bool friends(std::int64_t a, std::int64_t b);
  std::vector<User> list_friends(std::int64_t user_id);

 private:
  Outcome<User> someone(std::int64_t by, std::int64_t id);
  void end_sessions(Repo& tx, std::int64_t user_id);
  void disconnect(std::int64_t user_id);

  Repo repo_;
  Passwords passwords_;
  Credentials& credentials_;
  server::PubSub& pubsub_;
};

}  // namespace phx::app
