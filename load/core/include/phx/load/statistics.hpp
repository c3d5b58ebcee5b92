#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/histogram.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::load {

/// What is timed. Names in result.json are metric_name(). `*_actual` counts from the instant of sending, the other from the planned one.
enum class Metric : std::uint8_t {
  connect,         ///< planned arrival to the end of the upgrade
  connect_actual,  ///< from the moment the connection was begun
  tcp,
  tls,
  upgrade,
  join,   ///< phx_join to its reply
  ready,  ///< planned arrival to joined
  reply,
  reply_actual,
  delivery,
  delivery_actual,
  presence,  ///< phx_join to seeing oneself in presence_state or presence_diff
  recovery,  ///< connection lost to joined again
  heartbeat,
  lag,       ///< planned to done, of everything that was scheduled, and of a beat every 10 ms
  scenario,  ///< one passed run of a scenario, from its begin to its end
  count_
};
enum class Counter : std::uint8_t {
  attempts,  ///< connections begun
  connects,  ///< and through
  join_attempts,
  joins,
  leaves,
  pushes,
  replies,
  published,
  deliveries,
  late,
  heartbeats,
  presence_messages,
  other_messages,
  skipped,
  bytes_in,
  bytes_out,
  sends,
  receives,
  scenarios,         ///< runs of a scenario that passed
  scenarios_failed,  ///< and failed; see the errors for why
  count_
};
enum class ErrorClass : std::uint8_t {
  connect_refused,
  connect_timeout,
  connect_failed,
  no_ports,
  no_descriptors,
  tls,
  upgrade_refused,
  bad_handshake,
  join_refused,
  join_timeout,
  reply_error,
  reply_timeout,
  unexpected_reply,
  heartbeat_timeout,
  channel_error,
  channel_closed,
  closed_by_server,
  connection_lost,
  protocol,
  http,
  expect_failed,     ///< of a scenario: no such message, another presence, a refuted message came
  scenario_timeout,  ///< not done within the scenario's `timeout`
  scenario_error,    ///< a step that cannot be done: nothing joined, a template without a value
  count_
};
inline constexpr std::size_t metric_count = static_cast<std::size_t>(Metric::count_);
inline constexpr std::size_t counter_count = static_cast<std::size_t>(Counter::count_);
inline constexpr std::size_t error_count = static_cast<std::size_t>(ErrorClass::count_);
std::string_view metric_name(Metric) noexcept;
std::string_view counter_name(Counter) noexcept;
std::string_view error_name(ErrorClass) noexcept;

/// Everything that adds up: histograms in ns, counters, errors. One thread at a time; merge() in any order gives the same.
class Stats {
 public:
  Stats() : metrics_(metric_count) {}
  void record(Metric m, Duration d) noexcept { metrics_[static_cast<std::size_t>(m)].record(d); }
  void count(Counter c, std::uint64_t n = 1) noexcept { counters_[static_cast<std::size_t>(c)] += n; }
  void count(ErrorClass c, std::uint64_t n = 1) noexcept { errors_[static_cast<std::size_t>(c)] += n; }

  const core::Histogram& operator[](Metric m) const noexcept { return metrics_[static_cast<std::size_t>(m)]; }
  std::uint64_t operator[](Counter c) const noexcept { return counters_[static_cast<std::size_t>(c)]; }
  std::uint64_t operator[](ErrorClass c) const noexcept { return errors_[static_cast<std::size_t>(c)]; }
  std::uint64_t errors() const noexcept;
  /// Errors per attempt of anything: connections, joins, pushes, broadcasts.
  double error_rate() const noexcept;

  void merge(const Stats& other) noexcept;
  bool operator==(const Stats&) const = default;

  /// {"histograms":{…},"counters":{…},"errors":{…}}; empty ones are left out.
  Json to_json() const;
  static Result<Stats> from_json(const Json& json);

 private:
  std::vector<core::Histogram> metrics_;
  std::array<std::uint64_t, counter_count> counters_{};
  std::array<std::uint64_t, error_count> errors_{};
};

/// {"count","p50_us","p90_us","p99_us","p999_us","max_us","mean_us"}; 0 where nothing was counted.
Json summary_json(const core::Histogram& histogram);

/// One second of the run: increments, levels, and coarse histograms (16 steps an octave, sparse) of the three latencies people look at.
struct Second {
  enum Latency : std::uint8_t { join, reply, delivery, latencies };
  std::uint32_t t = 0;  ///< seconds since the start
  std::uint64_t connected = 0, joined = 0;
  std::array<std::uint64_t, counter_count> counters{};
  std::uint64_t errors = 0;
  std::uint64_t lag_max_us = 0, backlog_bytes = 0;
  double cpu = 0;  ///< seconds of CPU
  std::array<std::map<std::uint16_t, std::uint64_t>, latencies> cells;

  static std::uint16_t cell_of(std::uint64_t ns) noexcept { return static_cast<std::uint16_t>(core::Histogram::bucket_of(ns) >> 3); }
  static std::uint64_t lowest_of(std::uint16_t cell) noexcept { return core::Histogram::lowest_of(std::size_t{cell} << 3); }
  std::uint64_t percentile_ns(Latency which, double percent) const noexcept;

  void merge(const Second& other);
  Json to_json() const;
  static Result<Second> from_json(const Json& json);
  bool operator==(const Second&) const = default;
};
/// By second; rows of the same second add up.
using Series = std::map<std::uint32_t, Second>;
void merge_series(Series& into, const Series& from);

}  // namespace phx::load
