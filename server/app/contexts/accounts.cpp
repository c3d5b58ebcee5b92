#include "accounts.hpp"

#include <phx/core/json.hpp>

#include <algorithm>

namespace phx::app {

using namespace store;

namespace {

Changeset<User> profile_changeset(Changeset<User> changeset) {
  static const Pattern address("^[^\\s@,;]+@[^\\s@,;]+$");
  if (const auto* email = changeset.get_change("email"))
    if (const auto* text = email->get_if<std::string>()) changeset.put_change("email", normal_email(*text));
  return changeset.validate_required({"email", "name"})
      .validate_format("email", address)
      .validate_length("email", {.max = 160})
      .validate_length("name", {.min = 1, .max = 80})
      .validate_length("avatar", {.max = 500})
      .validate_length("password", {.min = 12, .max = 128})
      .unique_constraint("email");
}

/// Nobody can give himself a role: `role` is not among the fields that are cast.
Changeset<User> registration_changeset(const Json& params) {
  return profile_changeset(cast(User{}, params, {"email", "name", "avatar", "password"})).validate_required({"password"});
}

/// The hash takes its time, so only what is valid gets one.
Changeset<User> put_password_hash(Changeset<User> changeset, const Passwords& passwords) {
  const auto* password = changeset.get_change("password");
  if (!changeset.valid() || !password || password->is_null()) return changeset;
  const auto hash = passwords.hash(*password->get_if<std::string>());
  return changeset.put_change("password_hash", hash);
}

}  // namespace

std::string normal_email(std::string email) {
  std::ranges::transform(email, email.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return email;
}

Accounts::Accounts(Repo repo, Passwords::Cost cost, Credentials& credentials, server::PubSub& pubsub)
    : repo_(std::move(repo)), passwords_(cost), credentials_(credentials), pubsub_(pubsub) {}

void Accounts::load_revocations() {
  for (const auto& session : repo_.all(from<UserSession>().where(not_null("revoked_at")).where(gt("expires_at", wall_now()))))
    credentials_.revoke_session(session.id);
  for (const auto& user : repo_.all(from<User>().where(not_null("banned_at")))) credentials_.revoke_user(user.id);
}

Outcome<User> Accounts::register_user(const Json& params) {
  return outcome(repo_.insert(put_password_hash(registration_changeset(params), passwords_)));
}

Outcome<Login> Accounts::log_in(std::string_view email, std::string_view password) {
  const auto user = repo_.one(from<User>().where("email", normal_email(std::string(email))));
  if (!user) {
    passwords_.verify_nobody(password);
    return refuse("unauthorized");
  }
  if (!passwords_.verify(password, user->password_hash) || user->banned_at) return refuse("unauthorized");
  return repo_.transaction([&](Repo& tx) -> Outcome<Login> {
    Login login;
    login.user = *tx.update(change(*user, {{"last_login", wall_now()}}));
    UserSession session;
    session.user_id = user->id;
    session.expires_at = wall_now() + credentials_.session_max_age();
    login.session = tx.insert(session);
    login.token = credentials_.session_token({user->id, login.session.id});
    return login;
  });
}

Outcome<UserSession> Accounts::get_session(std::int64_t user_id, std::int64_t id) {
  auto session = repo_.get<UserSession>(id);
  if (!session || session->user_id != user_id || session->revoked_at) return refuse("not_found");
  return *session;
}

Outcome<UserSession> Accounts::log_out(const Identity& who, std::int64_t session_id) {
  const auto session = repo_.get<UserSession>(session_id);
  if (!session || session->user_id != who.user_id) return refuse("not_found");
  auto ended = repo_.update(change(*session, {{"revoked_at", wall_now()}}));
  credentials_.revoke_session(session_id);
  disconnect(who.user_id);
  return outcome(std::move(ended));
}

std::optional<User> Accounts::get_user(std::int64_t id) { return repo_.get<User>(id); }

bool Accounts::is_admin(std::int64_t id) {
  return repo_.exists(from<User>().where("id", id).where("role", "admin").where(is_null("banned_at")));
}

Result<Page<User>> Accounts::list_users(const std::string& name, const PageOptions& page) {
  auto query = from<User>().order_by("id");
  if (!name.empty()) query.where(ilike("name", "%" + like_escape(name) + "%"));
  return repo_.page(query, page);
}

std::int64_t Accounts::count_users() { return repo_.count<User>(); }

std::int64_t Accounts::count_active_users() {
  const auto rows = repo_.query("SELECT COUNT(DISTINCT user_id) FROM sessions WHERE revoked_at IS NULL AND expires_at > ?", {wall_now()},
                                {Type::integer});
  return *rows.at(0).at(0).get_if<std::int64_t>();
}

Outcome<User> Accounts::someone(std::int64_t by, std::int64_t id) {
  auto user = get_user(id);
  if (!user) return refuse("not_found");
  if (by != id && !is_admin(by)) return refuse("forbidden");
  return std::move(*user);
}

Outcome<User> Accounts::update_user(std::int64_t by, std::int64_t id, const Json& params) {
  auto user = someone(by, id);
  if (!user) return user;
  auto changeset = profile_changeset(cast(std::move(*user), params, {"email", "name", "avatar", "password"}));
  return outcome(repo_.update(put_password_hash(std::move(changeset), passwords_)));
}

Outcome<User> Accounts::delete_user(std::int64_t by, std::int64_t id, const std::function<void(Repo&)>& with) {
  auto user = someone(by, id);
  if (!user) return user;
  repo_.transaction([&](Repo& tx) {
    if (with) with(tx);
    end_sessions(tx, id);
    tx.remove(*user);
  });
  credentials_.revoke_user(id);
  disconnect(id);
  return user;
}

Outcome<User> Accounts::ban_user(std::int64_t by, std::int64_t id) {
  if (!is_admin(by)) return refuse("forbidden");
  const auto user = get_user(id);
  if (!user) return refuse("not_found");
  if (id == by) return refuse("forbidden");
  User banned = repo_.transaction([&](Repo& tx) {
    end_sessions(tx, id);
    return *tx.update(change(*user, {{"banned_at", wall_now()}}));
  });
  credentials_.revoke_user(id);
  pubsub_.broadcast("admin:users", "user_banned", obj("user_id", id, "banned_by", by));
  disconnect(id);
  return banned;
}

Outcome<User> Accounts::grant_role(std::string_view email, const std::string& role) {
  auto user = repo_.one(from<User>().where("email", normal_email(std::string(email))));
  if (!user) return refuse("not_found");
  return outcome(repo_.update(change(std::move(*user), {{"role", role}}).validate_inclusion("role", {"user", "admin"})));
}

Outcome<Friendship> Accounts::add_friend(std::int64_t user_id, std::int64_t friend_id) {
  if (user_id == friend_id) return refuse("invalid", {{"friend_id", {"is yourself"}}});
  Friendship wish;
  wish.user_id = user_id;
  wish.friend_id = friend_id;
  if (auto known = repo_.get_by<Friendship>({{"user_id", user_id}, {"friend_id", friend_id}})) return *known;
  return outcome(repo_.insert(Changeset<Friendship>(wish)
                                  .foreign_key_constraint("friend_id")
                                  .unique_constraint("friend_id", "friendships_user_id_friend_id_index")));
}

bool Accounts::friends(std::int64_t a, std::int64_t b) {
  const auto asked = [&](std::int64_t from_id, std::int64_t to_id) {
    return repo_.exists(from<Friendship>().where("user_id", from_id).where("friend_id", to_id));
  };
  return asked(a, b) && asked(b, a);
}

std::vector<User> Accounts::list_friends(std::int64_t user_id) {
  std::vector<Value> ids;
  for (const auto& wish : repo_.all(from<Friendship>().where("user_id", user_id).order_by("id", store::Order::desc).limit(500)))
    if (repo_.exists(from<Friendship>().where("user_id", wish.friend_id).where("friend_id", user_id))) ids.emplace_back(wish.friend_id);
  return repo_.all(from<User>().where(in("id", ids)).order_by("id"));
}

void Accounts::end_sessions(Repo& tx, std::int64_t user_id) {
  tx.update_all(from<UserSession>().where("user_id", user_id).where(is_null("revoked_at")), {{"revoked_at", wall_now()}});
}

void Accounts::disconnect(std::int64_t user_id) { pubsub_.broadcast("user_socket:" + std::to_string(user_id), "disconnect", {}); }

}  // namespace phx::app
