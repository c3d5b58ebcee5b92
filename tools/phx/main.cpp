#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>

#include <cstdio>

#include "command.hpp"

int main(int argc, char** argv) {
  using namespace phx::cli;
  CLI::App app{"Talk to Phoenix servers from the shell", "phx"};
  app.set_version_flag("--version", version_line("phx"));
  app.require_subcommand(1);
  Command chosen;
  add_join(app, chosen);
  add_push(app, chosen);
  add_presence(app, chosen);
  add_ping(app, chosen);
  add_token(app, chosen);
  add_test(app, chosen);
  app.add_subcommand("version", "print the version")->callback([&chosen] {
    chosen = [] {
      if (std::puts(version_line("phx").c_str()) < 0 || std::fflush(stdout) != 0) throw ClosedPipe{};
      return ExitCode::pass;
    };
  });
  return run_program(app, argc, argv, [&chosen] { return chosen(); });
}
