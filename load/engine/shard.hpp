#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "engine/job.hpp"
#include "engine/part.hpp"
#include "engine/socket_wire.hpp"

namespace phx::load {

/// One swarm on one thread of its own.
class Shard final : public Part {
 public:
  /// Borrowed for life: job, endpoints, tls (null for ws://).
  Shard(const Job& job, std::uint32_t thread, const Endpoints& endpoints, const core::TlsContext* tls);
  ~Shard() override;

  void stop() override { command(Command::stop); }
  void finish() override { command(Command::finish); }
  bool stopped() override { return stopped_; }
  bool drained() override { return drained_; }
  bool done() override { return done_; }
  void take_seconds(Series& into) override;
  Stats so_far() override;
  RunPart result() override;

 private:
  enum class Command : int { run, stop, finish };
  void command(Command command);
  void run();
  void loop(Crowd& swarm);
  void tick(Crowd& swarm, std::uint32_t second);
  void close_books(Crowd& swarm, Instant now);

  const Job& job_;
  std::uint32_t thread_;
  RunClock clock_;
  SocketWire wire_;
  std::atomic<Command> command_{Command::run};
  std::atomic<bool> stopped_{false}, drained_{false}, done_{false};
  std::mutex mutex_;  // seconds_, so_far_, part_
  Series seconds_;
  Stats so_far_;
  RunPart part_;
  double cpu_before_ = 0;
  std::thread runner_;  // last: uses all of the above
};

/// CPU seconds of the calling thread.
double thread_cpu_seconds() noexcept;
std::uint64_t resident_bytes();
/// The soft limit, raised to the hard one.
std::uint64_t descriptor_limit() noexcept;

}  // namespace phx::load
