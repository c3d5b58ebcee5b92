#include "shell_history.hpp"

#include <fstream>

#include "private_file.hpp"
#include "shell_events.hpp"

namespace phx::cli::shell {
namespace {

constexpr std::size_t max_lines = 1000;

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::vector<std::string> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

}  // namespace

History::History() : path_(xdg_folder("XDG_STATE_HOME", ".local/state")) {
  if (path_.empty()) return;
  path_ /= "shell_history";
  lines_ = read_lines(path_);
}

void History::add(const std::string& line) {
  if (path_.empty() || !fit_for_history(line)) return;
  lines_ = read_lines(path_);
  if (!lines_.empty() && lines_.back() == line) return;
  lines_.push_back(line);
  if (lines_.size() > max_lines) lines_.erase(lines_.begin(), lines_.end() - static_cast<std::ptrdiff_t>(max_lines));
  std::string text;
  for (const std::string& kept : lines_) text += kept + '\n';
  write_private_file(path_, text);
}

}  // namespace phx::cli::shell
