#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include "command.hpp"
#include "context.hpp"

int main(int argc, char** argv) {
  using namespace phx::cli;
  CLI::App app{"Talk to Phoenix servers from the shell", "phx"};
  app.set_version_flag("--version", version_line("phx"));
  app.require_subcommand(1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // after those of a context
  Command chosen;
  add_join(app, chosen);
  add_push(app, chosen);
  add_presence(app, chosen);
  add_ping(app, chosen);
  add_token(app, chosen);
  add_test(app, chosen);
  add_http(app, chosen);
  add_doctor(app, chosen);
  add_context(app, chosen);
  add_completion(app, chosen);
  add_record(app, chosen);
  add_proxy(app, chosen);
  add_replay(app, chosen);
  add_capture(app, chosen);
  add_conformance(app, chosen);
  app.add_subcommand("version", "print the version")->callback([&chosen] {
    chosen = [] {
      if (std::puts(version_line("phx").c_str()) < 0 || std::fflush(stdout) != 0) throw ClosedPipe{};
      return ExitCode::pass;
    };
  });
  std::vector<std::string> args(argv + 1, argv + argc);
  try {
    expand_context(args);
  } catch (const Failure& e) {
    std::fprintf(stderr, "phx: %s\n", e.what());
    return static_cast<int>(e.code());
  }
  std::vector<char*> words{argv[0]};
  for (std::string& arg : args) words.push_back(arg.data());
  return run_program(app, static_cast<int>(words.size()), words.data(), [&chosen] { return chosen(); });
}
