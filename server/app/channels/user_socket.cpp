#include "user_socket.hpp"

#include <phx/core/base64.hpp>
#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>
#include <phx/core/random.hpp>

#include <chrono>

#include "chat_channel.hpp"
#include "room_channel.hpp"

namespace phx::app {

using namespace server;

namespace {

constexpr int max_age_seconds = 86'400;

std::string guest_id() { return "guest-" + core::base64url_encode(core::SystemRandom().bytes(9)); }

}  // namespace

UserSocket::UserSocket(Contexts contexts) : keys_(std::move(contexts.secret_key_base)) {
  channel<RoomChannel>("room:*");
  channel("chat:*", [contexts] { return std::make_unique<ChatChannel>(contexts.chat, contexts.presence); });
}

ConnectResult UserSocket::connect(const Json& params, ConnectSocket& socket, const ConnectInfo& /*info*/) const {
  if (const auto token = params.find("token"); token != params.end()) {
    if (!token->is_string()) return ConnectError{};
    const auto user = verified_user(token->get_ref<const std::string&>());
    if (!user) return ConnectError{};
    socket.assign("user_id", *user).assign("guest", false);
    return ConnectOk{};
  }
  const auto name = params.find("user_id");
  const bool named = name != params.end() && name->is_string() && !name->get_ref<const std::string&>().empty();
  socket.assign("user_id", named ? *name : Json(guest_id())).assign("guest", true);
  return ConnectOk{};
}

std::optional<std::string> UserSocket::verified_user(const std::string& token) const {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto data = core::verify_token(keys_, "user socket", token, now, {.max_age = max_age_seconds, .key = {}, .limits = {}});
  if (!data) return std::nullopt;
  const auto json = core::etf::to_json(*data);
  if (!json || (!json->is_string() && !json->is_number_integer())) return std::nullopt;
  return json->is_string() ? json->get<std::string>() : json->dump();
}

std::optional<std::string> UserSocket::id(const ConnectSocket& socket) const {
  if (socket.assigns().at("guest").get<bool>()) return std::nullopt;  // a name that anybody may take identifies nobody
  return "user_socket:" + socket.assigns().at("user_id").get<std::string>();
}

}  // namespace phx::app
