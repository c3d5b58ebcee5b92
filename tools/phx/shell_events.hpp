#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phx::cli::shell {

/// Which events are printed: the newest rule that matches decides, and all are where none does.
class EventFilter {
 public:
  /// An empty glob: all, whatever was said before.
  void set(const std::string& glob, bool shown);
  bool shows(std::string_view event) const;

 private:
  std::vector<std::pair<std::string, bool>> rules_;
};

/// The events that have come and that nobody has waited for yet; the newest 10 000.
class Arrivals {
 public:
  void add(std::string event);
  /// Takes the oldest one that matches; false: there is none.
  bool take(std::string_view glob);

 private:
  std::deque<std::string> events_;
};

/// Whether a line may be written to the history file: no secret in it, and not begun with a blank.
bool fit_for_history(std::string_view line);

}  // namespace phx::cli::shell
