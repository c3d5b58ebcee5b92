#include <stdexcept>

#include <phx/core/csrf.hpp>
#include <phx/core/json.hpp>
#include <phx/server/plugs.hpp>

namespace phx::server::plug {

namespace {

constexpr std::string_view session_key = "_csrf_token";
constexpr std::size_t state_length = 24;

std::string state_of(const Conn& conn) {
  const auto state = conn.get_session(session_key);
  return state.is_string() && state.get_ref<const std::string&>().size() == state_length ? state.get<std::string>() : std::string();
}

bool is_right(const ForgeryOptions& options, const std::string& state, std::string_view token, std::string_view host) {
  if (state.empty() || token.empty()) return false;
  if (core::csrf_token_matches(state, token)) return true;
  return options.keys && core::csrf_host_token_matches(*options.keys, state, token, host, options.allow_hosts);
}

bool is_authentic(const ForgeryOptions& options, Conn& conn) {
  const auto state = state_of(conn);
  const auto body = conn.body_params().find("_csrf_token");
  if (body != conn.body_params().end() && body->is_string() && is_right(options, state, body->get_ref<const std::string&>(), conn.host))
    return true;
  return is_right(options, state, conn.req_header("x-csrf-token").value_or(""), conn.host);
}

/// Other sites may load scripts with the visitor's cookies: those are for XMLHttpRequest only.
void refuse_foreign_script(Conn& conn) {
  const auto type = conn.resp_header("content-type").value_or("");
  if (conn.method != "GET" || conn.error) return;
  if (!type.starts_with("text/javascript") && !type.starts_with("application/javascript")) return;
  if (conn.req_header("x-requested-with") != "XMLHttpRequest") throw HttpError(403, "JavaScript asked for by another site");
}

}  // namespace

Plug protect_from_forgery(ForgeryOptions options) {
  return [options = std::move(options)](Conn conn) {
    if (conn.csrf_protection_skipped()) return conn;
    const bool safe = conn.method == "GET" || conn.method == "HEAD" || conn.method == "OPTIONS";
    if (!safe && !is_authentic(options, conn)) {
      if (!options.clear_session) throw HttpError(403, "invalid CSRF token");
      conn.clear_session();
      conn.configure_session(SessionChange::ignore);
    }
    conn.register_before_send(refuse_foreign_script);
    return conn;
  };
}

std::string get_csrf_token(Conn& conn) {
  core::SystemRandom random;
  auto state = state_of(conn);
  if (state.empty()) {
    state = core::make_csrf_state(random);
    conn.put_session(session_key, state);
  }
  return core::mask_csrf_state(state, core::make_csrf_state(random));
}

void delete_csrf_token(Conn& conn) { conn.delete_session(session_key); }

}  // namespace phx::server::plug
