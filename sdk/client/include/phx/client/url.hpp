#pragma once

#include <phx/core/client/url.hpp>
#include <phx/net/url.hpp>

namespace phx::client {

using core::websocket_url;
using net::parse_url;
using net::Url;

}  // namespace phx::client
