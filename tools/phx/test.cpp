// phx test FILE|DIR...: scenario files against a server.
#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>
#include <phx/scenario/report.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "command.hpp"
#include "connect_options.hpp"
#include "test_runner.hpp"

namespace phx::cli {
namespace {

namespace fs = std::filesystem;
using namespace scenario;

struct TestOptions : ConnectOptions {
  std::vector<std::string> paths, tags, excluded;
  std::string junit, tap, html, capture_dir;
  std::size_t jobs = 4;
  std::uint32_t retries = 0;
  std::optional<std::uint64_t> seed;
  bool watch = false;
};

/// A scenario file as its folder shows it: fragments for `include` and mock files live beside it.
bool looks_like_scenario(const fs::path& path) {
  if (path.extension() != ".yaml" && path.extension() != ".yml") return false;
  return ("\n" + read_text_file(path.string())).find("\nphxkit_scenario:") != std::string::npos;
}

std::vector<std::string> files_of(const TestOptions& options) {
  std::vector<std::string> out;
  for (const std::string& path : options.paths) {
    if (!fs::exists(path)) throw Failure(ExitCode::usage, "'" + path + "' does not exist");
    if (!fs::is_directory(path)) {
      out.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file() && looks_like_scenario(entry.path())) found.push_back(entry.path().string());
    if (found.empty()) throw Failure(ExitCode::usage, "there is no scenario in '" + path + "': no .yaml file with 'phxkit_scenario: 1'");
    std::ranges::sort(found);
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

class TestCommand {
 public:
  explicit TestCommand(const TestOptions& options)
      : options_(options), pretty_(options.output.pretty || (isatty(STDOUT_FILENO) == 1 && !options.output.json)), out_(options.output) {
    const char* no_color = std::getenv("NO_COLOR");
    style_.colour = isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
  }

  ExitCode run() {
    runner_options_.base = socket_options(options_);
    runner_options_.base.proxy_from_environment = false;
    runner_options_.url = options_.url;
    runner_options_.jobs = options_.jobs;
    runner_options_.retries = options_.retries;
    runner_options_.capture_folder = capture_folder(options_.capture_dir);
    TestRunner runner;
    for (;;) {
      runner_options_.seed =
          options_.seed.value_or(static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) % 1'000'000);
      const auto seen = times();
      const ExitCode code = once(runner);
      if (!options_.watch || code == ExitCode::interrupted) return code;
      out_.talk("watching for changes; Ctrl-C ends");
      if (!runner.wait_until([&] { return times() != seen; })) return ExitCode::interrupted;
    }
  }

 private:
  ExitCode once(TestRunner& runner) {
    TestReport report;
    TestRunner::Scenarios scenarios;
    if (!load(scenarios, report.skipped)) return ExitCode::usage;
    const bool whole = runner.run(
        scenarios, runner_options_, [this](const ScenarioReport& r) { show(r); }, report);
    if (!whole) return ExitCode::interrupted;
    if (pretty_)
      print(summary_text(report) + "\n");
    else
      out_.talk(summary_text(report));
    if (!options_.junit.empty()) write_file(options_.junit, junit_xml(report));
    if (!options_.tap.empty()) write_file(options_.tap, tap_text(report));
    if (!options_.html.empty()) write_file(options_.html, html_page(report));
    return code_of(report);
  }

  /// Every bad file is told before anything runs.
  bool load(TestRunner::Scenarios& out, std::size_t& skipped) {
    bool good = true;
    for (const std::string& file : files_of(options_)) {
      try {
        Scenario s = load_scenario(file);
        if (options_.timeout_seconds) s.timeout = options_.timeout_or({});
        if (!wanted(s))
          ++skipped;
        else
          out.push_back(std::make_shared<const Scenario>(std::move(s)));
      } catch (const FileError& e) {
        std::fprintf(stderr, "phx: %s\n", e.what());
        good = false;
      }
    }
    return good;
  }

  bool wanted(const Scenario& s) const {
    const auto has = [&](const std::string& tag) { return std::ranges::find(s.tags, tag) != s.tags.end(); };
    return (options_.tags.empty() || std::ranges::any_of(options_.tags, has)) && std::ranges::none_of(options_.excluded, has);
  }

  void show(const ScenarioReport& r) {
    if (pretty_)
      print(terminal_text(r, style_));
    else
      out_.data(to_json(r));
  }

  /// A failed assertion outweighs a server that could not be reached.
  static ExitCode code_of(const TestReport& report) {
    ExitCode code = ExitCode::pass;
    for (const ScenarioReport& r : report.scenarios) {
      if (!r.failure) continue;
      const bool timeout = r.failure->kind == FailureKind::timeout || r.failure->kind == FailureKind::connect_timeout;
      const ExitCode own = timeout                                          ? ExitCode::timed_out
                           : r.failure->kind == FailureKind::cannot_connect ? ExitCode::cannot_connect
                                                                            : ExitCode::check_failed;
      if (code == ExitCode::pass || own == ExitCode::check_failed) code = own;
    }
    return code;
  }

  std::map<std::string, fs::file_time_type> times() const {
    std::map<std::string, fs::file_time_type> out;
    const auto add = [&](const fs::path& path) {
      std::error_code ignored;  // a file that is being replaced: the next look sees it
      out[path.string()] = fs::last_write_time(path, ignored);
    };
    for (const std::string& path : options_.paths) {
      const fs::path folder = fs::is_directory(path) ? fs::path(path) : fs::absolute(path).parent_path();  // what it includes is near
      std::error_code ignored;
      for (const auto& entry : fs::recursive_directory_iterator(folder, ignored))
        if (entry.path().extension() == ".yaml" || entry.path().extension() == ".yml") add(entry.path());
      add(path);
    }
    return out;
  }

  const TestOptions& options_;
  bool pretty_;
  Style style_;
  Output out_;
  RunnerOptions runner_options_;
};

}  // namespace

void add_test(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<TestOptions>();
  options->transport = "websocket";
  CLI::App* command = app.add_subcommand("test", "run scenario files against a server and check what they expect");
  command->add_option("paths", options->paths, "scenario files, or folders with them")->required();
  add_connect_flags(*command, *options, false);
  command->add_option("--url", options->url, "instead of the scenarios' own");
  command->add_option("--tag", options->tags, "only scenarios with this tag; may be repeated")->take_all()->allow_extra_args(false);
  command->add_option("--exclude", options->excluded, "no scenarios with this tag; may be repeated")->take_all()->allow_extra_args(false);
  command->add_option("--jobs", options->jobs, "scenarios at a time")->check(check_count(1, 1000));
  command->add_option("--retry", options->retries, "further attempts of a failed scenario")->check(check_count(0, 100));
  command->add_option("--seed", options->seed, "of all random values; the summary names the one that was used");
  command->add_flag("--watch", options->watch, "run again when a file changes");
  command->add_option("--junit", options->junit, "write a JUnit report");
  command->add_option("--tap", options->tap, "write a TAP report");
  command->add_option("--html", options->html, "write a page with a timeline per actor");
  command->add_option(
      "--capture-dir", options->capture_dir,
      "where failed scenarios leave a capture of what passed; default: PHX_TEST_CAPTURES, else phx-captures in the temporary folder");
  command->callback([options, &chosen] { chosen = [options] { return TestCommand(*options).run(); }; });
}

}  // namespace phx::cli
