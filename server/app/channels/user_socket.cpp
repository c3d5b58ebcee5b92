#include "user_socket.hpp"

#include <phx/core/base64.hpp>
#include <phx/core/etf.hpp>
#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>
#include <phx/core/random.hpp>

#include "admin_channel.hpp"
#include "chat_channel.hpp"
#include "game_channel.hpp"
#include "member_channels.hpp"
#include "room_channel.hpp"

namespace phx::app {

using namespace server;

namespace {

/// Numbers are of accounts: a guest who calls himself 7 is not user 7.
std::string guest_id(const Json& params) {
  const auto name = params.find("user_id");
  const bool named = name != params.end() && name->is_string() && !name->get_ref<const std::string&>().empty();
  if (!named) return "guest-" + core::base64url_encode(core::SystemRandom().bytes(9));
  const auto& text = name->get_ref<const std::string&>();
  return text.find_first_not_of("0123456789") == std::string::npos ? "guest-" + text : text;
}

/// The token that the client shows, from wherever it shows one.
std::optional<std::string> shown_token(const Json& params, const ConnectInfo& info) {
  if (const auto token = params.find("token"); token != params.end()) return token->is_string() ? token->get<std::string>() : "";
  if (info.auth_token) return info.auth_token;
  constexpr std::string_view scheme = "Bearer ";
  if (info.x_headers)
    for (const auto& [name, value] : *info.x_headers)
      if (name == "x-authorization") return value.starts_with(scheme) ? value.substr(scheme.size()) : "";
  return std::nullopt;
}

std::optional<std::string> session_token(const ConnectInfo& info) {
  if (!info.session) return std::nullopt;
  const auto session = core::etf::to_json(*info.session);
  if (!session || !session->is_object() || !session->contains("user_token") || !session->at("user_token").is_string()) return std::nullopt;
  return session->at("user_token").get<std::string>();
}

}  // namespace

UserSocket::UserSocket(Contexts contexts) : contexts_(contexts) {
  channel<RoomChannel>("room:*");
  channel("rooms:user:*", [contexts] { return std::make_unique<UserRoomsChannel>(contexts.chat); });
  channel<ChatChannel>("chat:*", contexts);
  channel<GameChannel>("game:*", contexts);
  channel<AdminChannel>("admin:*", contexts);
  channel<UserChannel>("user:*");
  channel<NotificationChannel>("notifications:*", contexts);
  channel<OrganizationChannel>("org:*", contexts);
  channel<LoggingChannel>("logging:*", contexts);
}

ConnectResult UserSocket::connect(const Json& params, ConnectSocket& socket, const ConnectInfo& info) const {
  std::optional<std::string> user;
  if (const auto token = shown_token(params, info)) {
    user = verified_user(*token);
    if (!user) return ConnectError{};
  } else if (const auto session = session_token(info)) {
    if (const auto who = contexts_.credentials.session(*session)) user = std::to_string(who->user_id);
  }
  socket.assign("guest", !user.has_value()).assign("user_id", user ? *user : guest_id(params));
  if (user && parse_id(*user)) socket.assign("account", *user);
  return ConnectOk{};
}

std::optional<std::string> UserSocket::verified_user(const std::string& token) const {
  if (const auto who = contexts_.credentials.session(token)) return std::to_string(who->user_id);
  auto user = contexts_.credentials.socket_user(token);
  const auto account = user ? parse_id(*user) : std::nullopt;
  if (account && contexts_.credentials.user_revoked(*account)) return std::nullopt;
  return user;
}

std::optional<std::string> UserSocket::id(const ConnectSocket& socket) const {
  if (socket.assigns().at("guest").get<bool>()) return std::nullopt;  // a name that anybody may take identifies nobody
  return "user_socket:" + socket.assigns().at("user_id").get<std::string>();
}

}  // namespace phx::app
