#include <phx/load/distribution.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numbers>

namespace phx::load {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

constexpr std::array<std::string_view, 4> kind_names{"", "uniform", "exp", "normal"};

tl::expected<Distribution, std::string> parse_call(Distribution::Kind kind, std::string_view arguments) {
  Distribution out{.kind = kind};
  const std::size_t comma = arguments.find(',');
  const bool two = kind != Distribution::Kind::exponential;
  if (two != (comma != std::string_view::npos)) {
    return tl::unexpected(std::string(kind_names[static_cast<std::size_t>(kind)]) + (two ? " takes two durations" : " takes one duration"));
  }
  const auto a = parse_duration(arguments.substr(0, comma));
  if (!a) return tl::unexpected(a.error());
  out.a = *a;
  if (!two) return out;
  const auto b = parse_duration(arguments.substr(comma + 1));
  if (!b) return tl::unexpected(b.error());
  out.b = *b;
  if (kind == Distribution::Kind::uniform && out.b < out.a)
    return tl::unexpected(std::string("uniform: the second must not be below the first"));
  return out;
}

}  // namespace

Duration Distribution::sample(scenario::Rng& rng) const {
  switch (kind) {
    case Kind::fixed: return a;
    case Kind::uniform: return a + from_seconds(rng.unit() * seconds(b - a));
    case Kind::exponential: return from_seconds(-std::log(1.0 - rng.unit()) * seconds(a));
    case Kind::normal: {
      const double z = std::sqrt(-2.0 * std::log(1.0 - rng.unit())) * std::cos(2.0 * std::numbers::pi * rng.unit());
      return std::max(Duration::zero(), a + from_seconds(z * seconds(b)));
    }
  }
  return a;
}

std::string Distribution::text() const {
  std::string name(kind_names[static_cast<std::size_t>(kind)]);
  switch (kind) {
    case Kind::fixed: return duration_text(a);
    case Kind::exponential: return name + "(" + duration_text(a) + ")";
    case Kind::uniform:
    case Kind::normal: return name + "(" + duration_text(a) + ", " + duration_text(b) + ")";
  }
  return name;
}

tl::expected<Distribution, std::string> Distribution::parse(std::string_view text) {
  text = trim(text);
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) {
    const auto fixed = parse_duration(text);
    if (!fixed) return tl::unexpected(fixed.error());
    return Distribution{.kind = Kind::fixed, .a = *fixed};
  }
  for (std::size_t i = 1; i < kind_names.size(); ++i)
    if (text.substr(0, open) == kind_names[i] && text.ends_with(')'))
      return parse_call(static_cast<Kind>(i), text.substr(open + 1, text.size() - open - 2));
  return tl::unexpected("'" + std::string(text) + "' is none of 2s, uniform(1s, 3s), exp(500ms), normal(2s, 300ms)");
}

tl::expected<Duration, std::string> parse_duration(std::string_view text) {
  text = trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  static constexpr std::pair<std::string_view, double> units[] = {{"", 1}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
  const auto* found = std::find_if(std::begin(units), std::end(units), [&](const auto& u) { return u.first == unit; });
  if (error != std::errc{} || found == std::end(units) || !(value >= 0) || value * found->second > 3.2e7)
    return tl::unexpected("'" + std::string(text) + "' is no duration such as 200ms, 1.5s, 2m");
  return Duration(std::llround(value * found->second * 1e9));
}

std::string duration_text(Duration duration) {
  std::array<char, 40> out{};
  const double s = seconds(duration);
  if (s < 1e-3 && s > 0) {
    std::snprintf(out.data(), out.size(), "%.6gus", s * 1e6);
  } else if (s < 1 && s > 0) {
    std::snprintf(out.data(), out.size(), "%.6gms", s * 1e3);
  } else {
    std::snprintf(out.data(), out.size(), "%.9gs", s);
  }
  return out.data();
}

Zipf::Zipf(std::size_t n, double s) {
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) cumulative_.push_back(sum += std::pow(static_cast<double>(k + 1), -s));
}

std::size_t Zipf::sample(scenario::Rng& rng) const {
  const double at = rng.unit() * cumulative_.back();
  return static_cast<std::size_t>(std::upper_bound(cumulative_.begin(), cumulative_.end() - 1, at) - cumulative_.begin());
}

}  // namespace phx::load
