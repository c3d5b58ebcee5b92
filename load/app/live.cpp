#include "app/live.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace phx::load {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool utf8_terminal() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const std::string_view value = variable(name); !value.empty())
      return value.find("UTF-8") != value.npos || value.find("utf8") != value.npos;
  return false;
}

std::size_t columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Live::Live(bool plain)
    : look_{.colour = variable("NO_COLOR").empty(), .unicode = utf8_terminal()},
      panel_(!plain && isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb") {}

Live::~Live() { erase(); }

void Live::erase() {
  if (drawn_ > 0) std::fprintf(stderr, "\033[%zuA\r\033[J", drawn_);
  drawn_ = 0;
}

void Live::say(const std::string& line) {
  erase();
  std::fprintf(stderr, "phx-load: %s\n", line.c_str());
}

void Live::show(const PanelFigures& figures) {
  if (!panel_) {
    std::fprintf(stderr, "%s\n", panel_line(figures).c_str());
    return;
  }
  look_.columns = columns();
  std::string out = drawn_ > 0 ? "\033[" + std::to_string(drawn_) + "A\r" : "";
  const auto lines = panel(figures, look_);
  for (const std::string& line : lines) out += "\033[2K" + line + "\n";
  out += "\033[J";
  drawn_ = lines.size();
  std::fwrite(out.data(), 1, out.size(), stderr);
  std::fflush(stderr);
}

}  // namespace phx::load
