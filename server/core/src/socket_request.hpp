#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/server/conn.hpp>
#include <phx/server/transport.hpp>
#include <phx/server/transport_options.hpp>

/// What both transports of a socket mount read from a request.
namespace phx::server::detail {

using Segments = std::vector<std::string>;

Segments split_path(std::string_view path);
bool matches(const Segments& pattern, const Segments& path);
void put_path_variables(const Segments& pattern, const Segments& path, Json& params);

/// Everything of server.md 1.7 but the auth token. params: of the query, for the CSRF token.
ConnectInfo make_connect_info(const Conn& conn, const Json& params, const TransportOptions& options);

/// The serializer for param `vsn` (server.md 1.4); null: refused.
const core::Serializer* negotiate_params(const std::vector<SerializerEntry>& entries, const Json& params);

}  // namespace phx::server::detail
