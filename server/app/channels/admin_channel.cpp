#include "admin_channel.hpp"

#include <array>
#include <chrono>
#include <optional>

#include "app/web/account_controllers.hpp"
#include "support.hpp"

namespace phx::app {

using namespace server;

namespace {

Stop no_admin_any_more(Socket& socket) {
  socket.push("error", obj("reason", "unauthorized"));
  return {StopReason::shutdown("unauthorized")};
}

}  // namespace

JoinResult AdminChannel::join(std::string_view topic, const Json& /*params*/, Socket& socket) {
  const auto account = account_of(socket);
  if (!account || (topic != "admin:dashboard" && topic != "admin:users")) co_return join_refused("unauthorized");
  const bool admin = co_await socket.blocking([&] { return contexts_.accounts.is_admin(*account); });
  if (!admin) co_return join_refused("unauthorized");
  if (topic == "admin:dashboard") socket.send_self("dashboard_data");
  co_return JoinOk{};
}

HandleResult AdminChannel::handle_info(const Info& message, Socket& socket) {
  const char* event = message.is("dashboard_data") ? "dashboard_data" : "dashboard_update";
  const auto account = account_of(socket).value();
  const auto figures = co_await socket.blocking([&]() -> std::optional<Json> {
    if (!contexts_.accounts.is_admin(account)) return std::nullopt;
    return std::optional(contexts_.monitoring.dashboard());
  });
  if (!figures) co_return no_admin_any_more(socket);
  socket.push(event, *figures);
  socket.send_after(std::chrono::seconds(30), "dashboard_update");
  co_return NoReply{};
}

std::span<const std::string_view> AdminChannel::intercepts() const noexcept {
  static constexpr std::array<std::string_view, 1> events{"user_banned"};
  return events;
}

HandleResult AdminChannel::handle_out(std::string_view event, const Payload& payload, Socket& socket) {
  const auto account = account_of(socket).value();
  const bool admin = co_await socket.blocking([&] { return contexts_.accounts.is_admin(account); });
  if (!admin) co_return no_admin_any_more(socket);
  socket.push(event, payload);
  co_return NoReply{};
}

HandleResult AdminChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  const Json& json = payload.json();
  if (!json.is_object()) return no_object();
  if (event == "ban_user") return ban_user(json, socket);
  if (event == "get_user_details") return get_user_details(json, socket);
  return unknown_event();
}

HandleResult AdminChannel::ban_user(const Json& payload, Socket& socket) {
  const auto id = id_in(payload, "user_id");
  if (!id) co_return invalid("user_id", "is invalid");
  const auto by = account_of(socket).value();
  const auto banned = co_await socket.blocking([&] { return contexts_.accounts.ban_user(by, *id); });
  if (!banned) co_return Reply::error(obj("reason", banned.error().reason == "not_found" ? "user_not_found" : banned.error().reason));
  co_return Reply::ok(obj("status", "banned"));
}

HandleResult AdminChannel::get_user_details(const Json& payload, Socket& socket) {
  const auto id = id_in(payload, "user_id");
  if (!id) co_return invalid("user_id", "is invalid");
  const auto account = account_of(socket).value();
  const auto user = co_await socket.blocking([&]() -> Outcome<User> {
    if (!contexts_.accounts.is_admin(account)) return refuse("unauthorized");  // not any more
    auto found = contexts_.accounts.get_user(*id);
    if (!found) return refuse("user_not_found");
    return std::move(*found);
  });
  if (!user) co_return refused_reply(user.error());
  co_return Reply::ok(user_json(*user, true));
}

}  // namespace phx::app
