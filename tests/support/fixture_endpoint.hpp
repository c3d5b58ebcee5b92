#pragma once

#include <functional>
#include <utility>

#include "support/fixture_app.hpp"

#include <phx/server/endpoint.hpp>

namespace phx::fixture {

/// The application behind an endpoint on a free port. stop: as in FixtureApp::plugs.
inline server::EndpointOptions endpoint_options(FixtureApp& app, std::function<void()> stop) {
  server::EndpointOptions options;
  const server::SocketDefaults defaults = app.socket_defaults();
  options.url_host = defaults.url_host;
  options.check_origin = defaults.check_origin;
  options.sockets = app.mounts();
  options.plugs = app.plugs(std::move(stop));
  options.http = FixtureApp::http_options();
  options.pubsub = &app.pubsub();
  return options;
}

}  // namespace phx::fixture
