#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <phx/core/time.hpp>
#include <phx/scenario/rng.hpp>

#include <tl/expected.hpp>

namespace phx::load {

/// How long a user thinks, stays or is away. As text: "2s", "uniform(1s, 3s)", "exp(500ms)", "normal(2s, 300ms)"; units us ms s m h.
struct Distribution {
  enum class Kind : unsigned char { fixed, uniform, exponential, normal };
  Kind kind = Kind::fixed;
  Duration a{};  ///< the value; the least; the mean
  Duration b{};  ///< the greatest; the standard deviation

  Duration sample(scenario::Rng& rng) const;  ///< never negative
  bool zero() const noexcept { return a <= Duration::zero() && b <= Duration::zero(); }
  std::string text() const;
  static tl::expected<Distribution, std::string> parse(std::string_view text);

  bool operator==(const Distribution&) const = default;
};

/// "1.5s", "200ms", "3" (seconds). Not negative, at most a year.
tl::expected<Duration, std::string> parse_duration(std::string_view text);
std::string duration_text(Duration duration);

inline double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
inline Duration from_seconds(double s) { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s)); }

/// Draws 0 .. n-1 with weights 1/(k+1)^s: a few topics that everybody is in and many small ones.
class Zipf {
 public:
  Zipf(std::size_t n, double s);
  std::size_t sample(scenario::Rng& rng) const;

 private:
  std::vector<double> cumulative_;
};

}  // namespace phx::load
