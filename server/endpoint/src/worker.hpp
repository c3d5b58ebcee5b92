#pragma once

#include <atomic>
#include <cstddef>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <phx/server/endpoint.hpp>

#include "connection.hpp"
#include "deadline_wheel.hpp"
#include "poller.hpp"

namespace phx::server {

/// How the connections of one socket go (server.md 14). batch_size is that of one worker.
struct Drainer {
  const TransportHandler* handler;
  DrainOptions options;
};

/// What all workers of an endpoint share.
struct WorkerShared {
  const EndpointOptions& options;
  const HttpService& service;
  std::optional<core::TlsContext> tls;  ///< at start; none: plain TCP
  std::vector<Drainer> drainers;
  std::atomic<std::size_t> connections{0};  ///< open ones, for max_connections
};

/// One thread, one io_context, one Shard, its connections. Everything but post(), adopt(), start() and join() happens on its thread.
///
/// A turn: set the time, feed every connection that is ready, run the shard, do what sessions asked for, write the dirty outboxes.
class Worker {
 public:
  Worker(std::size_t index, WorkerShared& shared);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  /// Ends the loop and waits for it; connections that are left are cut.
  void join();

  boost::asio::io_context& context() noexcept { return context_; }
  Shard& shard() noexcept { return shard_; }
  /// Takes over an accepted socket. From any thread.
  void adopt(int fd, Conn::Peer peer);

  /// Drains each socket in its batches (server.md 14), then calls done, on this thread. From any thread.
  void drain(std::function<void()> done);
  /// Closes what is left, then calls done once everything is gone. From any thread.
  void shutdown(std::function<void()> done);
  /// This worker's figures, as they are now. On its thread.
  ShardStats gather();

  // For connections.
  HttpWorker& http() noexcept { return http_; }
  Poller& poller() noexcept { return poller_; }
  const EndpointOptions& options() const noexcept { return shared_.options; }
  const std::optional<core::TlsContext>& tls() const noexcept { return tls_; }
  /// For connections from now on.
  void use(core::TlsContext tls) { tls_ = std::move(tls); }
  /// Scratch for what a connection has just decrypted.
  std::string& plain() noexcept { return plain_; }
  std::span<char> buffer() noexcept { return {buffer_.get(), buffer_bytes}; }
  void arm(DeadlineWheel::Node& node, std::optional<Instant> due);
  void disarm(DeadlineWheel::Node& node) noexcept { wheel_.disarm(node); }
  void bury(Connection& connection);

 private:
  static constexpr std::size_t buffer_bytes = 64 * 1024;

  void open(int fd, Conn::Peer peer);
  void begin_turn();
  void end_turn();
  bool settle();
  void flush();
  void wait_ready();
  void on_ready();
  void arm_timer();
  void on_timer();
  /// Held by the sockets that are still draining.
  using Draining = std::shared_ptr<void>;
  void drain_batch(const Drainer& drainer, std::size_t round, const Draining& draining, Instant until);
  void await_drained(const Drainer& drainer, const Draining& draining, Instant until);

  WorkerShared& shared_;
  std::optional<core::TlsContext> tls_;
  boost::asio::io_context context_{1};
  Shard shard_;
  HttpWorker http_;
  Poller poller_;
  boost::asio::posix::stream_descriptor poller_ready_;
  boost::asio::steady_timer timer_;
  std::optional<Instant> timer_at_;
  DeadlineWheel wheel_;
  std::unique_ptr<char[]> buffer_;
  std::string plain_;
  std::vector<std::unique_ptr<Connection>> connections_, buried_;
  std::vector<Outbox*> flushing_;
  std::function<void()> on_empty_;  // set by shutdown()
  bool closing_ = false;            // shutdown() has begun: nothing more is taken over
  Instant now_;
  std::time_t date_second_ = 0;
  std::thread thread_;
};

}  // namespace phx::server
