#include "chart.hpp"

#include <algorithm>
#include <cmath>

#include "page.hpp"

namespace phx::load::report {
namespace {

std::string legend(const std::vector<Line>& lines) {
  std::string out = "<div class=\"key\">";
  for (const Line& line : lines)
    out += format("<span><i class=\"c%d%s\"></i>", line.colour, line.dashed ? " d" : "") + safe(line.name, 60) + "</span>";
  return out + "</div>";
}

/// A path that is interrupted where nothing was measured; a value between two gaps is a dot.
std::string path(const Chart& chart, const Line& line) {
  std::string d, dots;
  for (std::size_t i = 0; i < line.y.size(); ++i) {
    if (std::isnan(line.y[i])) continue;
    const double x = Plot::x(chart.x_axis.at(chart.x[i])), y = Plot::y(chart.y_axis.at(line.y[i]));
    const bool before = i > 0 && !std::isnan(line.y[i - 1]), behind = i + 1 < line.y.size() && !std::isnan(line.y[i + 1]);
    if (!before && !behind) dots += format("<circle class=\"dot c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>", line.colour, x, y);
    d += format(before ? "L%.1f %.1f" : "M%.1f %.1f", x, y);
  }
  return d.empty() ? d : format("<path class=\"p c%d%s\" d=\"", line.colour, line.dashed ? " d" : "") + d + "\"/>" + dots;
}

std::string strip(const Chart& chart, std::size_t i) {
  std::string text = chart.x_text(chart.x[i]);
  bool any = false;
  for (const Line& line : chart.lines) {
    if (std::isnan(line.y[i])) continue;
    text += "\n" + line.name + " " + chart.y_text(line.y[i]);
    any = true;
  }
  if (!any) return {};
  const auto middle = [&](std::size_t k) { return Plot::x((chart.x_axis.at(chart.x[k]) + chart.x_axis.at(chart.x[k + 1])) / 2); };
  const double from = i == 0 ? Plot::x(chart.x_axis.at(chart.x[i])) : middle(i - 1);
  const double to = i + 1 == chart.x.size() ? Plot::x(1) : middle(i);
  return format("<rect class=\"o\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\"><title>", from, Plot::top, std::max(to - from, 0.5),
                Plot::y(0) - Plot::top) +
         safe(text) + "</title></rect>";
}

}  // namespace

std::string open_plot(const std::string& label, const Axis& x, const Axis& y) {
  std::string out = format("<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", Plot::width, Plot::height) + safe(label) + "\">";
  std::string grid;
  for (const auto& [value, text] : y.ticks) {
    const double at = Plot::y(y.at(value));
    grid += format("M%.0f %.1fH%.0f", Plot::left, at, Plot::width - Plot::right);
    out += format("<text class=\"e\" x=\"%.0f\" y=\"%.1f\">", Plot::left - 6, at + 3.5) + safe(text) + "</text>";
  }
  for (const auto& [value, text] : x.ticks) {
    const double at = Plot::x(x.at(value));
    const bool last = at > Plot::width - Plot::right - 12;
    out += format("<text class=\"%s\" x=\"%.1f\" y=\"%.0f\">", last ? "e" : "m", last ? Plot::width - Plot::right : at, Plot::height - 6) +
           safe(text) + "</text>";
  }
  return out + "<path class=\"g\" d=\"" + grid + "\"/>";
}

std::string draw(const Chart& chart) {
  std::string out = legend(chart.lines) + open_plot(chart.label, chart.x_axis, chart.y_axis);
  for (const Line& line : chart.lines) out += path(chart, line);
  for (std::size_t i = 0; chart.strips && i < chart.x.size(); ++i) out += strip(chart, i);
  return out + "</svg>";
}

}  // namespace phx::load::report
