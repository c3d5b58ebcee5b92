#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <phx/core/histogram.hpp>

namespace phx::server {

/// How long things took, in nanoseconds. 58 KB each, so only for workers that somebody measures.
struct ShardDurations {
  core::Histogram connect, join, handle_in, request, turn;

  void merge(const ShardDurations& other) noexcept {
    connect.merge(other.connect);
    join.merge(other.join);
    handle_in.merge(other.handle_in);
    request.merge(other.request);
    turn.merge(other.turn);
  }
};

/// Figures of one worker since its start: plain integers, touched on its thread only; whoever wants to know has them copied there
/// (Endpoint::gather) and adds up. Counting costs an increment, whether anybody asks or not.
struct ShardStats {
  struct Transport {
    std::uint64_t now = 0, total = 0;
  };
  using Route = std::pair<std::string, int>;  ///< pattern, status

  Transport connections, websocket, longpoll;  ///< TCP connections; sessions by transport
  std::uint64_t channels_now = 0;
  std::uint64_t joins_ok = 0, joins_refused = 0, joins_crashed = 0, channel_crashes = 0;
  std::uint64_t messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0;
  std::uint64_t broadcasts = 0;
  std::uint64_t merged = 0;  ///< frames that continued the one before and left with it; set when gathered
  std::uint64_t sends = 0;   ///< system calls that wrote
  std::uint64_t slow_readers_cut = 0, tls_failures = 0, connections_refused = 0;
  std::uint64_t mailbox_now = 0, mailbox_longest = 0;  ///< messages that wait for channels; the longest queue of one channel so far
  std::uint64_t turns = 0;
  std::uint64_t outbox_bytes = 0, outbox_bytes_max = 0;  ///< set when gathered: all connections, the fullest one
  std::map<int, std::uint64_t> upgrades_refused;         ///< by status
  std::map<Route, std::uint64_t> requests;
  std::unique_ptr<ShardDurations> durations;  ///< none: not measured

  void count_request(std::string_view route, int status);
  /// Adds another worker's.
  void merge(const ShardStats& other);
  ShardStats copy() const;
};

}  // namespace phx::server
