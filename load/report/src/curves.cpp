#include "curves.hpp"

#include <phx/load/figure_text.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include "chart.hpp"
#include "page.hpp"

namespace phx::load::report {
namespace {

constexpr int points = 60;
struct Curve {
  Metric metric;
  const char* name;
  int colour;
  bool dashed;
};
constexpr Curve curves[] = {{Metric::connect, "connect", 4, false},   {Metric::join, "join", 1, false},
                            {Metric::reply, "reply", 2, false},       {Metric::reply_actual, "reply from sending", 2, true},
                            {Metric::delivery, "delivery", 3, false}, {Metric::delivery_actual, "delivery from sending", 3, true}};

/// Nines: 1 is 90 %, 3 is 99.9 %.
double percent_of(double nines) { return 100 * (1 - std::pow(10, -nines)); }
std::string percent_text(double nines) {
  return format("%.*f %% take at most", std::max(0, static_cast<int>(std::ceil(nines)) - 1), percent_of(nines));
}

}  // namespace

std::string percentile_curves(const Stats& total) {
  double reach = 0, low = std::numeric_limits<double>::max(), high = 0;
  for (const Curve& c : curves)
    if (const auto n = total[c.metric].count(); n > 0) reach = std::max(reach, std::log10(static_cast<double>(n)));
  if (reach == 0) return {};
  reach = std::min(reach, 6.0);
  Chart chart{.label = "Latency percentiles", .y_text = time_text, .x_text = percent_text};
  for (int i = 0; i <= points; ++i) chart.x.push_back(reach * i / points);
  for (const Curve& c : curves) {
    const auto& h = total[c.metric];
    if (h.empty()) continue;
    Line line{c.name, c.colour, c.dashed, {}};
    for (const double nines : chart.x) {
      const bool known = nines <= std::log10(static_cast<double>(h.count())) + 1e-9;
      line.y.push_back(known ? static_cast<double>(h.percentile(percent_of(nines))) / 1000 : std::numeric_limits<double>::quiet_NaN());
      if (known && line.y.back() > 0) low = std::min(low, line.y.back()), high = std::max(high, line.y.back());
    }
    chart.lines.push_back(std::move(line));
  }
  chart.x_axis.high = reach;
  static constexpr std::pair<double, const char*> marks[] = {{0, "min"},    {0.30103, "50 %"}, {1, "90 %"},     {2, "99 %"},
                                                             {3, "99.9 %"}, {4, "99.99 %"},    {5, "99.999 %"}, {6, "99.9999 %"}};
  for (const auto& [nines, text] : marks)
    if (nines <= reach) chart.x_axis.ticks.emplace_back(nines, text);
  chart.y_axis = Axis::logarithmic(low, std::max(low, high), time_text);
  return draw(chart);
}

}  // namespace phx::load::report
