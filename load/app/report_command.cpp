#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/load/compare.hpp>
#include <phx/load/html_report.hpp>

#include <stdexcept>

#include "app/options.hpp"

namespace phx::load {

using cli::ExitCode;
using cli::Failure;

namespace {

LoadedResult load_result(const std::string& file) {
  try {
    return read_result(file, cli::read_file(file, "result"));
  } catch (const std::invalid_argument& e) { throw Failure(ExitCode::usage, e.what()); }
}

struct CompareFlags {
  std::vector<std::string> files;
  std::string html;
  double threshold = 5;
  bool json = false, fail = false;
};

ExitCode compare_command(const CompareFlags& o) {
  cli::check_writable(o.html, "--html");
  std::vector<LoadedResult> results;
  for (const std::string& file : o.files) results.push_back(load_result(file));
  std::vector<Comparison> comparisons;
  bool worse = false;
  for (std::size_t i = 1; i < results.size(); ++i) {
    comparisons.push_back(compare(results[0], results[i], {.threshold = o.threshold / 100}));
    worse = worse || comparisons.back().count(Verdict::worse) > 0;
  }
  if (!o.html.empty()) cli::write_file(o.html, compare_html(results, comparisons));
  if (o.json)
    cli::Output({.json = true}).data(compare_json(comparisons));
  else
    cli::print(compare_text(comparisons));
  return o.fail && worse ? ExitCode::gate_failed : ExitCode::pass;
}

}  // namespace

void add_report(CLI::App& app, Command& chosen) {
  struct Flags {
    std::string file, html;
  };
  CLI::App* c = app.add_subcommand("report", "show a result.json: the table on stdout, and one HTML file");
  auto o = std::make_shared<Flags>();
  c->add_option("file", o->file, "result.json of a run or a merge")->required();
  c->add_option("--html", o->html, "one file with everything inside, readable without network");
  c->callback([&chosen, o] {
    chosen = [o] {
      cli::check_writable(o->html, "--html");
      const LoadedResult result = load_result(o->file);
      if (!o->html.empty()) cli::write_file(o->html, html_report(result));
      cli::print(text_table(result.json));
      return ExitCode::pass;
    };
  });
}

void add_compare(CLI::App& app, Command& chosen) {
  CLI::App* c = app.add_subcommand("compare", "hold runs against a baseline: better, worse, same");
  auto o = std::make_shared<CompareFlags>();
  c->add_option("files", o->files, "result.json of the baseline, then of the others")->required()->expected(2, 9);
  c->add_option("--html", o->html, "the comparison as one HTML file");
  c->add_option("--threshold", o->threshold, "smaller changes are the same, in percent")
      ->check(cli::check_number(0, 1000))
      ->capture_default_str();
  c->add_flag("--json", o->json, "one JSON line instead of the table");
  c->add_flag("--fail-if-worse", o->fail, "exit 5 when any figure is worse");
  c->callback([&chosen, o] { chosen = [o] { return compare_command(*o); }; });
}

}  // namespace phx::load
