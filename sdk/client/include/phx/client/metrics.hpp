#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <phx/core/client/effects.hpp>
#include <phx/core/time.hpp>

namespace phx::client {

/// How long something took, so far.
struct Latency {
  std::uint64_t count = 0;
  Duration last{}, min{}, max{}, total{};

  Duration mean() const noexcept { return count == 0 ? Duration{} : total / static_cast<Duration::rep>(count); }
  void record(Duration took) noexcept {
    min = count == 0 ? took : std::min(min, took);
    max = std::max(max, took);
    last = took;
    total += took;
    ++count;
  }
};

struct TopicMetrics {
  std::uint64_t messages = 0;       ///< received, replies left out
  std::uint64_t message_bytes = 0;  ///< of their payloads
  std::uint64_t pushes = 0, push_bytes = 0;
  std::uint64_t replies = 0;            ///< to pushes, of any status
  std::uint64_t refusals = 0;           ///< those with a status other than "ok"
  std::uint64_t failures = 0;           ///< pushes without an answer
  std::uint64_t joins = 0;              ///< answered with "ok", rejoins too
  std::uint64_t presence_failures = 0;  ///< presence messages that were not applied
};

/// What a socket has done since it was made. A snapshot.
struct Metrics {
  std::uint64_t attempts = 0;  ///< connections tried
  std::uint64_t opens = 0;
  std::uint64_t closes = 0;
  std::map<core::ReconnectWhy, std::uint64_t> reconnects{};  ///< by cause
  std::uint64_t frames_in = 0, bytes_in = 0;                 ///< messages of the transport, before compression and TLS
  std::uint64_t frames_out = 0, bytes_out = 0;
  std::uint64_t bad_frames = 0;
  Latency replies{};                             ///< from push() reaching the socket's strand to the answer, waiting for the join included
  Latency heartbeats{};                          ///< round trips
  std::uint64_t refused_pushes = 0;              ///< and pings, at once: max_pending_pushes or max_pending_bytes were reached
  std::size_t waiting_pushes = 0;                ///< for their channel to be joined
  std::size_t in_flight = 0;                     ///< sent, no answer yet
  std::size_t waiting_callbacks = 0;             ///< for the callback executor
  std::map<std::string, TopicMetrics> topics{};  ///< of the channels that exist
};

}  // namespace phx::client
