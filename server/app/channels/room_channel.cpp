#include "room_channel.hpp"

#include "support.hpp"

namespace phx::app {

using namespace server;

JoinResult RoomChannel::join(std::string_view topic, const Json& /*params*/, Socket& /*socket*/) {
  if (topic.starts_with("room:private")) return join_refused("unauthorized");
  return JoinOk{};
}

HandleResult RoomChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  if (event == "ping") return Reply::ok(payload);
  if (event == "new_msg") {
    if (!payload.is_message()) return Reply::error(obj("reason", "the payload must be an object or bytes"));
    socket.broadcast("new_msg", payload);
    return NoReply{};
  }
  return unknown_event();
}

JoinResult UserRoomsChannel::join(std::string_view topic, const Json& /*params*/, Socket& socket) {
  const auto id = parse_id(after(topic, "rooms:user:")), account = account_of(socket);
  if (!id || id != account) co_return join_refused("unauthorized");
  const auto rooms = co_await socket.blocking([&] { return chat_.list_user_rooms(*id); });
  Json list = Json::array();
  for (const auto& room : rooms) list.push_back(room_json(room));
  co_return JoinOk{obj("rooms", list)};
}

HandleResult UserRoomsChannel::handle_in(std::string_view /*event*/, const Payload& /*payload*/, Socket& /*socket*/) {
  return unknown_event();
}

}  // namespace phx::app
