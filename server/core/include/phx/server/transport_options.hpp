#pragma once

#include <optional>
#include <vector>

#include <phx/server/origin.hpp>
#include <phx/server/version.hpp>

namespace phx::server {

/// Which parts of the request the connect callback may see (server.md 1.7).
struct ConnectInfoKeys {
  bool peer_data = false;
  bool trace_context_headers = false;
  bool x_headers = false;
  bool sec_websocket_headers = false;
  bool uri = false;
  bool user_agent = false;
};

/// Options of both transports (server.md 1.2).
struct TransportOptions {
  std::vector<SerializerEntry> serializers = default_serializers();
  std::optional<CheckOrigin> check_origin;  ///< unset: the endpoint's
  bool check_csrf = true;
  ConnectInfoKeys connect_info;
};

}  // namespace phx::server
