#include "account_controllers.hpp"

#include <phx/server/plugs.hpp>

#include "respond.hpp"

namespace phx::app {

using namespace server;

Json user_json(const User& user, bool full) {
  Json out = obj("id", user.id, "name", user.name, "avatar", user.avatar ? Json(*user.avatar) : Json(), "inserted_at",
                 store::format_timestamp(user.inserted_at));
  if (full) {
    out["email"] = user.email;
    out["role"] = user.role;
    out["last_login"] = user.last_login ? Json(store::format_timestamp(*user.last_login)) : Json();
    out["banned"] = user.banned_at.has_value();
  }
  return out;
}

namespace {

Json session_json(const UserSession& session) {
  return obj("id", session.id, "expires_at", store::format_timestamp(session.expires_at), "inserted_at",
             store::format_timestamp(session.inserted_at));
}

}  // namespace

ActionResult UserController::index(Conn& conn) {
  const auto name = filter_param(conn, "name");
  const auto options = page_params(conn);
  const auto users = co_await in_pool(conn, [&] { return contexts_.accounts.list_users(name, options); });
  co_return page(conn, users, [](const User& user) { return user_json(user); });
}

ActionResult UserController::show(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "id");
  const auto user = co_await in_pool(conn, [&] { return contexts_.accounts.get_user(id); });
  if (!user) co_return NotFound{};
  co_return ok(conn, user_json(*user, id == user_id));
}

ActionResult UserController::create(Conn& conn) {
  const Json params = conn.params();
  const auto user = co_await in_pool(conn, [&] { return contexts_.accounts.register_user(params); });
  if (!user) co_return refused(user.error());
  co_return created(conn, "/api/v1/users/" + std::to_string(user->id), user_json(*user, true));
}

ActionResult UserController::update(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const auto id = id_param(conn, "id");
  const auto user = co_await in_pool(conn, [&] { return contexts_.accounts.update_user(user_id, id, params); });
  if (!user) co_return refused(user.error());
  co_return ok(conn, user_json(*user, true));
}

ActionResult UserController::delete_(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "id");
  std::vector<std::int64_t> rooms;
  const auto user = co_await in_pool(conn, [&] {
    return contexts_.accounts.delete_user(user_id, id, [&](store::Repo& tx) { rooms = contexts_.chat.delete_rooms_of(tx, id); });
  });
  if (!user) co_return refused(user.error());
  contexts_.chat.close_rooms(rooms);
  co_return no_content(conn);
}

ActionResult UserController::me(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto user = co_await in_pool(conn, [&] { return contexts_.accounts.get_user(user_id); });
  if (!user) co_return Unauthorized{};
  co_return ok(conn, user_json(*user, true));
}

ActionResult SessionController::create(Conn& conn) {
  const auto email = text_param(conn, "email");
  const auto password = text_param(conn, "password");
  if (email.find('\0') != std::string::npos) co_return Unauthorized{};
  const auto login = co_await in_pool(conn, [&] { return contexts_.accounts.log_in(email, password); });
  if (!login) co_return refused(login.error());
  Json data = obj("id", login->session.id, "token", login->token, "expires_at", store::format_timestamp(login->session.expires_at), "user",
                  user_json(login->user, true));
  const auto type = conn.req_header("content-type").value_or("");
  if (conn.params().value("cookie", Json()) == true && type.starts_with("application/json")) {
    conn.fetch_session();
    conn.configure_session(SessionChange::renew);
    conn.put_session("user_token", login->token);
    data["csrf_token"] = plug::get_csrf_token(conn);
  }
  keep_secret(conn);
  co_return created(conn, "/api/v1/sessions/" + std::to_string(login->session.id), data);
}

ActionResult SessionController::show(Conn& conn) {
  const Identity who = current_user(conn);
  const auto id = id_param(conn, "id");
  const auto session = co_await in_pool(conn, [&] { return contexts_.accounts.get_session(who.user_id, id); });
  if (!session) co_return refused(session.error());
  co_return ok(conn, session_json(*session));
}

ActionResult SessionController::delete_(Conn& conn) {
  const Identity who = current_user(conn);
  const auto id = conn.path_params().contains("id") ? id_param(conn, "id") : who.session_id;
  const auto ended = co_await in_pool(conn, [&] { return contexts_.accounts.log_out(who, id); });
  if (!ended) co_return refused(ended.error());
  conn.fetch_session();
  if (!conn.get_session("user_token").is_null()) conn.configure_session(SessionChange::drop);
  co_return no_content(conn);
}

ActionResult FriendController::index(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto friends = co_await in_pool(conn, [&] { return contexts_.accounts.list_friends(user_id); });
  co_return list(conn, friends, [](const User& user) { return user_json(user); });
}

ActionResult FriendController::create(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto& id = param(conn, "friend_id");
  if (!id.is_number_integer()) co_return Invalid{{{"friend_id", {"is invalid"}}}};
  const auto friend_id = id.get<std::int64_t>();
  const auto wish = co_await in_pool(conn, [&] { return contexts_.accounts.add_friend(user_id, friend_id); });
  if (!wish) co_return refused(wish.error());
  co_return created(conn, "/api/v1/friends", obj("friend_id", wish->friend_id));
}

}  // namespace phx::app
