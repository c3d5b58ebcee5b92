#pragma once

#include <phx/server/plug.hpp>

namespace phx::server::detail {

struct RouteTable;

/// The plug of a router with these routes (a copy).
Plug dispatch_plug(const RouteTable& table);

}  // namespace phx::server::detail
