#pragma once

#include <string>
#include <vector>

#include "axis.hpp"

namespace phx::load::report {

struct Line {
  std::string name;
  int colour = 1;  ///< 1 to 4
  bool dashed = false;
  std::vector<double> y;  ///< one per x; NaN: nothing there
};

/// Lines over one axis, as inline SVG with a legend; a strip under the pointer tells the values (as <title>, without script).
struct Chart {
  std::string label{};  ///< for those who cannot see it
  std::vector<double> x{};
  Axis x_axis{}, y_axis{};
  std::vector<Line> lines{};
  Axis::Text y_text = nullptr;
  std::string (*x_text)(double) = nullptr;
  bool strips = true;
};
std::string draw(const Chart& chart);

/// The frame that charts and heat maps share: ticks, grid, labels.
struct Plot {
  static constexpr double width = 560, height = 200, left = 62, right = 8, top = 8, bottom = 22;
  static double x(double share) noexcept { return left + share * (width - left - right); }
  static double y(double share) noexcept { return height - bottom - share * (height - top - bottom); }
};
std::string open_plot(const std::string& label, const Axis& x, const Axis& y);

}  // namespace phx::load::report
