#pragma once

#include <cstdint>

#include <phx/core/client/push_queue.hpp>
#include <phx/core/client/ref.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

/// When heartbeats are sent, and when their silence ends a connection.
///
///   stopped --start--> waiting --interval--> pending --reply--> waiting
///      ^                                        | timeout, max_missed times in a row
///      +-------------- stop (close) ------------+--> dead
///
/// Rules: spec client-semantics 3.5, D-4.
class HeartbeatCore {
 public:
  enum class Due : std::uint8_t { nothing, send, dead };

  void start(Instant now, Duration interval) noexcept;
  void stop() noexcept;
  /// One was sent: `ref` is awaited until `deadline`.
  void sent(Ref ref, Instant deadline) noexcept;
  /// True when `ref` answers the pending one; the next is due one interval later.
  bool on_reply(Ref ref, Instant now, Duration interval) noexcept;
  Due on_deadline(Instant now, std::uint32_t max_missed) noexcept;

  bool pending() const noexcept { return pending_.present(); }
  Instant deadline() const noexcept { return at_; }

 private:
  Ref pending_;
  Instant at_ = never;
  std::uint32_t missed_ = 0;
};

}  // namespace phx::core
