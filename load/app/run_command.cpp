#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>
#include <phx/load/html_report.hpp>
#include <phx/net/url.hpp>

#include <unistd.h>

#include <cstdio>

#include "app/options.hpp"

namespace phx::load {

using cli::ExitCode;

namespace {

/// What a script reads from stdout: everything but the raw figures, which are in --out.
Json short_form(const Json& result) {
  Json out = result;
  for (const char* key : {"series", "histograms", "counters", "ledger", "stages", "plan", "target"}) out.erase(key);
  out["deliveries"].erase("topics");
  return out;
}

void print(const Json& result, const RunOptions& o) {
  if (!o.json && isatty(STDOUT_FILENO) == 1) {
    cli::print(text_table(result));
    return;
  }
  if (!o.quiet) std::fputs(text_table(result).c_str(), stderr);
  cli::Output({.json = true}).data(short_form(result));
}

void check_target(const TargetOptions& target) {
  if (!target.series.empty() && target.metrics_url.empty()) throw cli::Failure(ExitCode::usage, "--target-series needs --target-metrics");
  if (target.metrics_url.empty()) return;
  const auto url = net::parse_url(target.metrics_url);
  if (!url || !url->scheme.starts_with("http"))
    throw cli::Failure(ExitCode::usage, "--target-metrics '" + target.metrics_url + "' is no URL such as http://127.0.0.1:9568/metrics");
}

/// A file that cannot be written does not keep the others from being written.
class Files {
 public:
  void write(const std::string& path, const std::function<std::string()>& text) {
    try {
      if (!path.empty()) cli::write_file(path, text());
    } catch (const cli::Failure& why) {
      if (!failed_) failed_ = why;
    }
  }
  void done() const {
    if (failed_) throw *failed_;
  }

 private:
  std::optional<cli::Failure> failed_;
};

/// Files, output, and what the exit code cannot say.
void deliver(const Json& result, ExitCode code, const RunOptions& o) {
  std::string text = result.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  Files files;
  files.write(o.out, [&] { return text; });
  files.write(o.html, [&] { return html_report(read_result(o.out.empty() ? "result.json" : o.out, text)); });
  files.write(o.junit, [&] { return junit_xml(result); });
  files.write(o.markdown, [&] { return markdown(result); });
  print(result, o);
  const std::string refusal = result.at("refusal").get<std::string>();
  if (code == ExitCode::cannot_connect && !o.quiet)
    std::fprintf(stderr, "phx-load: nobody could connect to %s%s%s\n", result.at("url").get<std::string>().c_str(),
                 refusal.empty() ? "" : ": ", refusal.c_str());
  if (code == ExitCode::timed_out && !o.quiet)
    std::fprintf(stderr, "phx-load: %s; --timeout says how long to wait\n",
                 result.at("users").at("connected") == 0 ? "no handshake came to an end in time" : "no join was answered in time");
  if (code == ExitCode::check_failed && !o.quiet)
    std::fprintf(stderr, "phx-load: nobody could %s: %s\n",
                 result.at("plan").contains("scenario") ? "play the scenario to its end" : "join", refusal.c_str());
  files.done();
}

ExitCode run_command(const RunOptions& o) {
  check_target(o.target);
  for (const auto& [path, flag] : {std::pair{&o.out, "--out"}, {&o.html, "--html"}, {&o.junit, "--junit"}, {&o.markdown, "--markdown"}})
    cli::check_writable(*path, flag);
  const cli::EndSignals signals;
  const auto interrupted = [&] { return signals.wait_for(std::chrono::milliseconds(10)).has_value(); };
  Job job = make_job(o);
  if (!o.fleet.empty()) {
    const FleetRun run = run_in_fleet(std::move(job), o, interrupted);
    if (!run.result.is_null()) deliver(run.result, run.code, o);
    return run.code;
  }
  const Judged judged = run_and_judge(std::move(job), o, interrupted, !o.quiet);
  const ExitCode code = exit_code(judged);
  deliver(judged.result.json, code, o);
  return code;
}

}  // namespace

void add_run(CLI::App& app, Command& chosen) {
  CLI::App* c = app.add_subcommand("run", "put load on a server and judge it");
  auto o = std::make_shared<RunOptions>();
  add_plan_options(*c, *o);
  c->add_option("--segment", o->segment, "A/B: part A of B of the run; `merge` adds the results")->capture_default_str();
  c->add_option("--nats", o->nats, "nats://host:port where the members of a fleet meet");
  c->add_option("--fleet", o->fleet, "name of the fleet: all members with this name and the same flags make one run");
  c->add_option("--members", o->members, "how many members the fleet has")->check(cli::check_count(1, 10'000))->capture_default_str();
  c->add_option("--fleet-wait", o->fleet_wait, "seconds to wait for all members")->check(cli::check_seconds)->capture_default_str();
  c->add_option("--abort", o->aborts, "a gate that ends the run as soon as it fails (exit 7)")->take_all()->allow_extra_args(false);
  c->add_option("--abort-grace", o->abort_grace, "seconds before --abort gates are looked at")->check(cli::check_seconds_or_none);
  c->add_option("--out", o->out, "result.json: all figures, raw histograms, time series");
  c->add_option("--html", o->html, "the report as one HTML file, readable without network");
  c->add_option("--target-pid", o->target.pid, "a process of this machine to watch: CPU, memory, descriptors, threads")
      ->check(cli::check_count(1, 4'194'304));
  c->add_option("--target-metrics", o->target.metrics_url, "http://host:port/metrics of the server, Prometheus text");
  c->add_option("--target-series", o->target.series, "names to take of --target-metrics; default: the first dozen")->delimiter(',');
  c->add_option("--junit", o->junit, "gates as a JUnit file");
  c->add_option("--markdown", o->markdown, "summary for a pull request");
  c->callback([&chosen, o] { chosen = [o] { return run_command(*o); }; });
}

}  // namespace phx::load
