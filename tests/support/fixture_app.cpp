#include "support/fixture_app.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/fixture_api.hpp"
#include "support/fixture_channels.hpp"

#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>
#include <phx/core/token.hpp>
#include <phx/server/shard.hpp>
#include <phx/server/user_socket.hpp>

namespace phx::fixture {

using namespace std::chrono_literals;
using server::ChannelSocketHandler;
using server::Conn;
using server::ConnectError;
using server::ConnectInfo;
using server::ConnectOk;
using server::ConnectResult;
using server::ConnectSocket;
using server::LongPollOptions;
using server::Payload;
using server::Presence;
using server::SocketMount;
using server::WebSocketOptions;

namespace {

constexpr const char* secret_key_base = "peer-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";
constexpr std::string_view user_salt = "user socket";
constexpr int user_max_age = 86'400;

core::UnixTime wall_clock() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

enum class Handler : std::uint8_t { user, mini, clash };

// The connect_info map as Elixir's inspect writes it, of the two keys that `room:info` is asked for (FIXTURE.md 3.1).
std::string inspect(const ConnectInfo& info, bool has_auth_token) {
  std::string text = "%{";
  if (has_auth_token) text += "auth_token: " + (info.auth_token ? to_json_text(*info.auth_token) : "nil");
  if (info.x_headers) {
    text += has_auth_token ? ", x_headers: [" : "x_headers: [";
    std::string_view separator;
    for (const auto& [name, value] : *info.x_headers) {
      text += std::string(separator) + "{" + to_json_text(name) + ", " + to_json_text(value) + "}";
      separator = ", ";
    }
    text += "]";
  }
  return text + "}";
}

// FIXTURE.md 2.1.
class FixtureSocket final : public server::UserSocket {
 public:
  FixtureSocket(Handler handler, bool has_auth_token, Presence& presence, const core::KeyGenerator& keys)
      : keys_(keys), handler_(handler), has_auth_token_(has_auth_token) {
    channel<RoomChannel>("room:*");
    if (handler != Handler::user) return;
    channel<ChatChannel>("chat:*", &presence);
    channel<RoomChannel>("exact");
  }

  ConnectResult connect(const Json& params, ConnectSocket& socket, const ConnectInfo& info) const override {
    socket.assign("connect_info", inspect(info, has_auth_token_));
    const bool takes_token = socket.transport() == "websocket" || handler_ == Handler::clash;
    const Json token = takes_token ? params.value("token", Json(nullptr)) : Json(nullptr);
    const Json credential = params.contains("auth") ? params.at("auth") : token;
    if (credential.is_null()) {
      socket.assign("user_id", params.value("user_id", Json(nullptr)));
      return ConnectOk{};
    }
    if (credential == "deny") return ConnectError{Payload(obj("reason", "denied"))};
    if (credential == "deny_atom") return ConnectError{Payload(Json("rate_limit"))};
    if (credential == "crash") throw std::runtime_error("crash in connect");
    return verify(credential, socket);
  }

  std::optional<std::string> id(const ConnectSocket& socket) const override {
    const Json* user = socket.assign_or_null("user_id");
    if (user == nullptr || user->is_null()) return std::nullopt;
    return "user_socket:" + (user->is_string() ? user->get<std::string>() : to_json_text(*user));
  }

 private:
  ConnectResult verify(const Json& credential, ConnectSocket& socket) const {
    if (!credential.is_string()) return ConnectError{};
    const auto& token = credential.get_ref<const std::string&>();
    const auto data = core::verify_token(keys_, user_salt, token, wall_clock(), {.max_age = core::MaxAge(user_max_age)});
    if (!data) return ConnectError{};
    socket.assign("user_id", core::etf::to_json(*data).value());
    return ConnectOk{};
  }

  const core::KeyGenerator& keys_;
  Handler handler_;
  bool has_auth_token_;
};

Conn refuse_with_reason(Conn conn, const std::string& reason) {
  const Json why = Json::parse(reason, nullptr, false);
  if (why == "rate_limit") {
    conn.send_resp(429, "Too many requests");
  } else if (why.is_object() && why.contains("reason")) {
    conn.send_resp(401, why.at("reason").get<std::string>());
  } else {
    conn.send_resp(403);
  }
  return conn;
}

LongPollOptions with_window(Duration window) {
  LongPollOptions options;
  options.window = window;
  return options;
}

WebSocketOptions with_limit(Duration timeout) {
  WebSocketOptions options;
  options.limits.max_frame = 1000;
  options.timeout = timeout;
  return options;
}

}  // namespace

FixtureApp::FixtureApp() : presence_(pubsub_), keys_(std::make_shared<const core::KeyGenerator>(secret_key_base)) {}

std::vector<SocketMount> FixtureApp::mounts() {
  const auto handler = [this](Handler kind, bool auth_token, std::size_t channels) {
    return std::make_shared<ChannelSocketHandler>(std::make_shared<FixtureSocket>(kind, auth_token, presence_, *keys_), pubsub_,
                                                  ChannelSocketHandler::Options{.max_channels_per_transport = channels, .observer = {}});
  };
  const auto user = handler(Handler::user, false, 100);
  const auto mini = handler(Handler::mini, false, 3);

  WebSocketOptions socket;
  socket.connect_info = {.peer_data = true, .x_headers = true, .uri = true, .user_agent = true};
  WebSocketOptions custom_error;
  custom_error.error_handler = refuse_with_reason;
  WebSocketOptions auth;
  auth.connect_info.x_headers = true;
  WebSocketOptions sub;
  sub.subprotocols = {"sip", "mqtt"};
  WebSocketOptions compressed;
  compressed.compress = true;
  WebSocketOptions v1_only;
  v1_only.serializers = {{&core::v1_serializer(), "~> 1.0.0"}};
  LongPollOptions mini_longpoll = with_window(400ms);
  mini_longpoll.token_max_age = 2;

  return {
      {"/socket", user, socket, false, with_window(3000ms)},
      {"/socket_err", user, custom_error, false, LongPollOptions{}},
      {"/socket_mini", mini, with_limit(1500ms), false, mini_longpoll},
      {"/socket_small", mini, with_limit(60s), false},
      {"/socket_clash", handler(Handler::clash, false, 100), std::nullopt, false, with_window(400ms)},
      {"/socket_auth", handler(Handler::user, true, 100), auth, true, with_window(500ms)},
      {"/socket_sub", user, sub, false},
      {"/socket_v1only", user, v1_only, false},
      {"/socket_deflate", user, compressed, false},
  };
}

server::SocketDefaults FixtureApp::socket_defaults() const {
  return {.url_host = "localhost",
          .check_origin = server::CheckOrigin::list({"http://localhost:4100", "http://127.0.0.1:4100", "//allowed.example"})};
}

server::PlugChain FixtureApp::plugs(std::function<void()> stop) {
  server::Router router;
  declare_api(router, keys_);
  router.scope("/control", {"api"}, [&](server::Scope& control) {
    control.get("/token", [this](Conn& conn) { return make_token(conn); });
    control.post("/broadcast", [this](Conn& conn) {
      pubsub_.broadcast(text_param(conn, "topic"), text_param(conn, "event"), conn.params().value("payload", Json::object()));
      return server::ActionResult(json(conn, obj("ok", true)));
    });
    control.post("/disconnect", [this](Conn& conn) {
      pubsub_.broadcast("user_socket:" + text_param(conn, "id"), "disconnect", {});
      return server::ActionResult(json(conn, obj("ok", true)));
    });
    control.post("/stop", [stop = std::move(stop)](Conn& conn) {
      conn.shard->send_after(300ms, stop);
      return server::ActionResult(json(conn, obj("ok", true)));
    });
  });
  return http_plugs(keys_, router);
}

server::HttpOptions FixtureApp::http_options() {
  server::HttpOptions options;
  options.compress = true;
  return options;
}

server::ActionResult FixtureApp::make_token(Conn& conn) const {
  core::UnixTime signed_at = wall_clock();
  if (conn.params().contains("signed_at")) signed_at = core::UnixTime(std::chrono::seconds(std::stoll(text_param(conn, "signed_at"))));
  const std::string salt = conn.params().value("salt", std::string(user_salt));
  return json(conn, obj("token", core::sign_token(*keys_, salt, text_param(conn, "data"), signed_at)));
}

}  // namespace phx::fixture
