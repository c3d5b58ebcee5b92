#include "message_rates.hpp"

#include <chrono>

namespace phx::app {

namespace {
constexpr int max_messages = 60;
constexpr auto rate_window = std::chrono::minutes(1);
constexpr std::size_t longest_name = 300;
}  // namespace

std::optional<Duration> MessageRates::over(std::string_view who, Instant now) {
  const std::string speaker(who.substr(0, longest_name));
  const std::lock_guard lock(mutex_);
  if (windows_.size() >= max_windows && !windows_.contains(speaker)) make_room(now);
  auto& own = windows_.try_emplace(speaker, Window{now}).first->second;
  if (now - own.began >= rate_window) own = {now};
  if (++own.messages <= max_messages) return std::nullopt;
  return own.began + rate_window - now;
}

std::size_t MessageRates::size() const {
  const std::lock_guard lock(mutex_);
  return windows_.size();
}

/// What is over says nothing; if all are running somebody's count is forgotten.
void MessageRates::make_room(Instant now) {
  std::erase_if(windows_, [&](const auto& entry) { return now - entry.second.began >= rate_window; });
  if (windows_.size() >= max_windows) windows_.erase(windows_.begin());
}

}  // namespace phx::app
