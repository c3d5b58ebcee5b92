#include "options_tree.hpp"

#include <functional>

namespace phx::cli {
namespace {

std::string last_word(const std::string& path) { return path.substr(path.rfind(' ') + 1); }

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

void each(const CommandEntry& command, const std::function<void(const CommandEntry&)>& f) {
  f(command);
  for (const auto& sub : command.commands) each(sub, f);
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

/// For zsh's _arguments: brackets and colons end its parts.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// "phx token sign" -> "_phx_token_sign"
std::string function_name(const std::string& path) {
  std::string out = "_";
  for (const char c : path) out += c == ' ' || c == '-' ? '_' : c;
  return out;
}

std::vector<std::string> flags(const CommandEntry& command) {
  std::vector<std::string> out;
  for (const auto& option : command.options) out.insert(out.end(), option.names.begin(), option.names.end());
  return out;
}

std::vector<std::string> words(const CommandEntry& command) {
  std::vector<std::string> out;
  for (const auto& sub : command.commands) out.push_back(last_word(sub.path));
  return out;
}

}  // namespace

std::string bash_completion(const CommandEntry& program) {
  std::string commands, values;
  each(program, [&](const CommandEntry& command) {
    commands += "    " + quoted(command.path) + ") words=" + quoted(joined(words(command), " ")) +
                "; flags=" + quoted(joined(flags(command), " ")) + " ;;\n";
    for (const auto& option : command.options) {
      if (option.placeholder.empty() || option.names.empty()) continue;
      const auto what = option.file ? std::string("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")")
                        : option.choices.empty()
                            ? std::string("COMPREPLY=()")
                            : "mapfile -t COMPREPLY < <(compgen -W " + quoted(joined(option.choices, " ")) + " -- \"$cur\")";
      for (const auto& name : option.names) values += "    " + quoted(command.path + ' ' + name) + ") " + what + "; return ;;\n";
    }
  });
  const auto name = function_name(program.path);
  return "# bash completion of " + program.path + "; made by `" + program.path + " completion bash`\n" + name +
         "() {\n"
         "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" at=" +
         quoted(program.path) +
         " words flags n\n"
         "  for ((n = 1; n < COMP_CWORD; n++)); do\n"
         "    " +
         name +
         "_known \"$at ${COMP_WORDS[n]}\" && at+=\" ${COMP_WORDS[n]}\"\n"
         "  done\n"
         "  case \"$at $prev\" in\n" +
         values +
         "  esac\n"
         "  " +
         name +
         "_known \"$at\"\n"
         "  if [[ $cur == -* ]]; then words=$flags; fi\n"
         "  if [[ $cur == @* ]]; then mapfile -t COMPREPLY < <(compgen -P @ -f -- \"${cur#@}\"); return; fi\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "}\n" +
         name + "_known() {\n  case \"$1\" in\n" + commands +
         "    *) return 1 ;;\n  esac\n}\n"
         "complete -o bashdefault -F " +
         name + " " + program.path + "\n";
}

std::string zsh_completion(const CommandEntry& program) {
  std::string out = "#compdef " + program.path + "\n# made by `" + program.path + " completion zsh`\n";
  each(program, [&](const CommandEntry& command) {
    out += function_name(command.path) + "() {\n  local line state\n  _arguments -C \\\n";
    for (const auto& option : command.options) {
      const std::string value = option.placeholder.empty() ? ""
                                : option.file              ? ":file:_files"
                                : option.choices.empty()   ? ":value:"
                                                           : ":value:(" + joined(option.choices, " ") + ")";
      for (const auto& name : option.names) out += "    " + quoted("*" + name + "[" + zsh_text(option.text) + "]" + value) + " \\\n";
    }
    for (const auto& positional : command.positionals) out += "    " + quoted(":" + zsh_text(positional.placeholder) + ":") + " \\\n";
    if (command.commands.empty()) {
      out += "    && return 0\n}\n";
      return;
    }
    out += "    '1: :->command' '*::args:->args'\n  case $state in\n    command) local -a commands=(\n";
    for (const auto& sub : command.commands) out += "      " + quoted(last_word(sub.path) + ":" + sub.text) + "\n";
    out += "    ); _describe command commands ;;\n    args) case $line[1] in\n";
    for (const auto& sub : command.commands) out += "      " + last_word(sub.path) + ") " + function_name(sub.path) + " ;;\n";
    out += "    esac ;;\n  esac\n}\n";
  });
  return out + "if [[ $funcstack[1] == " + function_name(program.path) + " ]]; then " + function_name(program.path) +
         " \"$@\"; else compdef " + function_name(program.path) + " " + program.path + "; fi\n";
}

std::string fish_completion(const CommandEntry& program) {
  std::string out =
      "# fish completion of " + program.path + "; made by `" + program.path + " completion fish`\ncomplete -c " + program.path + " -f\n";
  each(program, [&](const CommandEntry& command) {
    std::string condition, excluded;
    std::string rest = command.path.substr(program.path.size());
    for (std::size_t at = 0; at < rest.size();) {  // every word of the path must have been seen
      const auto end = std::min(rest.find(' ', at + 1), rest.size());
      condition += (condition.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + rest.substr(at + 1, end - at - 1));
      at = end;
    }
    const auto when = [](const std::string& text) { return text.empty() ? std::string() : " -n " + quoted(text); };
    if (!command.commands.empty()) {
      excluded = condition + (condition.empty() ? "" : "; and ") + "not __fish_seen_subcommand_from " + joined(words(command), " ");
      for (const auto& sub : command.commands)
        out += "complete -c " + program.path + when(excluded) + " -a " + last_word(sub.path) + " -d " + quoted(sub.text) + "\n";
    }
    for (const auto& option : command.options) {
      std::string line = "complete -c " + program.path + when(condition.empty() ? excluded : condition);
      for (const auto& name : option.names) line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!option.placeholder.empty())
        line += option.file ? " -r -F" : option.choices.empty() ? " -x" : " -x -a " + quoted(joined(option.choices, " "));
      out += line + " -d " + quoted(option.text) + "\n";
    }
  });
  return out;
}

}  // namespace phx::cli
