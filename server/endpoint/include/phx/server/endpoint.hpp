#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <phx/core/error.hpp>
#include <phx/core/time.hpp>
#include <phx/core/tls.hpp>
#include <phx/server/http1.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/origin.hpp>
#include <phx/server/plug.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/shard.hpp>
#include <phx/server/socket_mount.hpp>

namespace phx::server {

struct EndpointOptions {
  std::string host = "127.0.0.1";  ///< address or name to listen on
  std::uint16_t port = 0;          ///< 0: a free one
  std::size_t workers = 0;         ///< 0: one per core

  core::TlsServerOptions tls;                                 ///< with a certificate and its key: https:// and wss:// only
  Duration tls_handshake_timeout = std::chrono::seconds(15);  ///< from the first byte a peer could send to the end of its handshake

  std::string url_host = "localhost";  ///< what `check_origin: true` compares with
  CheckOrigin check_origin = CheckOrigin::endpoint_host();
  std::vector<SocketMount> sockets;  ///< first plug of all
  /// Signs the tokens of long-poll sessions; none: a secret of this start.
  std::shared_ptr<const core::KeyGenerator> keys = nullptr;
  PlugChain plugs;  ///< after the sockets
  HttpOptions http;

  std::size_t max_connections = 1'000'000;            ///< further ones are closed at once
  std::size_t max_queue_bytes = 8u << 20;             ///< a peer that lets more than this wait is cut
  std::size_t pause_reading_bytes = 1u << 20;         ///< nothing is read from a full connection that has this much waiting
  Duration linger_timeout = std::chrono::seconds(2);  ///< from our last byte to the end of a connection
  std::size_t blocking_threads = 4;                   ///< for co_await socket.blocking(f)
  std::size_t max_blocking_queue = 100'000;           ///< work that waits for one of them; more is a 503, or its channel crashes
  DrainOptions drain;                                 ///< of mounts without their own; its `shutdown` is the time for requests too

  PubSub* pubsub = nullptr;                 ///< the shards are attached to it; borrowed, outlives the endpoint
  Observer* observer = &silent_observer();  ///< borrowed, outlives the endpoint
};

struct EndpointStats : ShardStats {
  std::size_t workers = 0;
  std::size_t pool_queued = 0;  ///< blocking work that waits for a thread of the pool
};

/// A listening server: one worker thread per core, each with an event loop and a Shard of its own; a connection lives and dies
/// on one worker.
class Endpoint {
 public:
  /// Throws std::invalid_argument for options that can not work; TLS files that can not be used among them.
  explicit Endpoint(EndpointOptions options);
  /// stop()s.
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Listens and serves. Errors: of resolve and bind, as std::error_code. Once in a life.
  Result<void> start();
  /// The port that was bound; 0 before start().
  std::uint16_t port() const noexcept;

  /// Orderly shutdown (server.md 14): connections with channels get 1012, in batches; then the listener closes and all others get
  /// 1000; requests in work are answered. Blocks until all are gone or the time limits are over. From any thread but the
  /// workers'; a second call does nothing.
  void stop();

  /// New connections get the certificate of `tls`, old ones live on. On an error, which says why, everything stays as it was.
  /// From any thread. Throws std::logic_error for an endpoint without TLS.
  core::TlsResult<void> reload_tls(const core::TlsServerOptions& tls);

  // The PubSub of the options, as Phoenix's endpoint has it (server.md 6.6); std::logic_error without one. What threads may call, errors and
  // further exceptions: as pubsub.hpp says; broadcast and local_broadcast are for any thread.
  std::error_code broadcast(std::string_view topic, std::string_view event, const Payload& payload);
  std::error_code broadcast_from(const Subscriber& from, std::string_view topic, std::string_view event, const Payload& payload);
  void local_broadcast(std::string_view topic, std::string_view event, const Payload& payload);
  void local_broadcast_from(const Subscriber& from, std::string_view topic, std::string_view event, const Payload& payload);
  [[nodiscard]] std::unique_ptr<PubSub::Subscription> subscribe(Shard& shard, std::string_view topic,
                                                                std::function<void(const Broadcast&)> told);

  /// The shards exist from construction on, so that trackers and subscriptions can be set up before start().
  std::size_t workers() const noexcept;
  Shard& shard(std::size_t index) noexcept;

  /// Begins to measure durations on all workers. Before start().
  void measure();
  /// The figures of all workers since start, added up, as each has them when it gets round to it; `told` runs on one of their threads. From
  /// any thread while the endpoint runs; once it has stopped nobody is told.
  void gather(std::function<void(EndpointStats)> told);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::server
