#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <phx/core/client/policy.hpp>
#include <phx/core/error.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::core {

/// Percent-encodes as JavaScript's encodeURIComponent: all but letters, digits and -_.!~*'()
std::string encode_uri_component(std::string_view text);

/// Params as a query string: `a[b]=1&a[0]=2`. Errors: bad_url when params is no object.
Result<std::string> encode_query(const Json& params, const UrlPolicy& policy = {});

/// The URL a WebSocket connects to: endpoint, `/websocket`, its own query, params, `vsn`. Errors: bad_url.
/// endpoint: ws://, wss:// (http:// and https:// are taken as those). Rules: spec client-semantics U1, U2, D-16.
Result<std::string> websocket_url(std::string_view endpoint, const Json& params, std::string_view vsn, const UrlPolicy& policy = {});

/// The same for long-poll: http for ws, and the last `/websocket` of the path becomes `/longpoll` (U1).
std::string longpoll_url(std::string_view websocket_url);

/// The second entry of the subprotocol list when there is an auth token; the first is `phoenix` (U4).
std::string auth_subprotocol(std::string_view token);

/// The token in such a list of two; nullopt for any other list.
std::optional<std::string> auth_token_of(std::span<const std::string> subprotocols);

}  // namespace phx::core
