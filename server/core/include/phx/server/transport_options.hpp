#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/server/origin.hpp>
#include <phx/server/version.hpp>

namespace phx::core {
class SessionCookie;
}

namespace phx::server {

/// Where connect_info finds the session: a cookie, and in it the state that param `_csrf_token` must be a masked copy of.
struct ConnectSession {
  std::string key;                                    ///< name of the cookie
  std::shared_ptr<const core::SessionCookie> cookie;  ///< how it is signed or encrypted
  std::string csrf_token_key = "_csrf_token";         ///< where the session has the state
};

/// Which parts of the request the connect callback may see (server.md 1.7).
struct ConnectInfoKeys {
  bool peer_data = false;
  bool trace_context_headers = false;
  bool x_headers = false;
  bool sec_websocket_headers = false;
  bool uri = false;
  bool user_agent = false;
  std::optional<ConnectSession> session = std::nullopt;
  std::shared_ptr<const Json> extra = nullptr;  ///< handed through as it is
};

/// Options of both transports (server.md 1.2).
struct TransportOptions {
  std::vector<SerializerEntry> serializers = default_serializers();
  std::optional<CheckOrigin> check_origin;  ///< unset: the endpoint's
  bool check_csrf = true;                   ///< false: `session` needs no token
  ConnectInfoKeys connect_info;
};

}  // namespace phx::server
