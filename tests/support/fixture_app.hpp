#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <phx/server/plug.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/socket_mount.hpp>

namespace phx::fixture {

/// The server application behind the transcripts of tests/golden (golden/FIXTURE.md): sockets, channels, control routes.
/// Left out until the server has them: tokens (`/control/token`, sockets with a credential), long-poll, deflate, sessions, LiveView, JSON API.
/// Outlives the endpoint that serves it.
class FixtureApp {
 public:
  FixtureApp();
  FixtureApp(const FixtureApp&) = delete;
  FixtureApp& operator=(const FixtureApp&) = delete;

  server::PubSub& pubsub() noexcept { return pubsub_; }
  server::Presence& presence() noexcept { return presence_; }

  /// FIXTURE.md section 2.
  std::vector<server::SocketMount> mounts();
  server::SocketDefaults socket_defaults() const;
  /// What follows the sockets. stop: called on a worker 300 ms after POST /control/stop was answered.
  server::PlugChain plugs(std::function<void()> stop);

 private:
  /// FIXTURE.md section 5.1.
  server::Plug control(std::function<void()> stop);

  server::PubSub pubsub_;
  server::Presence presence_;
};

}  // namespace phx::fixture
