#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>

#include <cstdio>

#include "story.hpp"

int main(int argc, char** argv) {
  using namespace phx;
  CLI::App app{"The main job of phxkit, told on the terminal", "phx-demo"};
  app.set_version_flag("--version", cli::version_line("phx-demo"));
  demo::Programs programs;
  app.add_option("--server", programs.server, "the phx-server program to start")->required()->check(CLI::ExistingFile);
  app.add_option("--load", programs.load, "the phx-load program to send the swarm")->required()->check(CLI::ExistingFile);
  app.add_option("--report", programs.report, "where the swarm's report goes, as one HTML file")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  return cli::run_program(app, argc, argv, [&] {
    demo::tell(programs);
    std::puts("\nAll of that happened.");
    return cli::ExitCode::pass;
  });
}
