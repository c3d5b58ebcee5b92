#include "chat.hpp"

#include <phx/core/json.hpp>

#include <algorithm>

namespace phx::app {

using namespace store;

namespace {

Changeset<Room> room_changeset(Room room, const Json& params) {
  return cast(std::move(room), params, {"name", "topic", "private"})
      .validate_required({"name"})
      .validate_length("name", {.max = 80})
      .validate_length("topic", {.max = 500})
      .unique_constraint("name");
}

/// Rooms are numbered from 1000; `chat:7` is a name like any other.
bool is_room_number(std::string_view text) {
  return text.size() > 3 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The newest thousand, which is what in() takes.
std::vector<Value> joined_rooms(Repo& repo, std::int64_t user_id) {
  std::vector<Value> ids;
  for (auto& row :
       repo.query("SELECT room_id FROM memberships WHERE user_id = ? ORDER BY id DESC LIMIT 1000", {user_id}, {store::Type::integer}))
    ids.push_back(std::move(row.front()));
  return ids;
}

std::string access_topic_of(std::int64_t room_id) { return "room_access:" + std::to_string(room_id); }

/// Sorted.
Json members(Repo& repo, std::int64_t room_id) {
  Json ids = Json::array();
  for (const auto& row :
       repo.query("SELECT user_id FROM memberships WHERE room_id = ? ORDER BY user_id", {room_id}, {store::Type::integer}))
    ids.push_back(*row.front().get_if<std::int64_t>());
  return ids;
}

}  // namespace

Outcome<Room> Chat::create_room(std::int64_t owner, const Json& params) {
  Room room;
  room.owner_id = owner;
  return repo_.transaction([&](Repo& tx) -> Outcome<Room> {
    auto made = tx.insert(room_changeset(room, params));
    if (made) {
      Membership own;
      own.room_id = made->id;
      own.user_id = owner;
      tx.insert(own);
    }
    return outcome(std::move(made));
  });
}

bool Chat::member(std::int64_t room_id, std::int64_t user_id) {
  return repo_.exists(from<Membership>().where("room_id", room_id).where("user_id", user_id));
}

Outcome<Room> Chat::get_room(std::int64_t id, std::int64_t user_id) {
  auto room = repo_.get<Room>(id);
  if (!room || (room->is_private && !member(id, user_id))) return refuse("not_found");
  return std::move(*room);
}

Result<Page<Room>> Chat::list_rooms(std::int64_t user_id, const std::string& name, const PageOptions& page) {
  auto query = from<Room>().where(any_of({eq("private", false), in("id", joined_rooms(repo_, user_id))})).order_by("id");
  if (!name.empty()) query.where(ilike("name", "%" + like_escape(name) + "%"));
  return repo_.page(query, page);
}

std::vector<Room> Chat::list_user_rooms(std::int64_t user_id) {
  return repo_.all(from<Room>().where(in("id", joined_rooms(repo_, user_id))).order_by("id"));
}

Outcome<Room> Chat::own_room(std::int64_t id, std::int64_t user_id) {
  auto room = get_room(id, user_id);
  if (room && room->owner_id != user_id) return refuse("forbidden");
  return room;
}

Outcome<Room> Chat::update_room(std::int64_t id, std::int64_t user_id, const Json& params) {
  auto room = own_room(id, user_id);
  if (!room) return room;
  const bool was_private = room->is_private;
  auto updated = outcome(repo_.update(room_changeset(std::move(*room), params)));
  if (updated && updated->is_private && !was_private) put_out_all_but(id, "unauthorized", members(repo_, id));
  return updated;
}

Outcome<Room> Chat::delete_room(std::int64_t id, std::int64_t user_id) {
  auto room = own_room(id, user_id);
  if (!room) return room;
  repo_.transaction([&](Repo& tx) { remove_room(tx, *room); });
  close_rooms({id});
  return room;
}

std::vector<std::int64_t> Chat::delete_rooms_of(Repo& tx, std::int64_t owner) {
  std::vector<std::int64_t> ids;
  for (const Room& room : tx.all(from<Room>().where("owner_id", owner))) {
    remove_room(tx, room);
    ids.push_back(room.id);
  }
  return ids;
}

void Chat::remove_room(Repo& tx, const Room& room) {
  tx.delete_all(from<ChatMessage>().where("room", std::to_string(room.id)));
  tx.remove(room);
}

void Chat::close_rooms(const std::vector<std::int64_t>& ids) {
  for (const auto id : ids) put_out_all_but(id, "room_not_found", Json::array());
}

Outcome<Membership> Chat::add_member(std::int64_t room_id, std::int64_t user_id, std::int64_t by) {
  auto room = get_room(room_id, by);
  if (!room) return tl::unexpected(room.error());
  if (by != room->owner_id && (room->is_private || by != user_id)) return refuse("forbidden");
  if (auto already = repo_.get_by<Membership>({{"room_id", room_id}, {"user_id", user_id}})) return *already;
  Membership wanted;
  wanted.room_id = room_id;
  wanted.user_id = user_id;
  return outcome(repo_.insert(
      Changeset<Membership>(wanted).foreign_key_constraint("user_id").unique_constraint("user_id", "memberships_room_id_user_id_index")));
}

Outcome<Membership> Chat::remove_member(std::int64_t room_id, std::int64_t user_id, std::int64_t by) {
  auto room = get_room(room_id, by);
  if (!room) return tl::unexpected(room.error());
  if (by != user_id && by != room->owner_id) return refuse("forbidden");
  auto membership = repo_.get_by<Membership>({{"room_id", room_id}, {"user_id", user_id}});
  if (!membership) return refuse("not_found");
  repo_.remove(*membership);
  // Asked again: if it has become private meanwhile, whoever did that may still have counted this one among the members.
  const auto left = repo_.get<Room>(room_id);
  if (left && left->is_private)
    pubsub_.broadcast(access_topic_of(room_id), "access_changed", obj("reason", "unauthorized", "removed", user_id));
  return *membership;
}

void Chat::put_out_all_but(std::int64_t room_id, const char* reason, const Json& stay) {
  pubsub_.broadcast(access_topic_of(room_id), "access_changed", obj("reason", reason, "stay", stay));
}

std::optional<std::string> Chat::access_topic(std::string_view room) {
  const auto id = is_room_number(room) ? parse_id(room) : std::nullopt;
  return id ? std::optional(access_topic_of(*id)) : std::nullopt;
}

std::optional<std::string> Chat::put_out(const Json& change, const std::optional<std::int64_t>& user_id) {
  const auto is = [&](const Json& id) { return user_id && id.get<std::int64_t>() == *user_id; };
  const auto among = [&](const Json::array_t& sorted) {
    return user_id && std::ranges::binary_search(sorted, *user_id, {}, [](const Json& id) { return id.get<std::int64_t>(); });
  };
  const bool out = change.contains("removed") ? is(change.at("removed")) : !among(change.at("stay").get_ref<const Json::array_t&>());
  return out ? std::optional(change.at("reason").get<std::string>()) : std::nullopt;
}

Outcome<std::string> Chat::enter(std::string_view room, const std::optional<std::int64_t>& user_id) {
  if (room.empty() || room.size() > 100) return refuse("room_not_found");
  if (!is_room_number(room)) return std::string(room);
  const auto id = parse_id(room);
  const auto found = id ? repo_.get<Room>(*id) : std::nullopt;
  if (!found) return refuse("room_not_found");
  if (found->is_private && (!user_id || !member(*id, *user_id))) return refuse("unauthorized");
  return std::to_string(*id);
}

Outcome<ChatMessage> Chat::create_message(const std::string& room, const Speaker& author, const Json& params) {
  ChatMessage message;
  message.room = room;
  message.user_id = author.user_id;
  if (!author.user_id) message.guest = author.id;
  message.author = author.name;
  message.avatar = author.avatar;
  return outcome(repo_.insert(cast(std::move(message), params, {"content"})
                                  .validate_required({"content"})
                                  .validate_length("content", {.max = 4000})
                                  .foreign_key_constraint("user_id")));
}

Outcome<ChatMessage> Chat::get_message(const std::string& room, std::int64_t id) {
  auto message = repo_.get_by<ChatMessage>({{"id", id}, {"room", room}});
  if (!message) return refuse("not_found");
  return std::move(*message);
}

Outcome<ChatMessage> Chat::delete_message(const std::string& room, std::int64_t id, std::optional<std::int64_t> user_id) {
  auto message = get_message(room, id);
  if (!message) return message;
  if (!user_id || message->user_id != user_id) return refuse("forbidden");
  repo_.remove(*message);
  return message;
}

Result<Page<ChatMessage>> Chat::list_messages(const std::string& room, const PageOptions& page) {
  return repo_.page(from<ChatMessage>().where("room", room).order_by("id", Order::desc), page);
}

std::vector<ChatMessage> Chat::history(const std::string& room, std::int64_t limit) {
  auto newest = repo_.all(from<ChatMessage>().where("room", room).order_by("id", Order::desc).limit(limit));
  std::ranges::reverse(newest);
  return newest;
}

void Chat::broadcast(const std::string& room, std::string_view event, const Json& payload) {
  pubsub_.broadcast("chat:" + room, event, payload);
}

Json message_json(const ChatMessage& m) {
  const Json id = m.user_id ? Json(*m.user_id) : m.guest ? Json(*m.guest) : Json();
  return obj("id", m.id, "content", m.content, "message", m.content, "user",
             obj("id", id, "name", m.author, "avatar", m.avatar ? Json(*m.avatar) : Json()), "inserted_at",
             format_timestamp(m.inserted_at));
}

Json room_json(const Room& r) {
  return obj("id", r.id, "name", r.name, "topic", r.topic ? Json(*r.topic) : Json(), "private", r.is_private, "owner_id", r.owner_id,
             "inserted_at", format_timestamp(r.inserted_at), "updated_at", format_timestamp(r.updated_at));
}

}  // namespace phx::app
