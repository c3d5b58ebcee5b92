#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <phx/cli/exit_code.hpp>
#include <phx/load/plan.hpp>
#include <phx/load/result.hpp>

#include "engine/job.hpp"
#include "engine/run.hpp"
#include "engine/target_watch.hpp"

namespace CLI {
class App;
}

namespace phx::load {

/// Raw flags of `run` and `search`.
struct RunOptions {
  std::string plan, url, transport, vsn, segment = "1/1";
  std::optional<double> ramp, duration, timeout, late, drain;
  std::optional<std::uint64_t> seed;
  PlanOverrides overrides;
  std::vector<std::string> gates, aborts, sources, connect_to;
  double abort_grace = 0, max_lag = 0.1;
  std::uint32_t processes = 0, threads = 0;
  std::string ca_file, out, junit, markdown, html;
  TargetOptions target;
  bool insecure = false, json = false, quiet = false;
  std::string nats, fleet;
  std::uint32_t members = 1;
  double fleet_wait = 60;
};

/// What both say about the plan and the target.
void add_plan_options(CLI::App& command, RunOptions& options);

/// The job as the flags have it. Throws Failure(usage) that names the flag or the place in the file.
Job make_job(const RunOptions& options);

/// Runs it and judges it. interrupted: asked every few milliseconds. live: a line per second on stderr.
struct Judged {
  Report report;
  RunResult result;
};
using Runner = std::function<RunOutcome(const Job&, const RunHooks&)>;
Judged run_and_judge(Job job, const RunOptions& options, const std::function<bool()>& interrupted, bool live, const Runner& runner = run);

/// 3 when nobody could connect, 4 when everybody was refused, and so on.
cli::ExitCode exit_code(const Judged& judged);

/// As a member of a fleet: the same result and exit code for each.
struct FleetRun {
  Json result;  ///< null: interrupted before it began
  cli::ExitCode code = cli::ExitCode::interrupted;
};
FleetRun run_in_fleet(Job job, const RunOptions& options, const std::function<bool()>& interrupted);

using Command = std::function<cli::ExitCode()>;
void add_run(CLI::App& app, Command& chosen);
void add_merge(CLI::App& app, Command& chosen);
void add_search(CLI::App& app, Command& chosen);
void add_report(CLI::App& app, Command& chosen);
void add_compare(CLI::App& app, Command& chosen);

}  // namespace phx::load
