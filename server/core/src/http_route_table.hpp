#pragma once

#include <map>
#include <string>
#include <vector>

#include <phx/server/router.hpp>

#include "http_route_tree.hpp"

namespace phx::server::detail {

struct Route {
  RouteInfo info;
  std::vector<RouteSegment> pattern;
  std::vector<std::size_t> pipelines;  ///< indices into RouteTable::chains
  Action action;                       ///< empty: forward
  Plug forward;
  ActionFallback fallback;
};

/// What a Router has been told. Grows while routes are declared; a plug takes a copy that never changes.
struct RouteTable {
  std::map<std::string, std::size_t, std::less<>> pipelines;
  std::vector<PlugChain> chains;
  std::vector<Route> routes;
};

}  // namespace phx::server::detail
