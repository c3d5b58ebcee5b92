#include "plugs.hpp"

#include <phx/core/json.hpp>

namespace phx::app::plug {

using namespace server;

server::Plug require_user(const Credentials& credentials) {
  return [&credentials, protect = server::plug::protect_from_forgery()](Conn conn) {
    constexpr std::string_view scheme = "Bearer ";
    std::optional<Identity> who;
    conn.fetch_session();
    if (const auto header = conn.req_header("authorization")) {
      if (header->starts_with(scheme)) who = credentials.session(header->substr(scheme.size()));
    } else if (const Json token = conn.get_session("user_token"); token.is_string()) {
      who = credentials.session(token.get_ref<const std::string&>());
      if (who) conn = protect(std::move(conn));
    }
    if (who)
      conn.assigns["current_user"] = *who;
    else
      render_error(conn, 401, ErrorFormat::json);
    return conn;
  };
}

}  // namespace phx::app::plug
