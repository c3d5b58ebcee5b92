#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/load/gate.hpp>
#include <phx/load/ledger.hpp>
#include <phx/load/plan.hpp>
#include <phx/load/statistics.hpp>

namespace phx::load {

inline constexpr int result_version = 1;

/// What the generator knows about itself.
struct Generator {
  double cpu_seconds = 0;
  double busiest_thread = 0;  ///< its CPU time by the time of the run, 0 to 1
  std::uint64_t retransmits = 0, descriptors = 0, descriptor_limit = 0, backlog_max_bytes = 0, resident_bytes = 0;
  std::uint32_t threads = 0, processes = 0;
  std::vector<std::string> trouble;  ///< "worker 2 died"

  void merge(const Generator& other);
  Json to_json() const;
  static Generator from_json(const Json& json);  ///< throws Json::exception
};

/// The figures of one shard, of a process, of the whole run: parts merge exactly, in any order.
struct RunPart {
  std::vector<Stats> stages;
  Ledger ledger;
  UserCounts users;
  Series series;
  Generator generator;
  std::string refusal;

  void merge(RunPart&& other);
  Stats total() const;
  /// ledger_zero: see Ledger::to_json.
  Json to_json(std::int64_t ledger_zero_ns) const;
  static Result<RunPart> from_json(const Json& json);
};

/// A finished run.
struct Report {
  Json plan;                       ///< as plan_json gives it
  std::string name, url, started;  ///< started: RFC 3339
  std::uint32_t segment = 1, segments = 1;
  double seconds = 0;
  bool interrupted = false;
  std::optional<std::string> aborted_by;  ///< the gate
  std::vector<GateSpec> gates;
  std::vector<Stage> stages;
  double max_lag_us = 100'000;   ///< p99 of the scheduler's lag above which the generator is called overloaded; of a merge the largest
  bool segments_judged = false;  ///< generator.trouble has what each segment says of itself: the whole is not judged again
  Json environment;
  Json
      fleet;  ///< {"name","members":[{"segment","host","clock_offset_us","clock_error_us","clock_drift_us","died","reports_lost"}]}, or null
  Json target;  ///< TargetLog::to_json(); null: the server was not watched
  RunPart part;
  std::int64_t ledger_zero_ns = 0;
  bool keep_ledger = false;  ///< segments keep their books, so that merge is exact
};

/// Everything that result.json says, and what the exit code hangs on.
struct RunResult {
  Json json;
  std::vector<GateResult> gates;
  std::vector<std::string> overloaded;  ///< reasons; empty: trustworthy
  UserCounts users;
  Deliveries deliveries;
  bool gates_pass = true;
};
RunResult evaluate(const Report& report);

/// The report of several result.json of one run's segments. Each was judged by its own limits, and that stands: among the others'
/// figures a segment that came late would not show. Throws std::invalid_argument that names the file and why.
Report merge_results(const std::vector<std::pair<std::string, Json>>& files);

/// Reports for CI.
std::string junit_xml(const Json& result);
std::string markdown(const Json& result);
/// The table on the terminal.
std::string text_table(const Json& result);

}  // namespace phx::load
