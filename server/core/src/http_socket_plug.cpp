#include <phx/server/socket_mount.hpp>

#include <algorithm>
#include <stdexcept>

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/server/query.hpp>
#include <phx/server/shard.hpp>

#include "longpoll_mount.hpp"
#include "socket_request.hpp"

namespace phx::server {

using namespace detail;

namespace {

constexpr std::string_view token_prefix = "base64url.bearer.phx.";

std::vector<std::string> split_list(std::string_view header) {
  std::vector<std::string> out;
  while (!header.empty()) {
    auto item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(item.size() + 1, header.size()));
    const auto first = item.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    out.emplace_back(item.substr(first, item.find_last_not_of(" \t") - first + 1));
  }
  return out;
}

/// Sub-protocols that the client offered, and the auth token among them (server.md 1.6).
struct Offer {
  std::vector<std::string> protocols;
  std::optional<std::string> token;
};

Offer read_offer(const Conn& conn, bool auth_token) {
  Offer offer;
  if (const auto header = conn.req_header("sec-websocket-protocol")) offer.protocols = split_list(*header);
  if (!auth_token) return offer;
  const auto is_token = [](const std::string& p) { return p.starts_with(token_prefix); };
  if (std::ranges::count_if(offer.protocols, is_token) != 1) return offer;
  const auto at = std::ranges::find_if(offer.protocols, is_token);
  offer.token = core::base64_decode(std::string_view(*at).substr(token_prefix.size()), core::Padding::optional);
  if (!offer.token) throw HttpError(500, "auth token sub-protocol is not base64");
  offer.protocols.erase(at);
  return offer;
}

class SocketPlug {
 public:
  SocketPlug(std::vector<SocketMount> mounts, SocketDefaults defaults)
      : defaults_(std::move(defaults)), longpoll_(std::make_shared<LongPollService>(defaults_)) {
    for (auto& mount : mounts) add(std::move(mount));
  }

  Conn operator()(Conn conn) const {
    for (const auto& route : routes_)
      if (matches(route.pattern, conn.path_info))
        return route.longpoll ? route.longpoll->call(std::move(conn)) : counted(route, std::move(conn));
    return conn;
  }

 private:
  struct Route {
    Segments pattern;
    SocketMount mount;
    std::optional<std::vector<std::string>> subprotocols;
    CheckOrigin check_origin;
    std::shared_ptr<const LongPollMount> longpoll;  ///< unset: the WebSocket of the mount
  };

  void add(const SocketMount& mount) {
    if (!mount.handler) throw std::invalid_argument("socket mount without a handler: " + mount.path);
    if (mount.websocket) add_websocket(mount);
    if (mount.longpoll) add_longpoll(mount);
  }

  void add_websocket(const SocketMount& mount) {
    const auto& options = *mount.websocket;
    check_session(mount, options);
    auto subprotocols = options.subprotocols;
    if (mount.auth_token) {
      subprotocols.emplace();
      subprotocols->push_back("phoenix");
      if (options.subprotocols) std::ranges::copy(*options.subprotocols, std::back_inserter(*subprotocols));
    }
    routes_.push_back({pattern(mount, options.path), mount, std::move(subprotocols), origin(mount, options), nullptr});
  }

  static void check_session(const SocketMount& mount, const TransportOptions& options) {
    const auto& session = options.connect_info.session;
    if (session && (!session->cookie || session->key.empty()))
      throw std::invalid_argument("connect_info session needs the name of a cookie and a SessionCookie: " + mount.path);
  }

  void add_longpoll(const SocketMount& mount) {
    check_session(mount, *mount.longpoll);
    auto path = pattern(mount, mount.longpoll->path);
    auto allowed = origin(mount, *mount.longpoll);
    auto longpoll = std::make_shared<const LongPollMount>(longpoll_, mount, path, allowed);
    routes_.push_back({std::move(path), mount, std::nullopt, std::move(allowed), std::move(longpoll)});
  }

  static Segments pattern(const SocketMount& mount, std::string_view path) {
    auto segments = split_path(mount.path);
    std::ranges::move(split_path(path), std::back_inserter(segments));
    return segments;
  }

  CheckOrigin origin(const SocketMount& mount, const TransportOptions& options) const {
    auto origin = options.check_origin.value_or(defaults_.check_origin);
    if (origin.is_off() && !options.check_csrf) throw std::invalid_argument("check_origin and check_csrf both off: " + mount.path);
    return origin;
  }

  Conn counted(const Route& route, Conn conn) const {
    auto& refused = conn.shard->stats().upgrades_refused;
    try {
      conn = websocket(route, std::move(conn));
    } catch (const HttpError& e) {
      ++refused[e.status()];
      throw;
    } catch (...) {
      ++refused[500];
      throw;
    }
    if (!conn.upgrade) ++refused[conn.status];
    return conn;
  }

  /// server.md 1.3, in this order.
  Conn websocket(const Route& route, Conn conn) const {
    if (conn.method != "GET") return answer(std::move(conn), 400);
    auto params = decode_query(conn.query_string);
    if (!params) throw HttpError(400, "query string is not UTF-8");
    const OriginTarget target{defaults_.url_host, conn.scheme, conn.host, conn.port};
    if (!route.check_origin.allows(conn.req_header("origin"), target)) return answer(std::move(conn), 403);
    const auto offer = read_offer(conn, route.mount.auth_token);
    if (!choose_subprotocol(route, offer, conn)) return answer(std::move(conn), 403);
    put_path_variables(route.pattern, conn.path_info, *params);
    return connect(route, *params, offer, std::move(conn));
  }

  /// The first server entry that the client offered is named in the answer; nothing offered is fine.
  static bool choose_subprotocol(const Route& route, const Offer& offer, Conn& conn) {
    if (!route.subprotocols || offer.protocols.empty()) return true;
    const auto offered = [&](const std::string& p) { return std::ranges::find(offer.protocols, p) != offer.protocols.end(); };
    const auto chosen = std::ranges::find_if(*route.subprotocols, offered);
    if (chosen == route.subprotocols->end()) return false;
    conn.put_resp_header("sec-websocket-protocol", *chosen);
    return true;
  }

  Conn connect(const Route& route, const Json& params, const Offer& offer, Conn conn) const {
    const auto& options = *route.mount.websocket;
    const core::Serializer* serializer = nullptr;
    if (route.mount.handler->speaks_channels()) {
      serializer = negotiate_params(options.serializers, params);
      if (!serializer) {
        defaults_.observer->log({Level::warning, "no serializer for the client's vsn", {}, params.value("vsn", Json("1.0.0")).dump()});
        return answer(std::move(conn), 403);
      }
    }
    auto info = make_connect_info(conn, params, options);
    info.auth_token = offer.token;
    auto session = route.mount.handler->connect({params, info, "websocket", serializer}, *conn.shard);
    if (!session) return refuse(options, session.error(), std::move(conn));
    auto accept = core::ws::check_upgrade(conn.req_headers, options.strictness);
    if (!accept) return bad_upgrade(accept.error(), std::move(conn));
    auto upgrade =
        std::make_unique<WebSocketUpgrade>(WebSocketUpgrade{std::move(*accept), std::move(*session), &options, route.mount.handler.get()});
    if (options.compress) negotiate_deflate(*route.mount.handler, *upgrade, conn);
    if (options.tap) upgrade->tap = options.tap(conn);
    conn.upgrade_to(std::move(upgrade));
    return conn;
  }

  /// An offer that cannot be taken is no reason to refuse the upgrade (server.md 2.1).
  static void negotiate_deflate(const TransportHandler& handler, WebSocketUpgrade& upgrade, Conn& conn) {
    const auto& options = *upgrade.options;
    std::string offers;
    for (const auto& [name, value] : conn.req_headers)
      if (name == "sec-websocket-extensions") offers.append(offers.empty() ? "" : ",").append(value);
    const auto answer = core::ws::answer_deflate(offers, options.client_context_takeover);
    if (!answer) return;
    conn.prepend_resp_header("sec-websocket-extensions", answer->header);
    auto limits = options.deflate_options;
    limits.context_takeover = limits.context_takeover && !handler.speaks_channels();
    upgrade.deflate = std::make_unique<core::ws::PerMessageDeflate>(core::ws::Role::server, answer->params, conn.shard->deflate(), limits);
    upgrade.deflate_params = answer->params;
  }

  static Conn refuse(const WebSocketOptions& options, const ConnectRefused& refused, Conn conn) {
    if (refused.reason.empty() || !options.error_handler) return answer(std::move(conn), 403);
    auto answered = options.error_handler(without_protocol(std::move(conn)), refused.reason);
    answered.halted = true;
    return answered;
  }

  static Conn bad_upgrade(const core::ws::UpgradeRefusal& refusal, Conn conn) {
    for (const auto& [name, value] : refusal.headers) conn.put_resp_header(name, value);
    return answer(std::move(conn), refusal.status, refusal.body);
  }

  static Conn without_protocol(Conn conn) {
    std::erase_if(conn.resp_headers, [](const auto& header) { return header.first == "sec-websocket-protocol"; });
    return conn;
  }

  static Conn answer(Conn conn, int status, std::string body = {}) {
    conn = without_protocol(std::move(conn));
    conn.send_resp(status, std::move(body));
    return conn;
  }

  std::vector<Route> routes_;
  SocketDefaults defaults_;
  std::shared_ptr<const LongPollService> longpoll_;
};

}  // namespace

Plug socket_plug(std::vector<SocketMount> mounts, SocketDefaults defaults) {
  // Shared, because a Plug is copied and upgraded connections keep pointers to their mount's options.
  auto plug = std::make_shared<const SocketPlug>(std::move(mounts), std::move(defaults));
  return [plug](Conn conn) { return (*plug)(std::move(conn)); };
}

}  // namespace phx::server
