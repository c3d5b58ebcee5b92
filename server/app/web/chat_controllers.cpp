#include <optional>

#include <phx/server/shard.hpp>

#include "controllers.hpp"
#include "respond.hpp"

namespace phx::app {

using namespace server;

ActionResult RoomController::index(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto name = filter_param(conn, "name");
  const auto options = page_params(conn);
  const auto rooms = co_await in_pool(conn, [&] { return contexts_.chat.list_rooms(user_id, name, options); });
  co_return page(conn, rooms, room_json);
}

ActionResult RoomController::show(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "id");
  const auto room = co_await in_pool(conn, [&] { return contexts_.chat.get_room(id, user_id); });
  if (!room) co_return refused(room.error());
  co_return ok(conn, room_json(*room));
}

ActionResult RoomController::create(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const auto room = co_await in_pool(conn, [&] { return contexts_.chat.create_room(user_id, params); });
  if (!room) co_return refused(room.error());
  co_return created(conn, "/api/v1/rooms/" + std::to_string(room->id), room_json(*room));
}

ActionResult RoomController::update(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const auto id = id_param(conn, "id");
  const auto room = co_await in_pool(conn, [&] { return contexts_.chat.update_room(id, user_id, params); });
  if (!room) co_return refused(room.error());
  co_return ok(conn, room_json(*room));
}

ActionResult RoomController::delete_(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "id");
  const auto room = co_await in_pool(conn, [&] { return contexts_.chat.delete_room(id, user_id); });
  if (!room) co_return refused(room.error());
  co_return no_content(conn);
}

ActionResult RoomController::add_member(Conn& conn) {
  const auto room = id_param(conn, "room_id"), by = current_user(conn).user_id;
  const Json wanted = conn.params().value("user_id", Json(by));
  if (!wanted.is_number_integer()) co_return Invalid{{{"user_id", {"is invalid"}}}};
  const auto user = wanted.get<std::int64_t>();
  const auto member = co_await in_pool(conn, [&] { return contexts_.chat.add_member(room, user, by); });
  if (!member) co_return refused(member.error());
  co_return created(conn, "/api/v1/rooms/" + std::to_string(room), obj("room_id", room, "user_id", user));
}

ActionResult RoomController::remove_member(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto room = id_param(conn, "room_id"), user = id_param(conn, "id");
  const auto member = co_await in_pool(conn, [&] { return contexts_.chat.remove_member(room, user, user_id); });
  if (!member) co_return refused(member.error());
  co_return no_content(conn);
}

ActionResult MessageController::index(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto room = id_param(conn, "room_id");
  const auto options = page_params(conn);
  const auto found = co_await in_pool(conn, [&] { return contexts_.chat.get_room(room, user_id); });
  if (!found) co_return refused(found.error());
  const auto messages = co_await in_pool(conn, [&] { return contexts_.chat.list_messages(std::to_string(room), options); });
  co_return page(conn, messages, message_json);
}

ActionResult MessageController::show(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "room_id"), message_id = id_param(conn, "id");
  const auto message = co_await in_pool(conn, [&]() -> Outcome<ChatMessage> {
    if (const auto found = contexts_.chat.get_room(id, user_id); !found) return tl::unexpected(found.error());
    return contexts_.chat.get_message(std::to_string(id), message_id);
  });
  if (!message) co_return refused(message.error());
  co_return ok(conn, message_json(*message));
}

ActionResult MessageController::create(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const auto id = id_param(conn, "room_id");
  const std::string room = std::to_string(id);
  const Instant now = conn.shard->now();
  std::optional<Duration> wait;
  const auto message = co_await in_pool(conn, [&]() -> Outcome<ChatMessage> {
    const auto found = contexts_.chat.get_room(id, user_id);
    if (!found) return tl::unexpected(found.error());
    const auto user = contexts_.accounts.get_user(user_id);
    if (!user) return refuse("unauthorized");
    const Speaker author{std::to_string(user->id), user->id, user->name, user->avatar};  // as in ChatChannel: one count for both
    wait = contexts_.chat.over_rate(room, author, now);
    if (wait) return refuse("rate_limit_exceeded");
    auto saved = contexts_.chat.create_message(room, author, params);
    if (saved) contexts_.chat.broadcast(room, "new_message", message_json(*saved));
    return saved;
  });
  if (wait) co_return too_many(conn, *wait);
  if (!message) co_return refused(message.error());
  co_return created(conn, "/api/v1/rooms/" + room + "/messages/" + std::to_string(message->id), message_json(*message));
}

ActionResult MessageController::delete_(Conn& conn) {
  const auto who = current_user(conn).user_id;
  const auto id = id_param(conn, "room_id"), message_id = id_param(conn, "id");
  const auto message = co_await in_pool(conn, [&]() -> Outcome<ChatMessage> {
    if (const auto found = contexts_.chat.get_room(id, who); !found) return tl::unexpected(found.error());
    auto gone = contexts_.chat.delete_message(std::to_string(id), message_id, who);
    if (gone) contexts_.chat.broadcast(std::to_string(id), "message_deleted", obj("message_id", message_id));
    return gone;
  });
  if (!message) co_return refused(message.error());
  co_return no_content(conn);
}

}  // namespace phx::app
