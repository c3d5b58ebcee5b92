#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/program.hpp>

#include "app/options.hpp"
#include "engine/worker_process.hpp"

int main(int argc, char** argv) {
  using namespace phx;
  CLI::App app{"Load for Phoenix servers: thousands of users, honest figures, gates", "phx-load"};
  app.set_version_flag("--version", cli::version_line("phx-load"));
  app.require_subcommand(1);
  load::Command chosen;
  load::add_run(app, chosen);
  load::add_merge(app, chosen);
  load::add_search(app, chosen);
  load::add_report(app, chosen);
  load::add_compare(app, chosen);
  app.add_subcommand("worker", "a process of a run; started by run itself")->group("")->callback([&chosen] {
    chosen = [] {
      const cli::EndSignals the_parent_decides;
      load::run_worker();
      return cli::ExitCode::pass;
    };
  });
  return cli::run_program(app, argc, argv, [&chosen] { return chosen(); });
}
