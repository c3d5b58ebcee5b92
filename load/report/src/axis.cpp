#include "axis.hpp"

#include <algorithm>
#include <cmath>

#include "page.hpp"

namespace phx::load::report {
namespace {

/// The least of 1, 2, 5 times a power of ten that is at least `value`.
double round_up(double value) {
  const double ten = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0})
    if (step * ten >= value * (1 - 1e-9)) return step * ten;
  return 10 * ten;
}

double round_down(double value) {
  const double ten = std::pow(10, std::floor(std::log10(value) + 1e-9));
  for (const double step : {5.0, 2.0})
    if (step * ten <= value * (1 + 1e-9)) return step * ten;
  return ten;
}

}  // namespace

double Axis::at(double value) const noexcept {
  if (log) value = std::max(value, low);
  const double share = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
  return std::clamp(share, 0.0, 1.0);
}

Axis Axis::from_zero(double high, Text text) {
  Axis out;
  const double step = round_up(std::max(high, 1e-9) / 4);
  out.high = step * std::max(1.0, std::ceil(high / step - 1e-9));
  for (int i = 0; step * i <= out.high * (1 + 1e-9); ++i) out.ticks.emplace_back(step * i, text(step * i));
  return out;
}

Axis Axis::logarithmic(double low, double high, Text text) {
  Axis out{.low = round_down(std::max(low, 1e-3)), .log = true};
  out.high = std::max(round_up(std::max(high, 1e-3)), out.low * 10);
  const bool wide = out.high / out.low > 200;
  for (int power = static_cast<int>(std::floor(std::log10(out.low) + 1e-9)); std::pow(10, power) <= out.high * 1.001; ++power) {
    const double ten = std::pow(10, power);
    for (const double step : {1.0, 2.0, 5.0})
      if (step * ten >= out.low * 0.999 && step * ten <= out.high * 1.001 && (!wide || step == 1.0))
        out.ticks.emplace_back(step * ten, text(step * ten));
  }
  return out;
}

Axis Axis::seconds(double high) {
  Axis out{.high = std::max(high, 1.0)};
  static constexpr double steps[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400};
  const auto* step = std::find_if(std::begin(steps), std::end(steps), [&](double s) { return out.high / s <= 8; });
  const double by = step != std::end(steps) ? *step : round_up(out.high / 8);
  for (int i = 0; by * i <= out.high; ++i) {
    const double t = by * i;
    out.ticks.emplace_back(t, out.high < 300        ? format("%.0f s", t)
                              : out.high < 4 * 3600 ? format("%g min", t / 60)
                                                    : format("%g h", t / 3600));
  }
  return out;
}

}  // namespace phx::load::report
