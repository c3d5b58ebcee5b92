#include "options_tree.hpp"

#include <CLI/CLI.hpp>

namespace phx::cli {
namespace {

/// CLI11 tells the members of IsMember in the type name: "TEXT:{a,b}".
std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> out;
  const auto open = type.find('{'), close = type.rfind('}');
  if (open == type.npos || close == type.npos || close < open) return out;
  for (const auto& word : CLI::detail::split(type.substr(open + 1, close - open - 1), ',')) out.push_back(CLI::detail::trim_copy(word));
  return out;
}

OptionEntry entry_of(const CLI::Option& option) {
  OptionEntry out;
  for (const auto& name : option.get_snames()) out.names.push_back('-' + name);
  for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
  const bool flag = option.get_expected_max() == 0 || option.get_items_expected_max() == 0;
  out.choices = choices_of(option.get_type_name());
  out.text = option.get_description();
  out.required = option.get_required();
  if (option.get_positional()) {
    out.placeholder = option.get_name(true);
  } else if (!flag) {
    out.placeholder = "VALUE";
  }
  out.file = !option.get_lnames().empty() && (option.get_lnames().front().ends_with("file") || option.get_lnames().front() == "out");
  return out;
}

CommandEntry tree(const CLI::App& app, const std::string& path) {
  CommandEntry out;
  out.path = path;
  out.text = app.get_description();
  for (const CLI::Option* option : app.get_options())
    (option->get_positional() ? out.positionals : out.options).push_back(entry_of(*option));
  for (const CLI::App* sub : app.get_subcommands({})) out.commands.push_back(tree(*sub, path + ' ' + sub->get_name()));
  return out;
}

}  // namespace

CommandEntry options_tree(const CLI::App& app) { return tree(app, app.get_name()); }

}  // namespace phx::cli
