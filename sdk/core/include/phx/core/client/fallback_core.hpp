#pragma once

#include <cstdint>
#include <optional>

#include <phx/core/client/effects.hpp>
#include <phx/core/client/policy.hpp>
#include <phx/core/client/push_queue.hpp>
#include <phx/core/client/ref.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

/// Whether a socket uses its primary transport, the WebSocket, or goes on with long-poll.
///
///   primary --error before open, not open in time, open but no answer to a ping in time, dies young 3 times--> fallback
///   fallback --memory over, retry due, or lost while not remembered--> primary
///
/// A fallback that opens is remembered unless the primary has passed its health check before: that one is worth another attempt
/// at the next loss. Rules: phoenix.js connectWithFallback; spec client-semantics B1 to B4, D-17.
class FallbackCore {
 public:
  enum class Due : std::uint8_t { nothing, fall_back, retry_primary };

  /// after: how long the primary may take to open, and again to answer its ping; none: there is no fallback.
  FallbackCore(std::optional<Duration> after, const FallbackPolicy& policy) noexcept : after_(after), policy_(policy) {}

  bool enabled() const noexcept { return after_.has_value(); }
  TransportKind choose(Instant now) noexcept;
  /// An attempt begins, or its transport does after a wait for credentials.
  void attempt(TransportKind kind, Instant now) noexcept;
  /// An error now makes us fall back.
  bool takes_over() const noexcept { return enabled() && !on_fallback_ && !open_; }
  /// True: send a ping, and give its ref to pinged().
  bool on_open(Instant now) noexcept;
  void pinged(Ref ref) noexcept { ping_ = ref; }
  void on_reply(Ref ref) noexcept;
  /// unwanted: neither we nor the server meant it.
  void on_lost(bool unwanted, Instant now) noexcept;
  void pause() noexcept { at_ = never; }
  /// Another network: what was learnt about the last one does not count.
  void forget() noexcept;

  Instant deadline() const noexcept { return at_; }
  Due on_deadline(Instant now) noexcept;

  bool remembered(Instant now) const noexcept { return now < remembered_until_; }

 private:
  bool sticky() const noexcept { return policy_.primary_retry == Duration::zero(); }

  std::optional<Duration> after_;
  FallbackPolicy policy_;
  Instant at_ = never;
  Instant remembered_until_ = Instant::min();
  Instant opened_at_{};
  Ref ping_{};
  std::uint32_t short_lived_ = 0;
  bool on_fallback_ = false;
  bool open_ = false;
  bool primary_healthy_ = false;
};

}  // namespace phx::core
