#include "options_tree.hpp"

#include <algorithm>
#include <cctype>

namespace phx::cli {
namespace {

/// Text for roff: backslashes, hyphens that are meant as such, and no control lines.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out += std::string("\\&") + c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string page_name(const std::string& path) {
  std::string out = path;
  std::ranges::replace(out, ' ', '-');
  return out;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string described(const OptionEntry& option) {
  std::string text = roff(option.text);
  for (std::size_t n = 0; n < option.choices.size(); ++n) text += (n == 0 ? "\nOne of: " : ", ") + roff(option.choices[n]);
  return text + (option.choices.empty() ? "\n" : ".\n");
}

std::string synopsis(const CommandEntry& command) {
  std::string out = "\\fB" + roff(command.path) + "\\fR";
  if (!command.options.empty()) out += " [\\fIOPTION\\fR...]";
  for (const auto& positional : command.positionals)
    out += positional.required ? " \\fI" + roff(upper(positional.placeholder)) + "\\fR"
                               : " [\\fI" + roff(upper(positional.placeholder)) + "\\fR]";
  if (!command.commands.empty()) out += " \\fICOMMAND\\fR ...";
  return out + "\n";
}

}  // namespace

std::string man_page(const CommandEntry& command, const std::string& version) {
  std::string out = ".TH \"" + upper(page_name(command.path)) + "\" 1 \"\" \"" + roff(version) + "\" \"phxkit\"\n.SH NAME\n" +
                    roff(page_name(command.path)) + " \\- " + roff(command.text) + "\n.SH SYNOPSIS\n" + synopsis(command);
  if (!command.commands.empty()) out += ".SH COMMANDS\n";
  for (const auto& sub : command.commands)
    out += ".TP\n\\fB" + roff(sub.path.substr(sub.path.rfind(' ') + 1)) + "\\fR\n" + roff(sub.text) + "; see \\fB" +
           roff(page_name(sub.path)) + "\\fR(1)\n";
  if (!command.positionals.empty()) out += ".SH ARGUMENTS\n";
  for (const auto& positional : command.positionals)
    out += ".TP\n\\fI" + roff(upper(positional.placeholder)) + "\\fR\n" + described(positional);
  if (!command.options.empty()) out += ".SH OPTIONS\n";
  for (const auto& option : command.options) {
    out += ".TP\n";
    for (std::size_t n = 0; n < option.names.size(); ++n) out += (n > 0 ? ", " : "") + ("\\fB" + roff(option.names[n]) + "\\fR");
    out += (option.placeholder.empty() ? "" : " \\fI" + option.placeholder + "\\fR") + "\n" + described(option);
  }
  return out +
         ".SH EXIT STATUS\n0 pass, 1 error, 2 usage or bad file, 3 cannot connect, 4 a check failed or the server answered \"error\", 5 "
         "gate failed,\n"
         "6 overloaded, 7 aborted, 124 timed out, 130 interrupted.\n";
}

}  // namespace phx::cli
