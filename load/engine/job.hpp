#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/load/plan.hpp>

namespace phx::load {

/// What one process has to do: everything a worker needs to know.
struct Job {
  Plan plan;
  std::string url;
  std::vector<std::string> connect_to;  ///< host:port, in turn, instead of the URL's
  std::vector<std::string> sources;
  std::string ca_file;
  bool insecure = false;
  std::uint32_t run = 0;
  std::uint32_t process = 0, processes = 1, threads = 1;
  std::int64_t start_ns = 0;        ///< of the run's clock; 0: not fixed yet
  std::int64_t clock_ahead_ns = 0;  ///< of the run's clock against the monotonic clock, which all processes of a machine share
  bool watch_gates = false;         ///< cumulative figures every second, for gates that abort

  /// Shard `thread` of this process has the users n with n % parts() == part(thread).
  std::uint32_t parts() const noexcept { return plan.segments * processes * threads; }
  std::uint32_t part(std::uint32_t thread) const noexcept { return plan.segment - 1 + plan.segments * (process * threads + thread); }

  Json to_json() const;
  static Job from_json(const Json& json);  ///< throws std::exception
};

}  // namespace phx::load
