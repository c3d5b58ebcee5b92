#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <phx/core/key_generator.hpp>
#include <phx/server/controller.hpp>
#include <phx/server/http1.hpp>
#include <phx/server/plug.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/socket_mount.hpp>

namespace phx::fixture {

/// The server application behind the transcripts of tests/golden (golden/FIXTURE.md): sockets, channels, HTTP routes. Left out: LiveView.
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
  /// FIXTURE.md section 1: responses are compressed. The other limits there are the defaults or the parsers'.
  static server::HttpOptions http_options();

 private:
  server::ActionResult make_token(server::Conn& conn) const;

  server::PubSub pubsub_;
  server::Presence presence_;
  std::shared_ptr<const core::KeyGenerator> keys_;
};

}  // namespace phx::fixture
