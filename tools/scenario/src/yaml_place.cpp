// Places, errors, suggestions, durations: what the YAML reader shares with the parsers of scenario and mock files.
#include <phx/scenario/yaml.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

namespace phx::scenario {
namespace {

/// Edit distance where swapping two neighbours costs one, as fingers do.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string Place::text() const {
  std::string out = file ? *file : std::string("(text)");
  if (line != 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  return out;
}

FileError::FileError(Place place, const std::string& message)
    : std::runtime_error(place.text() + ": " + message), place_(std::move(place)), message_(message) {}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > 100) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates)
    if (const std::size_t d = distance(word, candidate); d < least) best = candidate, least = d;
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
  if (const auto near = nearest(word, candidates)) return ", did you mean '" + std::string(*near) + "'?";
  std::string out;
  for (const std::string_view candidate : candidates) out += (out.empty() ? "; known are: " : ", ") + std::string(candidate);
  return out;
}

std::optional<Duration> parse_duration(std::string_view text) {
  using namespace std::chrono;
  static constexpr std::pair<std::string_view, double> units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !(value >= 0)) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : units)
    if (unit == name && value * factor < 9e18) return duration_cast<Duration>(nanoseconds(std::llround(value * factor)));
  return std::nullopt;
}

std::string read_text_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  if (!in || !(out << in.rdbuf()) || in.bad()) {
    if (in && in.peek() == std::ifstream::traits_type::eof()) return {};  // an empty file
    throw FileError({std::make_shared<const std::string>(path), 0, 0}, "cannot be read; is the path right, and is it a file?");
  }
  return std::move(out).str();
}

}  // namespace phx::scenario
