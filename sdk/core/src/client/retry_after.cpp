#include <phx/core/client/retry_after.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>

namespace phx::core {
namespace {

constexpr std::chrono::seconds longest = std::chrono::hours(24 * 3652);

std::optional<std::uint32_t> number(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return {};
  return value;
}

/// RFC 9110 5.6.7, IMF-fixdate.
std::optional<std::chrono::sys_seconds> http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[19] != ':' || text[22] != ':' || !text.ends_with(" GMT")) return {};
  const auto month = std::ranges::find(months, text.substr(8, 3));
  const auto day = number(text.substr(5, 2)), year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2)), minute = number(text.substr(20, 2)), second = number(text.substr(23, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return {};
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1), std::chrono::day(*day)};
  if (!date.ok()) return {};
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view value, std::string_view date) {
  if (const auto seconds = number(value)) return std::min<std::chrono::seconds>(longest, std::chrono::seconds(*seconds));
  const auto then = http_date(value), now = http_date(date);
  if (!then || !now) return {};
  return std::clamp<std::chrono::seconds>(*then - *now, std::chrono::seconds(0), longest);
}

}  // namespace phx::core
