#pragma once

#include <functional>

#include <phx/server/plugs.hpp>
#include <phx/server/router.hpp>

namespace phx::fixture {

/// golden/FIXTURE.md section 5: the endpoint behind the sockets, and its routes.
server::PlugChain http_plugs(const server::plug::KeysPtr& keys, const server::Router& routes);

/// FIXTURE.md 5 and 5.2; the control routes are the application's own.
void declare_api(server::Router& router, const server::plug::KeysPtr& keys);

}  // namespace phx::fixture
