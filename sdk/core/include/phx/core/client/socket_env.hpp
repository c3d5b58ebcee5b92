#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <phx/core/client/effects.hpp>
#include <phx/core/client/policy.hpp>
#include <phx/core/serializer.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

/// What all sockets of one kind have in common. Defaults: spec client-semantics 3.1.
struct SocketConfig {
  Policy policy = Policy::phxkit();
  const Serializer* serializer = &v2_serializer();
  Duration timeout = std::chrono::seconds(10);  ///< join and push, unless they say otherwise
  Duration heartbeat_interval = std::chrono::seconds(30);
  Duration heartbeat_timeout{};  ///< wait for the answer; zero: the interval
  TransportKind transport = TransportKind::websocket;
  std::optional<Duration> fallback_after{};  ///< to long-poll, when the WebSocket does not work by then (longPollFallbackMs)
  bool heartbeat_events = false;             ///< emit HeartbeatReplied
  bool message_events = false;               ///< emit MessageSeen; costs an effect per message
};

/// Configuration, randomness and decoding scratch, shared by any number of sockets of one thread (a load generator has
/// 15000). Outlives them. An input to one of its sockets ends the life of the views in earlier effects of all of them.
struct SocketEnv {
  SocketEnv(SocketConfig c, Jitter& j) : config(std::move(c)), jitter(j) {}
  SocketEnv(const SocketEnv&) = delete;
  SocketEnv& operator=(const SocketEnv&) = delete;

  const Policy& policy() const noexcept { return config.policy; }

  const SocketConfig config;
  Jitter& jitter;
  EnvelopeScratch scratch;
  std::string status_scratch;
};

}  // namespace phx::core
