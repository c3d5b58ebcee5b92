#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <random>

#include "app/options.hpp"
#include "engine/fleet.hpp"

namespace phx::load {

using cli::ExitCode;
using cli::Failure;

namespace {

std::string random_id() {
  std::random_device random;
  std::array<char, 17> out{};
  std::snprintf(out.data(), out.size(), "%08x%08x", random(), random());
  return out.data();
}

std::string host_and_pid() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + ":" + std::to_string(::getpid());
}

/// Equal flags give equal plans; threads and processes are each member's own business.
std::string plan_digest(const Job& job) {
  std::string text = cli::version_line("phx-load") + plan_identity(plan_json(job.plan)).dump() + job.plan.scenario_text + job.url;
  for (const Json& row : job.plan.rows) text += row.dump();
  return std::to_string(std::hash<std::string>{}(text));
}

FleetOptions fleet_options(const Job& job, const RunOptions& o) {
  FleetOptions out;
  out.id = random_id();
  out.host = host_and_pid();
  out.plan = plan_digest(job);
  out.members = o.members;
  out.run = job.run;
  out.wait = from_seconds(o.fleet_wait);
  return out;
}

ExitCode code_of(FleetFailure why) {
  switch (why) {
    case FleetFailure::timed_out: return ExitCode::timed_out;
    case FleetFailure::other_plan: return ExitCode::usage;
    case FleetFailure::refused:
    case FleetFailure::coordinator_lost:
    case FleetFailure::member_lost: return ExitCode::error;
  }
  return ExitCode::error;
}

FleetRun coordinate(Fleet& fleet, Job job, const RunOptions& o, const std::function<bool()>& interrupted) {
  const Judged judged = run_and_judge(std::move(job), o, interrupted, !o.quiet,
                                      [&fleet](const Job& whole, const RunHooks& hooks) { return fleet.coordinate(whole, hooks); });
  FleetRun out{judged.result.json, exit_code(judged)};
  try {
    fleet.end(static_cast<int>(out.code), out.result.dump(-1, ' ', false, Json::error_handler_t::replace));
  } catch (const std::runtime_error& e) { std::fprintf(stderr, "phx-load: the members do not get the result: %s\n", e.what()); }
  return out;
}

FleetRun follow(Fleet& fleet, const Job& job, const std::function<bool()>& interrupted) {
  const FleetOver over = fleet.follow(job, interrupted);
  auto result = parse_json(over.result);
  if (!result) throw Failure(ExitCode::error, "the coordinator's result is damaged");
  return {std::move(*result), static_cast<ExitCode>(over.code)};
}

}  // namespace

FleetRun run_in_fleet(Job job, const RunOptions& o, const std::function<bool()>& interrupted) {
  try {
    Fleet fleet(o.nats, o.fleet, fleet_options(job, o));
    if (!o.quiet) std::fprintf(stderr, "phx-load: waiting for the %u members of fleet %s\n", o.members, o.fleet.c_str());
    if (!fleet.gather(job, interrupted)) return {};
    if (!o.quiet)
      std::fprintf(stderr, "phx-load: segment %u of %u%s\n", job.plan.segment, job.plan.segments,
                   fleet.coordinator() ? "; this member coordinates and shows the whole" : "");
    return fleet.coordinator() ? coordinate(fleet, std::move(job), o, interrupted) : follow(fleet, job, interrupted);
  } catch (const FleetError& e) { throw Failure(code_of(e.why()), "fleet " + o.fleet + ": " + e.what()); } catch (const Failure&) {
    throw;
  } catch (const std::invalid_argument& e) { throw Failure(ExitCode::usage, e.what()); } catch (const std::runtime_error& e) {
    throw Failure(ExitCode::cannot_connect, e.what());
  }
}

}  // namespace phx::load
