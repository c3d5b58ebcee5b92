#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>

#include <cstdio>

#include "story.hpp"

int main(int argc, char** argv) {
  using namespace phx;
  CLI::App app{"The main job of phxkit, told on the terminal", "phx-demo"};
  app.set_version_flag("--version", cli::version_line("phx-demo"));
  std::string server;
  app.add_option("--server", server, "the phx-server program to start")->required()->check(CLI::ExistingFile);
  return cli::run_program(app, argc, argv, [&] {
    demo::tell(server);
    std::puts("\nAll of that happened.");
    return cli::ExitCode::pass;
  });
}
