#pragma once

#include <phx/mock/mock.hpp>
#include <phx/relay/relay.hpp>
#include <phx/server/router.hpp>

namespace phx::mock {

/// The routes below /__mock. Arguments are borrowed for the router's life; relay may be set later than this is called, but before requests.
void add_control(server::Router& router, Mock& mock, relay::Relay*& relay);

/// The file's own HTTP routes. Their bodies are rendered with `params`, `method`, `path`.
void add_routes(server::Router& router, std::shared_ptr<const MockFile> file);

}  // namespace phx::mock
