#pragma once

#include <memory>

#include <phx/server/plug.hpp>
#include <phx/testing/target.hpp>

namespace phx::server {
class PubSub;
class UserSocket;
}  // namespace phx::server

namespace phx::testing {

/// An application under test. Made anew for each test; ends after the target that serves it.
struct Application {
  std::shared_ptr<const server::UserSocket> user_socket = nullptr;  ///< none: only bare sockets
  std::shared_ptr<server::PubSub> pubsub = nullptr;                 ///< none: its own
  server::PlugChain plugs = {};                                     ///< router and the like, for ConnCase
  std::string path = "/socket";                                     ///< of the mount behind a port
  std::shared_ptr<void> keeps = nullptr;                            ///< whatever else has to live as long
};

/// No socket and no port: channel sessions on one Shard, HTTP on a wire in memory, time that moves only in wait(). `start` is when
/// the clock begins.
std::unique_ptr<Target> in_process(Application application, Instant start = Instant{});

}  // namespace phx::testing
