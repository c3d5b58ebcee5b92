#include "http_time.hpp"

#include <array>
#include <chrono>
#include <ctime>

namespace phx::server::detail {

core::UnixTime wall_now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

std::string http_date(core::UnixTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 40> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

std::optional<core::UnixTime> parse_http_date(std::string_view text) {
  const std::string copy{text};
  std::tm utc{};
  const char* end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return core::UnixTime(std::chrono::seconds(::timegm(&utc)));
}

}  // namespace phx::server::detail
