#include "chat_channel.hpp"

#include <phx/core/json.hpp>
#include <phx/server/socket.hpp>

#include <chrono>

namespace phx::app {

using namespace server;

namespace {

constexpr std::size_t max_message_bytes = 4'000;

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Json error(std::string_view field, std::string_view problem) { return obj("errors", obj(field, Json::array({problem}))); }

}  // namespace

JoinResult ChatChannel::join(std::string_view /*topic*/, const Json& params, Socket& socket) {
  user_id_ = socket.assigns().at("user_id").get<std::string>();
  name_ = user_id_;
  if (params.is_object() && params.contains("name")) {
    if (!params["name"].is_string()) return JoinError{error("name", "is invalid")};
    name_ = params["name"].get<std::string>();
  }
  socket.send_self("after_join");
  return JoinOk{};
}

HandleResult ChatChannel::handle_info(const Info& message, Socket& socket) {
  if (!message.is("after_join")) return Channel::handle_info(message, socket);
  presence_.track(socket, user_id_, obj("name", name_, "online_at", unix_seconds()));
  socket.push("presence_state", presence_.list(socket));
  return NoReply{};
}

HandleResult ChatChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  const Json& json = payload.json();
  if (!json.is_object()) return Reply::error(obj("reason", "the payload must be an object"));
  if (event == "new_message") return new_message(json, socket);
  if (event == "typing") return typing(json, socket);
  if (event == "update_presence") return update_presence(json, socket);
  if (event == "ping") return Reply::ok(payload);
  return Reply::error(obj("reason", "unknown event"));
}

HandleResult ChatChannel::new_message(const Json& payload, Socket& socket) {
  const auto text = payload.find("message");
  if (text == payload.end() || !text->is_string() || text->get_ref<const std::string&>().empty())
    return Reply::error(error("message", "can't be blank"));
  if (text->get_ref<const std::string&>().size() > max_message_bytes) {
    return Reply::error(error("message", "should be at most " + std::to_string(max_message_bytes) + " byte(s)"));
  }
  const std::uint64_t id = chat_.next_message_id();
  socket.broadcast("new_message",
                   obj("id", id, "message", *text, "user", obj("id", user_id_, "name", name_), "inserted_at", unix_seconds()));
  return Reply::ok(obj("id", id));
}

HandleResult ChatChannel::typing(const Json& payload, Socket& socket) {
  const auto on = payload.find("typing");
  if (on == payload.end() || !on->is_boolean()) return Reply::error(error("typing", "is invalid"));
  socket.broadcast_from("user_typing", obj("user_id", user_id_, "typing", *on));
  return NoReply{};
}

HandleResult ChatChannel::update_presence(const Json& payload, Socket& socket) {
  presence_.update(socket, user_id_, [&](const Json& old) {
    Json meta = old;
    meta.update(payload);
    return meta;
  });
  return Reply::ok();
}

}  // namespace phx::app
