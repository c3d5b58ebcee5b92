#include "longpoll_mount.hpp"

#include <chrono>
#include <utility>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>
#include <phx/core/random.hpp>
#include <phx/server/query.hpp>

#include "longpoll_call.hpp"

namespace phx::server::detail {

namespace {

constexpr std::size_t secret_bytes = 48;

core::UnixTime unix_now() { return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

Conn answer_json(Conn conn, std::string body) {
  conn.put_resp_header("cache-control", "no-store");
  conn.put_resp_header("content-type", "application/json; charset=utf-8");
  conn.send_resp(200, std::move(body));
  return conn;
}

Conn answer_preflight(Conn conn) {
  std::string headers;
  for (const auto& [name, value] : conn.req_headers)
    if (name == "access-control-request-headers") headers += (headers.empty() ? "" : ", ") + value;
  conn.put_resp_header("access-control-allow-headers", headers);
  conn.put_resp_header("access-control-allow-methods", "get, post, options");
  conn.put_resp_header("access-control-max-age", "3600");
  conn.send_resp(200);
  return conn;
}

/// The header wins (server.md 3.2).
std::string session_token(const Conn& conn, const Json& params) {
  if (const auto header = conn.req_header("x-phoenix-longpoll-token")) return std::string(*header);
  const auto param = params.find("token");
  return param != params.end() && param->is_string() ? param->get<std::string>() : std::string();
}

Conn wait_for(std::shared_ptr<LongPollCall> call, Conn conn) {
  conn.answer_later([call = std::move(call)](Conn waiting, Answer answer) { call->start(std::move(waiting), std::move(answer)); });
  return conn;
}

}  // namespace

LongPollService::LongPollService(const SocketDefaults& defaults)
    : keys_(defaults.keys ? defaults.keys : std::make_shared<const core::KeyGenerator>(core::SystemRandom().bytes(secret_bytes))),
      salt_(defaults.pubsub_name),
      url_host_(defaults.url_host),
      directory_(std::make_shared<LongPollDirectory>()),
      observer_(defaults.observer) {}

std::string LongPollService::sign(const LongPollAddress& address, const LongPollOptions& options) const {
  core::TokenOptions token;
  token.max_age = options.token_max_age;
  token.key = options.token_key;
  return core::sign_token(*keys_, salt_, address.to_term(), unix_now(), token);
}

std::optional<LongPollAddress> LongPollService::verify(std::string_view token, const LongPollOptions& options) const {
  core::TokenCheck check;
  check.max_age = options.token_max_age;
  check.key = options.token_key;
  const auto data = core::verify_token(*keys_, salt_, token, unix_now(), check);
  return data ? LongPollAddress::from_term(*data) : std::nullopt;
}

LongPollMount::LongPollMount(std::shared_ptr<const LongPollService> shared, const SocketMount& mount, Segments path, CheckOrigin origin)
    : service(std::move(shared)),
      handler(mount.handler),
      options(*mount.longpoll),
      pattern(std::move(path)),
      check_origin(std::move(origin)),
      auth_token(mount.auth_token) {}

Conn LongPollMount::call(Conn conn) const {
  auto params = decode_query(conn.query_string);
  if (!params) throw HttpError(400, "query string is not UTF-8");
  put_path_variables(pattern, conn.path_info, *params);
  conn.put_resp_header("access-control-allow-origin", "*");
  const OriginTarget target{service->url_host(), conn.scheme, conn.host, conn.port};
  if (!check_origin.allows(conn.req_header("origin"), target)) return answer_status(std::move(conn), 403);
  if (conn.method == "OPTIONS") return answer_preflight(std::move(conn));
  if (conn.method != "GET" && conn.method != "POST") {
    conn.send_resp(400);
    return conn;
  }
  auto token = session_token(conn, *params);
  const auto address = service->verify(token, options);
  if (conn.method == "POST")
    return address ? wait_for(std::make_shared<PublishCall>(shared_from_this(), *address), std::move(conn))
                   : answer_status(std::move(conn), 410);
  if (!address) return open_session(std::move(conn), *params);
  return wait_for(std::make_shared<PollCall>(shared_from_this(), *address, std::move(token), std::move(*params)), std::move(conn));
}

Conn LongPollMount::open_session(Conn conn, const Json& params) const {
  const core::Serializer* serializer = nullptr;
  if (handler->speaks_channels()) {
    serializer = negotiate_params(options.serializers, params);
    if (!serializer) {
      service->observer().log({Level::warning, "no serializer for the client's vsn", {}, params.value("vsn", Json("1.0.0")).dump()});
      return answer_status(std::move(conn), 403);
    }
  }
  auto& sessions = LongPollSessions::of(*conn.shard, service->directory());
  if (sessions.count() >= options.max_sessions) {
    service->observer().log({Level::error, "reached max long-poll sessions"});
    return answer_status(std::move(conn), 500);
  }
  auto info = make_connect_info(conn, params, options);
  if (auth_token)
    if (const auto header = conn.req_header("x-phoenix-authtoken")) info.auth_token = *header;
  auto session = handler->connect({params, info, "longpoll", serializer}, *conn.shard);
  if (!session) return answer_status(std::move(conn), 403);
  const auto address = sessions.open(std::move(*session), {options.window, options.max_queue_bytes, &service->observer(), handler.get()});
  return answer_messages(std::move(conn), 410, service->sign(address, options), {});
}

Conn answer_status(Conn conn, int status) { return answer_json(std::move(conn), "{\"status\":" + std::to_string(status) + "}"); }

Conn answer_messages(Conn conn, int status, std::string_view token, std::string_view messages) {
  std::string body;
  body.reserve(messages.size() + token.size() + 64);
  body.append(R"({"messages":[)").append(messages).append(R"(],"status":)").append(std::to_string(status)).append(R"(,"token":)");
  core::append_json_string(body, token);
  body += '}';
  return answer_json(std::move(conn), std::move(body));
}

}  // namespace phx::server::detail
