#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <phx/core/envelope.hpp>
#include <phx/core/time.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/outbox.hpp>
#include <phx/server/shard_stats.hpp>

namespace phx::core::ws {
class DeflateContext;
}

namespace phx::server {

class TransportHandler;

/// Where blocking work goes. It runs all work it has taken, each once, and ends before the shards do.
class BlockingExecutor {
 public:
  virtual ~BlockingExecutor() = default;
  /// From any shard's thread. Throws, and takes nothing, when too much waits already.
  virtual void submit(std::function<void()> work) = 0;
};

/// Something of a worker that has sessions without connections (long-poll). Lives on its shard and ends before it.
class ShardPart {
 public:
  virtual ~ShardPart() = default;
  /// Orderly shutdown (server.md 14): sessions with channels end, those of this handler; of all for null.
  virtual void drain(const TransportHandler* of) = 0;
  /// All sessions end, and whoever waits for them is answered.
  virtual void shutdown() = 0;
};

/// Everything one worker owns, without I/O: its topic table, the mailboxes that wait to run, timers, the outboxes to flush.
/// One thread at a time. The shell's duty per loop turn:
///
///   shard.set_now(now); feed connections; shard.run();  // then flush shard.dirty(), then arm a timer for next_deadline()
///
class Shard {
 public:
  /// wake: called from any thread when post() made an empty inbox non-empty; the shell then schedules a turn.
  explicit Shard(std::size_t index, std::function<void()> wake = {});
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  std::size_t index() const noexcept;

  Instant now() const noexcept;
  void set_now(Instant now) noexcept;
  /// What the shell's clock says in the middle of a turn, for durations; now() without one (machines under virtual time).
  Instant clock() const noexcept { return clock_ ? clock_() : now(); }
  void set_clock(Instant (*read)() noexcept) noexcept { clock_ = read; }

  /// This worker's figures.
  ShardStats& stats() noexcept { return stats_; }
  /// Begins to measure durations: all of this worker's.
  void measure();
  /// Whose durations this worker and `observer` want to be real.
  Durations durations(const Observer& observer) const noexcept { return stats_.durations ? Durations::all : observer.durations(); }

  /// Thread-safe: runs `work` on this shard's next turn, in the order of the posts of one thread.
  void post(std::function<void()> work);
  /// On the shard's own thread: runs `work` later in this turn, after what is already queued (a mailbox).
  void defer(std::function<void()> work);
  /// Runs the inbox, due timers and deferred work until nothing is left that is due.
  void run();

  using TimerId = std::uint64_t;
  TimerId send_after(Duration delay, std::function<void()> work);
  void cancel(TimerId timer);
  std::optional<Instant> next_deadline() const noexcept;

  DirtyList& dirty() noexcept;

  /// True while this thread works for this shard: inside run() or an Entered scope.
  bool is_current() const noexcept;
  /// Sessions enter their shard around everything the carrier calls.
  class Entered {
   public:
    explicit Entered(const Shard& shard) noexcept;
    ~Entered();
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

   private:
    const Shard* outer_;
  };

  /// The endpoint's pool, for co_await socket.blocking(f). Not owned; without one blocking() throws std::logic_error.
  void set_blocking_executor(BlockingExecutor* executor) noexcept;
  BlockingExecutor* blocking_executor() const noexcept;

  /// The compressor of this worker: all its connections without context takeover use it.
  core::ws::DeflateContext& deflate() noexcept;

  /// Appends one WebSocket frame for one connection to the bytes of this turn and puts it into `outbox`, compressed if that has a
  /// codec; `ahead` of held ones if asked.
  void write_frame(Outbox& outbox, core::Opcode opcode, std::string_view body, bool ahead = false);
  /// Called at the end of every run(), as long as the shard lives.
  void at_turn_end(std::function<void()> hook);

  /// The part under this key, made on first use. On the shard's own thread, as the next two.
  ShardPart& part(const void* key, const std::function<std::unique_ptr<ShardPart>()>& make);
  void drain_parts(const TransportHandler* of = nullptr);
  void shutdown_parts();

 private:
  struct Impl;
  Instant (*clock_)() noexcept = nullptr;
  ShardStats stats_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::server
