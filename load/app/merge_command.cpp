#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>

#include "app/options.hpp"

namespace phx::load {

using cli::ExitCode;
using cli::Failure;

namespace {

ExitCode merge(const std::vector<std::string>& files, const std::string& out, const std::vector<std::string>& gates) {
  cli::check_writable(out, "--out");
  std::vector<std::pair<std::string, Json>> parts;
  for (const std::string& file : files) {
    auto json = parse_json(cli::read_file(file, "result"));
    if (!json) throw Failure(ExitCode::usage, file + ": not JSON");
    parts.emplace_back(file, std::move(*json));
  }
  Judged judged;
  try {
    judged.report = merge_results(parts);
    for (const std::string& expr : gates) {
      if (const auto gate = Gate::parse(expr); !gate) throw std::invalid_argument(gate.error());
      judged.report.gates.push_back({.expr = expr});
    }
  } catch (const std::invalid_argument& e) { throw Failure(ExitCode::usage, e.what()); }
  judged.result = evaluate(judged.report);
  cli::write_file(out, judged.result.json.dump() + "\n");
  cli::print(text_table(judged.result.json));
  return exit_code(judged);
}

}  // namespace

void add_merge(CLI::App& app, Command& chosen) {
  struct Options {
    std::vector<std::string> files, gates;
    std::string out;
  };
  CLI::App* c = app.add_subcommand("merge", "add the results of the segments of one run");
  auto o = std::make_shared<Options>();
  c->add_option("files", o->files, "result.json of each segment")->required();
  c->add_option("--out", o->out, "the whole as result.json")->required();
  c->add_option("--gate", o->gates, "a further condition")->take_all()->allow_extra_args(false);
  c->callback([&chosen, o] { chosen = [o] { return merge(o->files, o->out, o->gates); }; });
}

}  // namespace phx::load
