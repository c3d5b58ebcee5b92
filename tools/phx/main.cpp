#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/scenario/yaml.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "command.hpp"
#include "context.hpp"
#include "plugins.hpp"

namespace {

using namespace phx::cli;

void add_commands(CLI::App& app, Command& chosen) {
  add_join(app, chosen);
  add_push(app, chosen);
  add_presence(app, chosen);
  add_ping(app, chosen);
  add_shell(app, chosen);
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
      print(version_line("phx") + '\n');
      return ExitCode::pass;
    };
  });
  app.add_subcommand("help", "the help of phx, or of a command: phx help join")->prefix_command();
  app.footer([] {
    std::string out;
    for (const std::string& word : plugin_words()) out += (out.empty() ? "Further commands, programs phx-NAME: " : ", ") + word;
    return out;
  });
}

bool has_command(const CLI::App& app, const std::string& word) {
  return std::ranges::any_of(app.get_subcommands({}), [&](const CLI::App* command) { return command->get_name() == word; });
}

int no_such_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known = plugin_words();
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const auto near = phx::scenario::nearest(word, candidates);
  const std::string hint = near ? ", did you mean '" + std::string(*near) + "'?" : ", nor a program phx-" + word;
  std::fprintf(stderr, "phx: there is no command '%s'%s (see phx --help)\n", word.c_str(), hint.c_str());
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Talk to Phoenix servers from the shell", "phx"};
  app.set_version_flag("--version", version_line("phx"));
  app.require_subcommand(1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // after those of a context
  Command chosen;
  add_commands(app, chosen);
  std::vector<std::string> args(argv + 1, argv + argc);
  if (!args.empty() && args[0] == "help") {  // phx help join: phx join --help
    args.erase(args.begin());
    args.emplace_back("--help");
  }
  if (!args.empty() && !args[0].starts_with('-') && !has_command(app, args[0])) {
    if (const auto program = find_plugin(args[0])) return static_cast<int>(run_plugin(*program, args));
    return no_such_command(app, args[0]);
  }
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
