#include "member_channels.hpp"

#include <array>
#include <chrono>

#include "support.hpp"

namespace phx::app {

using namespace server;

JoinResult UserChannel::join(std::string_view topic, const Json& /*params*/, Socket& socket) {
  const auto id = parse_id(after(topic, "user:"));
  if (!id || id != account_of(socket)) return join_refused("unauthorized");
  return JoinOk{};
}

HandleResult UserChannel::handle_in(std::string_view event, const Payload& payload, Socket& /*socket*/) {
  if (event == "ping") return Reply::ok(payload);
  return unknown_event();
}

JoinResult NotificationChannel::join(std::string_view topic, const Json& /*params*/, Socket& socket) {
  const auto id = parse_id(after(topic, "notifications:"));
  if (!id || id != account_of(socket)) return join_refused("unauthorized");
  return JoinOk{};
}

HandleResult NotificationChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  const Json& json = payload.json();
  if (!json.is_object()) return no_object();
  if (event == "send_notification") return send_notification(json, socket);
  return unknown_event();
}

HandleResult NotificationChannel::send_notification(const Json& payload, Socket& socket) {
  const auto to = id_in(payload, "user_id");
  if (!to) co_return invalid("user_id", "is invalid");
  const auto from_id = account_of(socket).value();
  const auto note = co_await socket.blocking([&] { return contexts_.notifications.create_notification(from_id, *to, payload); });
  if (!note) co_return refused_reply(note.error());
  co_return Reply::ok(obj("id", note->id));
}

JoinResult OrganizationChannel::join(std::string_view topic, const Json& /*params*/, Socket& socket) {
  constexpr std::string_view team_word = ":team:";
  const auto rest = after(topic, "org:");
  const auto team_at = rest.find(team_word);
  const auto organization = parse_id(rest.substr(0, team_at));
  const auto team = team_at == std::string_view::npos ? std::nullopt : parse_id(rest.substr(team_at + team_word.size()));
  const auto account = account_of(socket);
  if (!account || !organization || (team_at != std::string_view::npos && !team)) co_return join_refused("unauthorized");
  const bool may = co_await socket.blocking([&] {
    if (team) return contexts_.organizations.team_member(*organization, *team, *account);
    return contexts_.organizations.member(*organization, *account);
  });
  if (!may) co_return join_refused("unauthorized");
  co_return JoinOk{};
}

HandleResult OrganizationChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  if (event != "announce") return unknown_event();
  const Json& json = payload.json();
  if (!json.is_object()) return no_object();
  const auto text = json.value("message", Json());
  if (!text.is_string() || text.get_ref<const std::string&>().empty()) return invalid("message", "can't be blank");
  socket.broadcast("announcement", obj("from", account_of(socket).value(), "message", text));
  return Reply::ok();
}

JoinResult LoggingChannel::join(std::string_view /*topic*/, const Json& /*params*/, Socket& socket) {
  const auto account = account_of(socket);
  if (!account) return join_refused("unauthorized");
  user_id_ = *account;
  socket.send_self("after_join");
  return JoinOk{};
}

HandleResult LoggingChannel::handle_info(const Info& message, Socket& socket) {
  if (message.is("after_join")) socket.broadcast("user_joined", obj("user_id", user_id_));
  return NoReply{};
}

HandleResult LoggingChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  if (event != "new_message") return unknown_event();
  Json message = payload.json();
  if (!message.is_object()) return no_object();
  message["user_id"] = user_id_;
  socket.broadcast("new_message", message);
  return Reply::ok();
}

std::span<const std::string_view> LoggingChannel::intercepts() const noexcept {
  static constexpr std::array<std::string_view, 3> events{"new_message", "user_joined", "user_left"};
  return events;
}

HandleResult LoggingChannel::handle_out(std::string_view event, const Payload& payload, Socket& socket) {
  if (event == "new_message") {
    const std::string topic(socket.topic());  // named: g++ 12 destroys what a lambda inside co_await owns twice
    co_await socket.blocking([&] { contexts_.monitoring.log_event(topic, "new_message", user_id_); });
    socket.push("new_message", payload);
  } else if (event == "user_joined") {
    if (payload.json().value("user_id", Json()) != user_id_) socket.push("user_joined", payload);
  } else {
    Json timed = payload.json();
    timed["left_at"] = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    socket.push("user_left", timed);
  }
  co_return NoReply{};
}

void LoggingChannel::terminate(const StopReason& /*reason*/, Socket& socket) {
  if (socket.joined()) socket.broadcast_from("user_left", obj("user_id", user_id_));
}

}  // namespace phx::app
