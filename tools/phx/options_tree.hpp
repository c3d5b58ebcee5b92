#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace phx::cli {

/// The command line of a program as a value: what completions and man pages are made of.
struct OptionEntry {
  std::vector<std::string> names;    ///< "--json", "-h"; empty for a positional one
  std::string placeholder;           ///< "url", "S"; empty for a flag
  std::string text;                  ///< one line
  std::vector<std::string> choices;  ///< all that it takes; empty: anything
  bool required = false, file = false;
};
struct CommandEntry {
  std::string path, text;  ///< "phx token sign"
  std::vector<OptionEntry> options, positionals;
  std::vector<CommandEntry> commands;
};

CommandEntry options_tree(const CLI::App& app);

/// Scripts for bash, zsh and fish that complete commands, flags, choices and files.
std::string bash_completion(const CommandEntry& program);
std::string zsh_completion(const CommandEntry& program);
std::string fish_completion(const CommandEntry& program);

/// The man page (section 1, roff) of one command; of a program with its commands listed.
std::string man_page(const CommandEntry& command, const std::string& version);

}  // namespace phx::cli
