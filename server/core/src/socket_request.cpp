#include "socket_request.hpp"

#include <algorithm>
#include <iterator>

#include <phx/core/csrf.hpp>
#include <phx/core/etf.hpp>
#include <phx/core/json.hpp>
#include <phx/core/session_cookie.hpp>
#include <phx/server/cookies.hpp>

namespace phx::server::detail {

namespace {

bool is_glob(const Segments& pattern) { return !pattern.empty() && pattern.back().front() == '*'; }

ConnectInfo::Headers headers_with(const Conn& conn, auto&& wanted) {
  ConnectInfo::Headers out;
  std::ranges::copy_if(conn.req_headers, std::back_inserter(out), wanted, &HeaderList::value_type::first);
  return out;
}

bool csrf_token_valid(const core::etf::Map& session, const std::string& state_key, const Json& params) {
  const auto* state = session.find(state_key);
  const auto* text = state ? state->get<std::string>() : nullptr;
  const auto token = params.find("_csrf_token");
  return text && token != params.end() && token->is_string() && core::csrf_token_matches(*text, token->get_ref<const std::string&>());
}

/// A cookie that does not verify decodes to an empty session, which is as good as none.
std::shared_ptr<const core::etf::Term> read_session(const Conn& conn, const ConnectSession& from, const Json& params, bool check_csrf) {
  const auto header = conn.req_header("cookie");
  const auto cookie = header ? find_cookie(*header, from.key) : std::string_view();
  if (cookie.empty()) return nullptr;
  auto session = std::make_shared<const core::etf::Term>(from.cookie->decode(cookie));
  const auto& map = *session->get<core::etf::Map>();
  if (map.entries.empty() || (check_csrf && !csrf_token_valid(map, from.csrf_token_key, params))) return nullptr;
  return session;
}

}  // namespace

Segments split_path(std::string_view path) {
  Segments out;
  while (!path.empty()) {
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
    if (!segment.empty()) out.emplace_back(segment);
  }
  return out;
}

bool matches(const Segments& pattern, const Segments& path) {
  const std::size_t fixed = pattern.size() - (is_glob(pattern) ? 1 : 0);
  if (is_glob(pattern) ? path.size() < fixed : path.size() != fixed) return false;
  const auto same = [](const std::string& p, const std::string& s) { return p.front() == ':' || p == s; };
  return std::equal(pattern.begin(), pattern.begin() + static_cast<std::ptrdiff_t>(fixed), path.begin(), same);
}

void put_path_variables(const Segments& pattern, const Segments& path, Json& params) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const auto name = pattern[i].substr(1);
    if (pattern[i].front() == ':') params[name] = path[i];
    if (pattern[i].front() == '*' && !name.empty()) params[name] = Segments(path.begin() + static_cast<std::ptrdiff_t>(i), path.end());
  }
}

ConnectInfo make_connect_info(const Conn& conn, const Json& params, const TransportOptions& options) {
  const auto& keys = options.connect_info;
  ConnectInfo info;
  const auto starts_with = [&](std::string_view prefix) {
    return headers_with(conn, [prefix](const std::string& name) { return name.starts_with(prefix); });
  };
  if (keys.peer_data) info.peer_data.emplace(conn.peer.address, conn.peer.port);
  if (keys.x_headers) info.x_headers = starts_with("x-");
  if (keys.sec_websocket_headers) info.sec_websocket_headers = starts_with("sec-websocket-");
  if (keys.trace_context_headers)
    info.trace_context_headers = headers_with(conn, [](const std::string& n) { return n == "traceparent" || n == "tracestate"; });
  if (keys.uri) info.uri = ConnectInfo::Uri{conn.scheme, conn.host, conn.path, conn.query_string, conn.port};
  if (keys.user_agent)
    if (const auto agent = conn.req_header("user-agent")) info.user_agent = *agent;
  if (keys.session) info.session = read_session(conn, *keys.session, params, options.check_csrf);
  info.extra = keys.extra;
  return info;
}

const core::Serializer* negotiate_params(const std::vector<SerializerEntry>& entries, const Json& params) {
  const auto vsn = params.find("vsn");
  if (vsn == params.end()) return negotiate(entries, "1.0.0");
  return vsn->is_string() ? negotiate(entries, vsn->get_ref<const std::string&>()) : nullptr;
}

}  // namespace phx::server::detail
