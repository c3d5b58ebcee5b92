#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include <phx/core/time.hpp>
#include <phx/server/connection_core.hpp>
#include <phx/server/http1.hpp>
#include <phx/server/shard.hpp>
#include <phx/testing/virtual_clock.hpp>
#include <phx/testing/wire.hpp>

namespace phx::testing {

/// One worker of the server on wires in memory: the same shard, HTTP and WebSocket machines as in the endpoint, without its I/O.
/// Attach `shard()` to the application's PubSub before the first connection. One thread.
class MemoryServer {
 public:
  /// clock is borrowed for life. plugs: the sockets first. index: of this worker among those that share the plugs.
  MemoryServer(VirtualClock& clock, server::PlugChain plugs, server::HttpOptions options = {}, std::size_t index = 0);
  ~MemoryServer();
  MemoryServer(const MemoryServer&) = delete;
  MemoryServer& operator=(const MemoryServer&) = delete;

  server::Shard& shard() noexcept { return shard_; }

  /// A client has connected. The wire outlives the connection.
  void accept(Wire::End& end);
  std::size_t connections() const noexcept { return connections_.size(); }

  /// Orderly shutdown of all connections (server.md 14): those with channels close with 1012, others with 1000.
  void drain();

  std::optional<Instant> next_deadline() const;
  void on_deadline(Instant now);

 private:
  class Connection;

  void turn(Instant now);
  bool settle(Instant now);
  bool feed(Instant now);
  void reap();

  VirtualClock* clock_;
  bool woken_ = false;
  server::HttpService service_;
  server::Shard shard_;
  server::HttpWorker worker_;
  std::list<std::unique_ptr<Connection>> connections_;
  VirtualClock::Attachment attachment_;
};

}  // namespace phx::testing
