#include "mock_command.hpp"

#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>
#include <phx/mock/mock_server.hpp>
#include <phx/scenario/capture_convert.hpp>
#include <phx/scenario/yaml.hpp>
#include <phx/server/log_lines.hpp>

#include <cstdio>

#include "logging.hpp"
#include "options.hpp"

namespace phx::app {

using cli::ExitCode;
using cli::Failure;

namespace {

constexpr auto look_again = std::chrono::milliseconds(200);

mock::MockFile parse(const std::string& text, const std::string& file) {
  try {
    return mock::MockFile::parse(text, file);
  } catch (const scenario::FileError& e) { throw Failure(ExitCode::usage, e.what()); }
}

mock::MockFile first_file(const MockOptions& options) {
  if (options.file.empty() == options.replay.empty())
    throw Failure(ExitCode::usage, "name either a mock file or --replay CAPTURE, as in 'phx-server mock chat.yaml'");
  if (!options.file.empty()) return parse(cli::read_file(options.file, "the mock file"), options.file);
  const auto capture = scenario::read_capture(cli::read_file(options.replay, "--replay"));
  if (!capture) throw Failure(ExitCode::usage, options.replay + ": " + capture.error().message);
  return parse(scenario::capture_to_mock(*capture), options.replay + " (as a mock)");
}

scenario::FaultSteps faults(const MockOptions& options) {
  scenario::FaultSteps out;
  for (const std::string& text : options.faults) {
    const auto json = parse_json(text);
    const auto steps = scenario::parse_fault(json && json->is_object() ? *json : obj("scenario", text));
    if (!steps) throw Failure(ExitCode::usage, "--fault: " + steps.error());
    out.insert(out.end(), steps->begin(), steps->end());
  }
  return out;
}

/// A bad edit keeps what there was.
void read_again(mock::MockServer& server, const std::string& path) {
  try {
    const bool whole = server.reload(parse(cli::read_file(path, "the mock file"), path));
    write_log(server::Level::info, "read again: " + path);
    if (!whole) write_log(server::Level::warning, "sockets and routes of " + path + " have changed: they need a restart");
  } catch (const Failure& e) {
    write_log(server::Level::error, std::string("not used, the old one stays: ") + e.what());
    server.journal().note(std::string("bad edit, not used: ") + e.what(), std::chrono::steady_clock::now());
  }
}

std::string lines_of(mock::Journal& journal) {
  std::string out;
  for (const Json& entry : journal.entries({}, SIZE_MAX)) out += entry.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return out;
}

ExitCode report(mock::Journal& journal, const MockOptions& options) {
  if (!options.journal.empty()) cli::write_file(options.journal, lines_of(journal));
  cli::Output({.json = true}).data(obj("journal", journal.summary()));
  const auto unmet = journal.unmet();
  const std::string& name = options.file.empty() ? options.replay : options.file;
  for (const std::string& what : unmet) std::fprintf(stderr, "phx-server: %s, %s\n", name.c_str(), what.c_str());
  return unmet.empty() ? ExitCode::pass : ExitCode::check_failed;
}

}  // namespace

CLI::App* add_mock(CLI::App& app, MockOptions& o) {
  CLI::App* command = app.add_subcommand("mock", "serve what a mock file scripts, or what a capture recorded, until SIGTERM");
  command->fallthrough()->configurable(false);
  command->add_option("file", o.file, "mock file (YAML); read again when it changes");
  command->add_option("--replay", o.replay, "capture to answer from, instead of a file");
  command->add_option("--fault", o.faults, R"(a fault, as in '{"drop":{"event":"new_msg","nth":10}}' or deploy; may be repeated)")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--seed", o.seed, "of faults and templates")->capture_default_str();
  command->add_option("--journal", o.journal, "file for everything that passed, written at the end");
  command->footer(
      "Where it listens is said as for phx-server itself: --host ADDRESS (default 127.0.0.1), --port N (default 4000; 0 takes a free one); "
      "--log-level too.");
  return command;
}

ExitCode run_mock(const MockOptions& options, const Options& server) {
  cli::check_writable(options.journal, "--journal");
  const cli::EndSignals signals;
  open_log(server.log_level);
  server::LineLogger log(log_options(server.log_level, server.filter_parameters), &write_log);
  mock::MockServerOptions how;
  how.host = server.host;
  how.port = static_cast<std::uint16_t>(server.port);
  how.seed = options.seed;
  how.faults = faults(options);
  how.observer = &log;
  mock::FileWatch watch(options.file);
  mock::MockServer mock(first_file(options), std::move(how));
  if (const auto started = mock.start(); !started)
    throw Failure(ExitCode::error,
                  "cannot listen on " + server.host + ":" + std::to_string(server.port) + ": " + started.error().message());
  cli::say_listening(server.host, mock.port());
  while (!signals.wait_for(look_again))
    if (!options.file.empty() && watch.changed()) read_again(mock, options.file);
  mock.stop();
  return report(mock.journal(), options);
}

}  // namespace phx::app
