#include "room_channel.hpp"

#include <phx/core/json.hpp>
#include <phx/server/socket.hpp>

namespace phx::app {

using namespace server;

JoinResult RoomChannel::join(std::string_view topic, const Json& /*params*/, Socket& /*socket*/) {
  if (topic.starts_with("room:private")) return JoinError{obj("reason", "unauthorized")};
  return JoinOk{};
}

HandleResult RoomChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  if (event == "ping") return Reply::ok(payload);
  if (event == "new_msg") {
    if (!payload.is_message()) return Reply::error(obj("reason", "the payload must be an object or bytes"));
    socket.broadcast("new_msg", payload);
    return NoReply{};
  }
  return Reply::error(obj("reason", "unknown event"));
}

}  // namespace phx::app
