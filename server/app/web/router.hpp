#pragma once

#include <functional>

#include <phx/server/router.hpp>

#include "app/contexts/contexts.hpp"

namespace phx::app {

struct RouterOptions {
  std::function<bool()> ready;      ///< whether this node wants requests; asked on workers
  std::size_t logins_at_once = 10;  ///< per address and account; then one every six seconds
};

/// All routes of the application; `phx-server routes` prints them.
server::Router make_router(const Contexts& contexts, RouterOptions options);

/// The document at /api/openapi.json.
Json openapi();

}  // namespace phx::app
