#include "chat_channel.hpp"

#include <chrono>

#include "support.hpp"

namespace phx::app {

using namespace server;

namespace {

constexpr std::size_t max_presence_bytes = 4'000;
struct TooLarge {};

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// The context's word for the text is `content`, the channel's `message`.
Refusal in_channel_words(Refusal refusal) {
  if (auto content = refusal.errors.extract("content")) {
    content.key() = "message";
    refusal.errors.insert(std::move(content));
  }
  return refusal;
}

}  // namespace

JoinResult ChatChannel::join(std::string_view topic, const Json& params, Socket& socket) {
  speaker_ = {user_id_of(socket), account_of(socket), user_id_of(socket), std::nullopt};
  if (!speaker_.user_id && params.is_object() && params.contains("name")) {
    const auto& name = params["name"];
    if (!name.is_string() || name.get_ref<const std::string&>().size() > 80)
      co_return JoinError{obj("errors", obj("name", Json::array({"is invalid"})))};
    speaker_.name = name.get<std::string>();
  }
  if (const auto access = Chat::access_topic(after(topic, "chat:"))) socket.subscribe(*access);
  const auto entered = co_await socket.blocking([&]() -> Outcome<std::string> {
    if (speaker_.user_id) {
      const auto user = contexts_.accounts.get_user(*speaker_.user_id);
      if (!user) return refuse("unauthorized");
      speaker_.name = user->name;
      speaker_.avatar = user->avatar;
    }
    return contexts_.chat.enter(after(topic, "chat:"), speaker_.user_id);
  });
  if (!entered) co_return join_refused(entered.error().reason);
  room_ = *entered;
  socket.send_self("after_join");
  co_return JoinOk{};
}

HandleResult ChatChannel::handle_info(const Info& message, Socket& socket) {
  if (const auto* news = message.get_if<Broadcast>()) return access_changed(news->payload.json(), socket);
  if (message.is("after_join")) return after_join(socket);
  return NoReply{};
}

HandleResult ChatChannel::access_changed(const Json& change, Socket& socket) {
  const auto why = Chat::put_out(change, speaker_.user_id);
  if (!why) return NoReply{};
  socket.push("error", obj("reason", *why));
  return Stop{StopReason::shutdown(*why)};
}

HandleResult ChatChannel::after_join(Socket& socket) {
  contexts_.presence.track(
      socket, speaker_.id,
      obj("name", speaker_.name, "avatar", speaker_.avatar ? Json(*speaker_.avatar) : Json(), "online_at", unix_seconds()));
  socket.push("presence_state", contexts_.presence.list(socket));
  const auto messages = co_await socket.blocking([&] { return contexts_.chat.history(room_); });
  Json list = Json::array();
  for (const auto& m : messages) list.push_back(message_json(m));
  socket.push("messages_history", obj("messages", list));
  co_return NoReply{};
}

HandleResult ChatChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  if (event == "ping") return Reply::ok(payload);
  const Json& json = payload.json();
  if (!json.is_object()) return no_object();
  if (event == "new_message") return new_message(json, socket);
  if (event == "delete_message") return delete_message(json, socket);
  if (event == "typing") return typing(json, socket);
  if (event == "update_presence") return update_presence(json, socket);
  return unknown_event();
}

HandleResult ChatChannel::new_message(const Json& payload, Socket& socket) {
  if (contexts_.chat.over_rate(room_, speaker_, socket.now())) {
    socket.push("error", obj("reason", "rate_limit_exceeded"));
    co_return Reply::error(obj("reason", "rate_limit_exceeded"));
  }
  const Json params = obj("content", payload.value("message", Json()));
  auto saved = co_await socket.blocking([&] {  // who was put out may not have heard of it yet
    return contexts_.chat.enter(room_, speaker_.user_id).and_then([&](const std::string& room) {
      return contexts_.chat.create_message(room, speaker_, params);
    });
  });
  if (!saved) co_return refused_reply(in_channel_words(saved.error()));
  socket.broadcast("new_message", message_json(*saved));
  co_return Reply::ok(obj("id", saved->id));
}

HandleResult ChatChannel::delete_message(const Json& payload, Socket& socket) {
  const auto id = id_in(payload, "message_id");
  if (!id) co_return invalid("message_id", "is invalid");
  const auto gone = co_await socket.blocking([&] {
    return contexts_.chat.enter(room_, speaker_.user_id).and_then([&](const std::string& room) {
      return contexts_.chat.delete_message(room, *id, speaker_.user_id);
    });
  });
  if (!gone) co_return refused_reply(gone.error());
  socket.broadcast("message_deleted", obj("message_id", *id));
  co_return Reply::ok();
}

HandleResult ChatChannel::typing(const Json& payload, Socket& socket) {
  const auto on = payload.find("typing");
  if (on == payload.end() || !on->is_boolean()) return invalid("typing", "is invalid");
  const Json id = speaker_.user_id ? Json(*speaker_.user_id) : Json(speaker_.id);
  socket.broadcast_from("user_typing", obj("user_id", id, "typing", *on));
  return NoReply{};
}

/// Who and since when is not for the client to say. The bound is that of the merged meta: everybody gets all of it with each change.
HandleResult ChatChannel::update_presence(const Json& payload, Socket& socket) {
  const auto merged = [&](const Json& old) {
    Json meta = old;
    meta.update(payload);
    for (const char* own : {"name", "avatar", "online_at"})
      if (speaker_.user_id) meta[own] = old.value(own, Json());
    if (meta.dump().size() > max_presence_bytes) throw TooLarge{};  // the only way out that changes nothing
    return meta;
  };
  try {
    contexts_.presence.update(socket, speaker_.id, merged);
  } catch (const TooLarge&) { return Reply::error(obj("reason", "too large")); }
  return Reply::ok();
}

}  // namespace phx::app
