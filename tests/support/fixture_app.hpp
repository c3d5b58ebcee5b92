#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <phx/core/key_generator.hpp>
#include <phx/server/plug.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/socket_mount.hpp>

namespace phx::fixture {

/// The server application behind the transcripts of tests/golden (golden/FIXTURE.md): sockets, channels, control routes.
/// Left out until the server has them: sessions, LiveView, JSON API.
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
  // FIXTURE.md section 5.1
  void control(server::Conn& conn, const std::function<void()>& stop);
  void make_token(server::Conn& conn) const;

  server::PubSub pubsub_;
  server::Presence presence_;
  core::KeyGenerator keys_;
};

}  // namespace phx::fixture
