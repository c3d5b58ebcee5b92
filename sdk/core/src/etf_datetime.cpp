#include "etf_datetime.hpp"

#include <array>
#include <cstdio>

namespace phx::core::etf {
namespace {

std::optional<int> field(const Map& map, const char* name, int min, int max) {
  const Term* term = map.find(Atom{name});
  const auto* value = term ? term->get<std::int64_t>() : nullptr;
  if (!value || *value < min || *value > max) return std::nullopt;
  return static_cast<int>(*value);
}

/// {value, digits}: ".123" for {123000, 3}.
std::optional<std::string> fraction(const Map& map) {
  const Term* term = map.find(Atom{"microsecond"});
  const auto* tuple = term ? term->get<Tuple>() : nullptr;
  if (!tuple || tuple->elements.size() != 2) return std::nullopt;
  const auto* value = tuple->elements[0].get<std::int64_t>();
  const auto* digits = tuple->elements[1].get<std::int64_t>();
  if (!value || !digits || *value < 0 || *value > 999'999 || *digits < 0 || *digits > 6) return std::nullopt;
  if (*digits == 0) return "";
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), ".%06d", static_cast<int>(*value));
  return std::string(text.data(), static_cast<std::size_t>(*digits) + 1);
}

std::string offset_text(int seconds, bool utc) {
  if (seconds == 0 && utc) return "Z";
  const int minutes = (seconds < 0 ? -seconds : seconds) / 60;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%c%02d:%02d", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
  return text.data();
}

}  // namespace

std::optional<std::string> iso8601(const Map& map) {
  constexpr int day_seconds = 86'400;
  const Term* name = map.find(Atom{"__struct__"});
  const Term* calendar = map.find(Atom{"calendar"});
  const Term* zone = map.find(Atom{"time_zone"});
  if (!name || !name->is_atom("Elixir.DateTime") || !calendar || !calendar->is_atom("Elixir.Calendar.ISO") || !zone) return std::nullopt;
  const auto year = field(map, "year", 0, 9999), month = field(map, "month", 1, 12), day = field(map, "day", 1, 31);
  const auto hour = field(map, "hour", 0, 23), minute = field(map, "minute", 0, 59), second = field(map, "second", 0, 59);
  const auto utc = field(map, "utc_offset", -day_seconds, day_seconds), dst = field(map, "std_offset", -day_seconds, day_seconds);
  const auto digits = fraction(map);
  if (!year || !month || !day || !hour || !minute || !second || !utc || !dst || !digits) return std::nullopt;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d", *year, *month, *day, *hour, *minute, *second);
  return text.data() + *digits + offset_text(*utc + *dst, *zone == Term("Etc/UTC"));
}

}  // namespace phx::core::etf
