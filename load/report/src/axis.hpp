#pragma once

#include <string>
#include <utility>
#include <vector>

namespace phx::load::report {

/// Where a value lies between the ends of an axis, and which values are written beside it.
struct Axis {
  using Text = std::string (*)(double);
  double low = 0, high = 1;
  bool log = false;
  std::vector<std::pair<double, std::string>> ticks{};

  double at(double value) const noexcept;  ///< 0 at low, 1 at high; values outside are clamped

  /// From 0 to a round number at or above `high`.
  static Axis from_zero(double high, Text text);
  /// Whole 1-2-5 steps around [low, high].
  static Axis logarithmic(double low, double high, Text text);
  /// Time: from 0, labels in seconds or minutes.
  static Axis seconds(double high);
};

}  // namespace phx::load::report
