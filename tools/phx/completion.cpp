// phx completion bash|zsh|fish and phx man: made from the option table, so that they are never out of date.
#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "command.hpp"
#include "options_tree.hpp"

namespace phx::cli {
namespace {

ExitCode show(const std::string& text) {
  print(text);
  return ExitCode::pass;
}

ExitCode complete(const CommandEntry& program, const std::string& shell) {
  if (shell == "bash") return show(bash_completion(program));
  return show(shell == "zsh" ? zsh_completion(program) : fish_completion(program));
}

void write_pages(const CommandEntry& command, const std::filesystem::path& folder) {
  std::string name = command.path;
  std::ranges::replace(name, ' ', '-');
  const auto path = folder / (name + ".1");
  std::ofstream out(path);
  out << man_page(command, version_line("phx")) << std::flush;
  if (!out) throw Failure(ExitCode::error, "cannot write " + path.string() + ": " + std::strerror(errno));
  for (const CommandEntry& sub : command.commands) write_pages(sub, folder);
}

ExitCode man(const CommandEntry& program, const std::vector<std::string>& words, const std::string& folder) {
  const CommandEntry* at = &program;
  for (const std::string& word : words) {
    const auto found = std::ranges::find(at->commands, at->path + ' ' + word, &CommandEntry::path);
    if (found == at->commands.end())
      throw Failure(ExitCode::usage, "there is no command '" + word + "' in " + at->path + " (see " + at->path + " --help)");
    at = &*found;
  }
  if (folder.empty()) return show(man_page(*at, version_line("phx")));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Failure(ExitCode::error, "cannot make " + folder + ": " + error.message());
  write_pages(*at, folder);
  return ExitCode::pass;
}

}  // namespace

void add_completion(CLI::App& app, Command& chosen) {
  struct Options {
    std::string shell, folder;
    std::vector<std::string> words;
  };
  auto options = std::make_shared<Options>();
  CLI::App* completion = app.add_subcommand("completion", "print a completion script: source <(phx completion bash)");
  completion->add_option("shell", options->shell, "for which shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&app, options, &chosen] { chosen = [&app, options] { return complete(options_tree(app), options->shell); }; });
  CLI::App* page = app.add_subcommand("man", "print a man page: phx man join | man -l -");
  page->add_option("command", options->words, "of which command (default: phx itself)");
  page->add_option("--out", options->folder, "write this page and those of its commands into this folder, as phx-join.1");
  page->callback(
      [&app, options, &chosen] { chosen = [&app, options] { return man(options_tree(app), options->words, options->folder); }; });
}

}  // namespace phx::cli
