#include <phx/cli/output.hpp>

#include <unistd.h>

#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace phx::cli {
namespace {

bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color == nullptr || *no_color == '\0';
}

/// Keys in blue, the rest plain: enough to find one's way, readable on any background.
std::string coloured(const std::string& pretty) {
  std::string out;
  std::size_t at = 0;
  while (at < pretty.size()) {
    const std::size_t end = std::min(pretty.find('\n', at), pretty.size());
    const std::string line = pretty.substr(at, end - at);
    const std::size_t key = line.find_first_not_of(' ');
    const std::size_t colon = line.find("\": ");
    if (key != std::string::npos && line[key] == '"' && colon != std::string::npos) {
      out += line.substr(0, key) + "\033[34m" + line.substr(key, colon + 1 - key) + "\033[0m" + line.substr(colon + 1);
    } else {
      out += line;
    }
    if (end < pretty.size()) out += '\n';
    at = end + 1;
  }
  return out;
}

}  // namespace

Output::Output(OutputOptions options)
    : pretty_(options.pretty || (!options.json && isatty(STDOUT_FILENO) == 1)),
      colour_(pretty_ && wants_colour() && isatty(STDOUT_FILENO) == 1),
      quiet_(options.quiet) {}

void Output::data(const Json& value) {
  std::string text = value.dump(pretty_ ? 2 : -1, ' ', false, Json::error_handler_t::replace);
  line(colour_ ? coloured(text) : std::move(text));
}

void Output::line(std::string text) {
  if (before_) before_();
  text += '\n';
  print(text);
}

void Output::talk(std::string_view line) {
  if (!quiet_) complain(line);
}

void Output::complain(std::string_view line) {
  if (before_) before_();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw ClosedPipe{};
  throw Failure(ExitCode::error, std::string("cannot write to stdout: ") + std::strerror(errno));
}

}  // namespace phx::cli
