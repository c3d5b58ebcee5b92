#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include <phx/core/time.hpp>
#include <phx/server/outbox.hpp>

namespace phx::server {

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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::server
