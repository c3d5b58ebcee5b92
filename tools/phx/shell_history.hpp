#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace phx::cli::shell {

/// The lines of earlier sessions: $XDG_STATE_HOME/phxkit/shell_history, mode 0600, the newest 1000, without secrets.
class History {
 public:
  History();
  const std::vector<std::string>& lines() const noexcept { return lines_; }
  /// Keeps the line, unless it has a secret in it or is the newest one already. What another shell has written meanwhile stays.
  /// Throws Failure when it cannot be written.
  void add(const std::string& line);

 private:
  std::filesystem::path path_;  ///< empty: nowhere
  std::vector<std::string> lines_;
};

}  // namespace phx::cli::shell
