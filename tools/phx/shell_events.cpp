#include "shell_events.hpp"

#include <phx/scenario/glob.hpp>
#include <phx/scenario/mask.hpp>

#include <algorithm>

namespace phx::cli::shell {

using scenario::glob_match;

void EventFilter::set(const std::string& glob, bool shown) {
  if (glob.empty()) rules_.clear();
  std::erase_if(rules_, [&](const auto& rule) { return rule.first == glob; });
  rules_.emplace_back(glob.empty() ? "*" : glob, shown);
}

bool EventFilter::shows(std::string_view event) const {
  const auto rule = std::ranges::find_if(rules_.rbegin(), rules_.rend(), [&](const auto& r) { return glob_match(r.first, event); });
  return rule == rules_.rend() || rule->second;
}

void Arrivals::add(std::string event) {
  if (events_.size() == 10'000) events_.pop_front();
  events_.push_back(std::move(event));
}

bool Arrivals::take(std::string_view glob) {
  const auto at = std::ranges::find_if(events_, [&](const std::string& event) { return glob_match(glob, event); });
  if (at == events_.end()) return false;
  events_.erase(at);
  return true;
}

bool fit_for_history(std::string_view line) {
  const bool blank_first = line.find_first_not_of(" \t") != 0;
  return !blank_first && !scenario::is_secret_name(line) && scenario::mask_text(line) == line;  // a secret's name anywhere is enough
}

}  // namespace phx::cli::shell
