#include "app/options.hpp"

#include "app/live.hpp"

#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>
#include <phx/net/url.hpp>
#include <phx/scenario/capture_convert.hpp>
#include <phx/scenario/scenario.hpp>
#include <phx/scenario/yaml.hpp>

#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <random>
#include <thread>

namespace phx::load {

using cli::ExitCode;
using cli::Failure;

namespace {

constexpr double a_year = 365.0 * 86'400;

[[noreturn]] void usage(const std::string& what) { throw Failure(ExitCode::usage, what); }

std::string presets_text() {
  std::string out;
  for (const std::string& name : preset_names()) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::vector<Json> read_feeder(const std::string& plan_file, const std::string& feeder) {
  const auto path = std::filesystem::path(plan_file).parent_path() / feeder;
  auto rows = parse_rows(cli::read_file(path.string(), "feeder"), !feeder.ends_with(".jsonl") && !feeder.ends_with(".ndjson"));
  if (!rows) usage(path.string() + ": " + rows.error());
  return std::move(*rows);
}

/// Its users do what the recorded clients did: the scenario that the capture converts to.
Plan capture_plan(const std::string& text, const std::string& name) {
  const auto capture = scenario::read_capture(text);
  if (!capture) usage(name + ": " + capture.error().message);
  return scenario_plan(scenario::capture_to_scenario(*capture), name + " (as a scenario)");
}

Plan load_plan(const std::string& name) {
  if (auto plan = preset(name)) return std::move(*plan);
  if (name.find_first_of("./") == std::string::npos && !std::filesystem::exists(name))
    usage("there is no preset '" + name + "' and no such file; presets: " + presets_text());
  std::string feeder;
  try {
    const std::string text = cli::read_file(name, "plan");
    if (text.starts_with("{\"phxkit_capture\"")) return capture_plan(text, name);
    if (const auto file = scenario::Yaml::parse(text, name); file.is_mapping() && file.find("phxkit_scenario") != nullptr)
      return scenario_plan(text, name);
    Plan plan = parse_plan(text, name, feeder);
    if (!plan.scenario_file.empty()) {
      plan.scenario_file = (std::filesystem::path(name).parent_path() / plan.scenario_file).lexically_normal().string();
      play_scenario(plan, cli::read_file(plan.scenario_file, "scenario"));
    }
    if (!feeder.empty()) plan.rows = read_feeder(name, feeder);
    return plan;
  } catch (const scenario::FileError& e) { usage(e.what()); }
}

std::optional<Duration> time_of(const std::optional<double>& s, const std::string& flag) {
  if (s && !(*s <= a_year)) usage(flag + " must be at most a year, in seconds");
  return s ? std::optional(from_seconds(*s)) : std::nullopt;
}

Json object_argument(const std::string& text, const std::string& flag) {
  const auto json = parse_json(text);
  if (!json || !json->is_object()) usage(flag + " must be a JSON object, as in '{\"user_id\":\"u{{user}}\"}'");
  return *json;
}

void read_segment(const std::string& text, Plan& plan) {
  unsigned a = 0, b = 0;
  const char *const begin = text.data(), *const end = begin + text.size();
  const auto [slash, first] = std::from_chars(begin, end, a);
  const bool more = first == std::errc{} && slash != end && *slash == '/';
  const auto [last, second] = more ? std::from_chars(slash + 1, end, b) : std::from_chars_result{begin, std::errc::invalid_argument};
  if (second != std::errc{} || last != end || a < 1 || a > b || b > 10'000) usage("--segment must be A/B with 1 <= A <= B, as in 2/3");
  plan.segment = a;
  plan.segments = b;
}

/// The plan knows how many there are; which segment is ours is settled when all are there.
void read_fleet(const RunOptions& o, Plan& plan) {
  if (o.nats.empty() != o.fleet.empty()) usage("--nats URL and --fleet NAME go together");
  if (o.fleet.empty()) return;
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; };
  if (o.fleet.size() > 64 || !std::all_of(o.fleet.begin(), o.fleet.end(), fits)) usage("--fleet must be letters, digits, _ and -");
  if (o.segment != "1/1") usage("--segment and --fleet exclude each other: the fleet gives each member its segment");
  plan.segments = o.members;
}

void check_gate(const std::string& expr) {
  if (const auto gate = Gate::parse(expr); !gate) usage(gate.error());
}

void add_gates(const RunOptions& o, Plan& plan) {
  for (const std::string& expr : o.gates) plan.gates.push_back({.expr = expr});
  for (const std::string& expr : o.aborts) plan.gates.push_back({.expr = expr, .abort = true, .grace = from_seconds(o.abort_grace)});
  for (const GateSpec& gate : plan.gates) check_gate(gate.expr);
  for (const Stage& stage : plan.stages)
    for (const std::string& expr : stage.gates) check_gate(expr);
}

/// The users of all segments of one run count each other's messages; other runs do not.
std::uint32_t run_number(const Job& job, bool fleet) {
  if (job.plan.segments == 1 || fleet) return std::random_device{}() & 0xffffff;  // a fleet's coordinator decides
  return static_cast<std::uint32_t>(std::hash<std::string>{}(plan_identity(plan_json(job.plan)).dump() + job.url) & 0xffffff);
}

/// Everything that depends on rows and params is tried once, so that a mistake is told before anything connects.
void rehearse(const Job& job) {
  try {
    if (job.plan.scenario) check_scenario(job.plan, job.url);
  } catch (const scenario::FileError& e) { usage(e.what()); }
  for (const Profile& p : job.plan.profiles) {
    const Json* row = job.plan.rows.empty() ? nullptr : &job.plan.rows.front();
    const Json params = object_argument(fill(p.params, 0, 0, row), "--params");
    if (!core::websocket_url(job.url, params, "2.0.0")) usage("'" + job.url + "' is no URL such as ws://127.0.0.1:4000/socket");
    if (!parse_json(fill(p.join_payload, 0, 0, row))) usage("the join payload is not JSON");
    if (!p.payload.empty() && !parse_json(fill(p.payload, 0, 0, row))) usage("the payload is not JSON");
    if (fill(p.topic, 0, 0, row).empty()) usage("the topic is empty");
  }
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> out{};
  std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return out.data();
}

Json environment(const Job& job) {
  utsname system{};
  ::uname(&system);
  return obj("tool", cli::version_line("phx-load"), "host", system.nodename, "kernel", std::string(system.sysname) + " " + system.release,
             "machine", system.machine, "cores", std::thread::hardware_concurrency(), "processes", job.processes, "threads", job.threads,
             "transport_secure", job.url.starts_with("wss"), "sources", job.sources);
}

/// The panel or its lines, once a second, with what the watch says of the server.
std::function<void(const Series&)> live_view(const Job& job, std::shared_ptr<Live> live, const std::shared_ptr<TargetWatch>& target) {
  PanelFigures known{.name = job.plan.name, .url = job.url, .users = job.plan.peak_users(), .stages = job.plan.stages};
  return [known, live = std::move(live), target](const Series& series) mutable {
    known.series = series;
    known.notes.clear();
    if (target) {
      for (const std::string& line : target->take_trouble()) live->say(line);
      if (std::string note = target->note(); !note.empty()) known.notes.push_back(std::move(note));
    }
    live->show(known);
  };
}

std::int64_t steady_ns() { return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }
std::int64_t unix_ns() { return std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }

}  // namespace

void add_plan_options(CLI::App& c, RunOptions& o) {
  c.add_option("plan", o.plan, "a preset (" + presets_text() + "), a plan file, a scenario file or a capture")->required();
  c.add_option("--url", o.url, "ws://host:port/socket (the transport's suffix is added); only a scenario file may name its own");
  c.add_option("--users", o.overrides.users, "how many")->check(cli::check_count(1, 100'000'000));
  c.add_option("--rate", o.overrides.rate, "actions per second of all users together; of presets that only connect or join: arrivals")
      ->check(cli::check_number(0, 1e9));
  c.add_option("--ramp", o.ramp, "seconds in which the users arrive")->check(cli::check_seconds_or_none);
  c.add_option("--duration", o.duration, "seconds after that")->check(cli::check_seconds_or_none);
  c.add_option("--topic", o.overrides.topic, "topic to join; may hold {{user}} and {{topic}}");
  c.add_option("--topics", o.overrides.topics, "spread the users over so many topics, TOPIC:0, TOPIC:1, ...")
      ->check(cli::check_count(1, UINT32_MAX));
  c.add_option("--publishers", o.overrides.publishers, "only the first N users act; 0: all")->check(cli::check_count(0, UINT32_MAX));
  c.add_option("--event", o.overrides.event, "event to push or publish");
  c.add_option("--payload-bytes", o.overrides.payload_bytes, "size of the payload; a publish needs 42 for its stamp, below 11 it is {}")
      ->check(cli::check_count(0, 8'000'000));
  c.add_option("--inflight", o.overrides.inflight, "pushes under way per user, as fast as replies come, instead of a rate")
      ->check(cli::check_count(1, 64));
  c.add_option("--params", o.overrides.params, "connect params, a JSON object; may hold {{user}}");
  c.add_option("--join-payload", o.overrides.join_payload, "payload of the join, JSON");
  c.add_option("--hostile", o.overrides.hostile, "slow-reader, silent, half-open, oversize, bad-utf8 or join-flood");
  c.add_option("--transport", o.transport, "websocket or longpoll")->check(CLI::IsMember({"websocket", "longpoll"}));
  c.add_option("--vsn", o.vsn, "protocol version")->check(CLI::IsMember({"1.0.0", "2.0.0"}));
  c.add_option("--gate", o.gates, "a condition the figures must meet, as in 'join.p99 < 200ms'")->take_all()->allow_extra_args(false);
  c.add_option("--seed", o.seed, "of everything random")->check(cli::check_count(0));
  c.add_option("--timeout", o.timeout, "seconds for a connection, a join, a reply")->check(cli::check_seconds);
  c.add_option("--late", o.late, "a delivery is late after so many seconds")->check(cli::check_seconds);
  c.add_option("--drain", o.drain, "at most so many seconds for what is under way at the end")->check(cli::check_seconds_or_none);
  c.add_option("--processes", o.processes, "0: as many as the descriptor limit asks for")->check(cli::check_count(0, 256));
  c.add_option("--threads", o.threads, "per process; 0: chosen")->check(cli::check_count(0, 256));
  c.add_option("--source", o.sources, "local addresses to connect from, in turn")->delimiter(',');
  c.add_option("--connect-to", o.connect_to, "host:port to connect to instead of the URL's, several in turn: the nodes of a cluster")
      ->delimiter(',');
  c.add_option("--max-lag", o.max_lag, "scheduler lag p99 in seconds above which the generator is called overloaded")
      ->check(cli::check_seconds)
      ->capture_default_str();
  c.add_option("--ca-file", o.ca_file, "PEM file of the authorities to trust for wss://; default: the system's");
  c.add_flag("--insecure", o.insecure, "take any certificate of the server");
  c.add_flag("--json", o.json, "the result as one JSON line on stdout, also on a terminal");
  c.add_flag("--quiet", o.quiet, "no talk on stderr");
}

Job make_job(const RunOptions& o) {
  Job job;
  job.plan = load_plan(o.plan);
  job.url = !o.url.empty() || !job.plan.scenario ? o.url : job.plan.scenario->url;
  if (job.url.empty()) usage("where to? Say --url, as in --url ws://127.0.0.1:4000/socket");
  job.sources = o.sources;
  job.connect_to = o.connect_to;
  job.ca_file = o.ca_file;
  job.insecure = o.insecure;
  PlanOverrides overrides = o.overrides;
  overrides.ramp = time_of(o.ramp, "--ramp");
  overrides.duration = time_of(o.duration, "--duration");
  if (!o.transport.empty()) overrides.longpoll = o.transport == "longpoll";
  if (!o.vsn.empty()) overrides.v1 = o.vsn == "1.0.0";
  if (overrides.topics && !overrides.publishers && o.plan == "broadcast") overrides.publishers = overrides.topics;
  if (overrides.params) object_argument(*overrides.params, "--params");
  if (o.seed) job.plan.seed = *o.seed;
  job.plan.timeout = time_of(o.timeout, "--timeout").value_or(job.plan.timeout);
  job.plan.late_after = time_of(o.late, "--late").value_or(job.plan.late_after);
  job.plan.drain = time_of(o.drain, "--drain").value_or(job.plan.drain);
  try {
    apply(std::move(overrides), job.plan);
    read_segment(o.segment, job.plan);
    read_fleet(o, job.plan);
    add_gates(o, job.plan);
    if (!net::parse_url(job.url)) usage("'" + job.url + "' is no URL such as ws://127.0.0.1:4000/socket");
    rehearse(job);
  } catch (const std::invalid_argument& e) { usage(e.what()); }
  job.watch_gates =
      !o.aborts.empty() || std::any_of(job.plan.gates.begin(), job.plan.gates.end(), [](const GateSpec& g) { return g.abort; });
  job.run = run_number(job, !o.fleet.empty());
  choose_processes(job, o.processes, o.threads);
  return job;
}

Judged run_and_judge(Job job, const RunOptions& o, const std::function<bool()>& interrupted, bool live, const Runner& runner) {
  Judged out;
  Report& r = out.report;
  r.started = now_text();
  if (job.start_ns == 0) job.start_ns = steady_ns() + (job.processes > 1 ? 1'000'000'000 : 50'000'000);
  RunHooks hooks{.interrupted = interrupted};
  const auto target = o.target.any() ? std::make_shared<TargetWatch>(o.target, Instant(std::chrono::nanoseconds(job.start_ns))) : nullptr;
  if (live) hooks.on_second = live_view(job, std::make_shared<Live>(o.json), target);
  RunOutcome outcome;
  try {
    outcome = runner(job, hooks);
  } catch (const std::invalid_argument& e) { usage(e.what()); } catch (const std::system_error&) {
    throw;  // ours, not the server's: exit 1
  } catch (const std::runtime_error& e) { throw Failure(ExitCode::cannot_connect, e.what()); }
  r.plan = plan_json(job.plan);
  r.name = job.plan.name;
  r.url = job.url;
  r.fleet = std::move(outcome.fleet);
  r.segment = r.fleet.is_null() ? job.plan.segment : 1;  // a fleet's result is the whole
  r.segments = r.fleet.is_null() ? job.plan.segments : 1;
  r.seconds = outcome.seconds;
  r.interrupted = outcome.interrupted;
  r.aborted_by = outcome.aborted_by;
  r.gates = job.plan.gates;
  r.stages = job.plan.stages;
  r.max_lag_us = o.max_lag * 1e6;
  r.environment = environment(job);
  r.part = std::move(outcome.part);
  if (target) r.target = target->to_json();
  r.ledger_zero_ns = steady_ns() - unix_ns();
  r.keep_ledger = r.segments > 1;
  out.result = evaluate(r);
  return out;
}

namespace {

/// Of a run that got nowhere; nullopt: it got somewhere.
std::optional<ExitCode> nowhere(const Stats& total, const UserCounts& users) {
  if (total[Counter::scenarios] > 0) return std::nullopt;  // it may want to be refused
  // A handshake that stalls is no refusal: only time has run out. Without TCP connections it is the network's.
  if (total[Counter::attempts] > 0 && users.connected == 0)
    return total[ErrorClass::connect_timeout] == total.errors() && !total[Metric::tcp].empty() ? ExitCode::timed_out
                                                                                               : ExitCode::cannot_connect;
  if (total[Counter::join_attempts] > 0 && users.joined == 0)
    return total[ErrorClass::join_timeout] == total.errors() ? ExitCode::timed_out : ExitCode::check_failed;
  return total[Counter::scenarios_failed] > 0 ? std::optional(ExitCode::check_failed) : std::nullopt;
}

}  // namespace

cli::ExitCode exit_code(const Judged& j) {
  if (j.report.interrupted) return ExitCode::interrupted;
  if (j.report.aborted_by) return ExitCode::aborted;
  if (const auto code = nowhere(j.report.part.total(), j.result.users)) return *code;
  if (!j.result.overloaded.empty()) return ExitCode::overloaded;
  return j.result.gates_pass ? ExitCode::pass : ExitCode::gate_failed;
}

}  // namespace phx::load
