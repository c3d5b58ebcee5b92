#pragma once

#include <algorithm>
#include <system_error>

#include <phx/core/client/effects.hpp>
#include <phx/core/client/push_queue.hpp>
#include <phx/core/client/ref.hpp>
#include <phx/core/client/socket_env.hpp>

namespace phx::core {

/// The sending half of a socket, which its channels share: refs, whether frames can go out, what waits for replies.
class Link {
 public:
  explicit Link(SocketEnv& environment) noexcept : env(environment) {}

  const Policy& policy() const noexcept { return env.config.policy; }
  /// The owner must look at its deadlines again no later than `at`.
  void arm(Instant at) noexcept { wake = std::min(wake, at); }
  /// Encodes and emits a SendFrame. Only while open. On an error nothing is emitted.
  std::error_code send(const MessageView& message, Effects& out);
  /// A join or leave: sent when open; otherwise dropped, or queued if the policy says so (D-1). True unless dropped.
  bool send_lifecycle(const MessageView& message, Effects& out);
  /// Sends now, or when the socket opens (S14).
  void send_or_queue(PushId id, const MessageView& message, Effects& out);
  /// Sends what was queued, in order (S2, D-5).
  void flush(Effects& out);

  SocketEnv& env;
  Generation generation = Generation::none;
  bool open = false;
  RefCounter refs;
  InFlightPushes in_flight;
  BoundedQueue<BufferedFrame> send_buffer;
  Instant wake = never;
};

}  // namespace phx::core
