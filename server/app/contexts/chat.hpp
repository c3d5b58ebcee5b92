#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/server/pubsub.hpp>

#include "accounts.hpp"
#include "message_rates.hpp"
#include "outcome.hpp"

namespace phx::app {

struct Room {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> topic;
  bool is_private = false;
  std::int64_t owner_id = 0;
  Timestamp inserted_at{}, updated_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("rooms", field<&Room::id>("id", Role::primary_key), field<&Room::name>("name"), field<&Room::topic>("topic"),
                         field<&Room::is_private>("private"), field<&Room::owner_id>("owner_id"),
                         field<&Room::inserted_at>("inserted_at", Role::inserted_at),
                         field<&Room::updated_at>("updated_at", Role::updated_at));
  }
};

struct Membership {
  std::int64_t id = 0;
  std::int64_t room_id = 0, user_id = 0;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("memberships", field<&Membership::id>("id", Role::primary_key), field<&Membership::room_id>("room_id"),
                         field<&Membership::user_id>("user_id"), field<&Membership::inserted_at>("inserted_at", Role::inserted_at));
  }
};

/// room: what follows `chat:` in the topic. A guest has an id that is nobody's instead of a user_id. Names and faces are those of the moment.
struct ChatMessage {
  std::int64_t id = 0;
  std::string room;
  std::optional<std::int64_t> user_id;
  std::optional<std::string> guest;
  std::string author;
  std::optional<std::string> avatar;
  std::string content;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("messages", field<&ChatMessage::id>("id", Role::primary_key), field<&ChatMessage::room>("room"),
                         field<&ChatMessage::user_id>("user_id"), field<&ChatMessage::guest>("guest"),
                         field<&ChatMessage::author>("author"), field<&ChatMessage::avatar>("avatar"),
                         field<&ChatMessage::content>("content"), field<&ChatMessage::inserted_at>("inserted_at", Role::inserted_at));
  }
};

/// Who speaks. `id` is what others see: "7" of a user, "guest-…" or a made-up name of a guest.
struct Speaker {
  std::string id;
  std::optional<std::int64_t> user_id;
  std::string name;
  std::optional<std::string> avatar;
};

/// Rooms, who is in them, what is said there. A room that was made has a number, and `chat:7` is its topic; a private one is for members.
/// Any other name (`chat:lobby`) is a room without walls: open to everybody, guests included. Every call blocks.
class Chat {
 public:
  Chat(Repo repo, server::PubSub& pubsub) : repo_(std::move(repo)), pubsub_(pubsub) {}

  Outcome<Room> create_room(std::int64_t owner, const Json& params);
  /// Private rooms of others are not found.
  Outcome<Room> get_room(std::int64_t id, std::int64_t user_id);
  Result<store::Page<Room>> list_rooms(std::int64_t user_id, const std::string& name, const store::PageOptions& page);
  std::vector<Room> list_user_rooms(std::int64_t user_id);
  Outcome<Room> update_room(std::int64_t id, std::int64_t user_id, const Json& params);
  Outcome<Room> delete_room(std::int64_t id, std::int64_t user_id);
  /// In the transaction that deletes their owner; after it, close_rooms() tells those inside.
  std::vector<std::int64_t> delete_rooms_of(Repo& tx, std::int64_t owner);
  void close_rooms(const std::vector<std::int64_t>& ids);
  /// Into an open room by oneself, into a private one by its owner.
  Outcome<Membership> add_member(std::int64_t room_id, std::int64_t user_id, std::int64_t by);
  Outcome<Membership> remove_member(std::int64_t room_id, std::int64_t user_id, std::int64_t by);

  /// "room_not_found": no such number. "unauthorized": private, and not a member.
  Outcome<std::string> enter(std::string_view room, const std::optional<std::int64_t>& user_id);
  /// Where a numbered room tells those inside that it is closed to some of them; nullopt: a room without walls. Not for clients. Who
  /// subscribes before he asks enter() misses no change.
  static std::optional<std::string> access_topic(std::string_view room);
  /// What such a broadcast means to one inside: nothing, or why he has to go, in the words of enter().
  static std::optional<std::string> put_out(const Json& change, const std::optional<std::int64_t>& user_id);

  /// Counts a message of this speaker in this room. It is one too many for this minute: how long to wait. Blocks for nothing.
  std::optional<Duration> over_rate(const std::string& room, const Speaker& author, Instant now) {
    return rates_.over(author.id + '|' + room, now);
  }
  /// Stores it; the message exists when this returns. Broadcasting is who called's own doing: broadcast() does it for REST.
  Outcome<ChatMessage> create_message(const std::string& room, const Speaker& author, const Json& params);
  Outcome<ChatMessage> get_message(const std::string& room, std::int64_t id);
  /// Own ones only: else "forbidden", "not_found". Not those of guests: a name that anybody may take owns nothing.
  Outcome<ChatMessage> delete_message(const std::string& room, std::int64_t id, std::optional<std::int64_t> user_id);
  Result<store::Page<ChatMessage>> list_messages(const std::string& room, const store::PageOptions& page);
  /// The newest, oldest first.
  std::vector<ChatMessage> history(const std::string& room, std::int64_t limit = 50);

  void broadcast(const std::string& room, std::string_view event, const Json& payload);

 private:
  bool member(std::int64_t room_id, std::int64_t user_id);
  Outcome<Room> own_room(std::int64_t id, std::int64_t user_id);
  static void remove_room(Repo& tx, const Room& room);
  void put_out_all_but(std::int64_t room_id, const char* reason, const Json& stay);

  Repo repo_;
  server::PubSub& pubsub_;
  MessageRates rates_;
};

/// {id, content, message, user: {id, name, avatar}, inserted_at}; `message` is `content` under its older name.
Json message_json(const ChatMessage& message);
Json room_json(const Room& room);

}  // namespace phx::app
