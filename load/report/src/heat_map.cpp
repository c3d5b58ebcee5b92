#include "heat_map.hpp"

#include <phx/load/figure_text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "chart.hpp"
#include "page.hpp"

namespace phx::load::report {
namespace {

constexpr std::size_t most_rows = 36, levels = 8;

/// Rows of `per_row` cells each (a cell is 1/16 octave), counts by column.
struct Grid {
  std::uint16_t first = 0, per_row = 1;
  std::size_t rows = 0;
  std::vector<std::vector<std::uint64_t>> columns;
  std::uint64_t greatest = 0;
  double row_of(double us) const noexcept {
    const std::uint16_t cell = Second::cell_of(static_cast<std::uint64_t>(us * 1000));
    return (static_cast<double>(cell) - first) / per_row;
  }
};

Grid grid_of(const Timeline& timeline, Second::Latency which) {
  Grid out;
  std::uint16_t low = 0xffff, high = 0;
  for (const Step& step : timeline.steps) {
    const auto& cells = step.sum.cells[which];
    if (cells.empty()) continue;
    low = std::min(low, cells.begin()->first);
    high = std::max(high, cells.rbegin()->first);
  }
  if (low > high) return out;
  out.first = low;
  const std::size_t range = std::size_t{high} - low + 1;
  out.per_row = static_cast<std::uint16_t>((range + most_rows - 1) / most_rows);
  out.rows = std::max<std::size_t>((range + out.per_row - 1) / out.per_row, 8);
  for (const Step& step : timeline.steps) {
    auto& column = out.columns.emplace_back(out.rows);
    for (const auto& [cell, n] : step.sum.cells[which])
      out.greatest = std::max(out.greatest, column[std::size_t(cell - low) / out.per_row] += n);
  }
  return out;
}

/// 1-2-5 marks, thinned out to what fits.
Axis rows_axis(const Grid& grid) {
  Axis out{.high = static_cast<double>(grid.rows)};
  for (std::uint64_t ten = 1; ten < 1'000'000'000'000; ten *= 10)
    for (const unsigned step : {1u, 2u, 5u}) {
      const auto value = static_cast<double>(step * ten);
      const double row = grid.row_of(value);
      if (row < 0 || row > static_cast<double>(grid.rows)) continue;
      if (out.ticks.empty() || row - out.ticks.back().first >= static_cast<double>(grid.rows) / 9)
        out.ticks.emplace_back(row, time_text(value));
    }
  return out;
}

}  // namespace

std::string heat_map(const Timeline& timeline, Second::Latency which, const std::string& label) {
  const Grid grid = grid_of(timeline, which);
  if (grid.rows == 0) return {};
  std::array<std::string, levels> paths;
  const auto edge = [&](std::size_t column) {
    return std::lround(Plot::x(static_cast<double>(column) / static_cast<double>(grid.columns.size())));
  };
  const auto height = [&](std::size_t row) { return std::lround(Plot::y(static_cast<double>(row) / static_cast<double>(grid.rows))); };
  for (std::size_t c = 0; c < grid.columns.size(); ++c)
    for (std::size_t r = 0; r < grid.rows; ++r) {
      const std::uint64_t n = grid.columns[c][r];
      if (n == 0) continue;
      const double share = grid.greatest == 1 ? 1.0 : std::log(static_cast<double>(n)) / std::log(static_cast<double>(grid.greatest));
      const auto level = std::min(levels - 1, static_cast<std::size_t>(share * levels));
      const long width = edge(c + 1) - edge(c), tall = height(r) - height(r + 1);
      paths[level] += format("M%ld %ldh%ldv%ldh-%ldz", edge(c), height(r + 1), width, tall, width);
    }
  std::string out = open_plot(label, Axis::seconds(timeline.end()), rows_axis(grid));
  for (std::size_t level = 0; level < levels; ++level)
    if (!paths[level].empty())
      out += format("<path class=\"h\" fill-opacity=\"%.2f\" d=\"", 0.15 + 0.85 * static_cast<double>(level) / (levels - 1)) +
             paths[level] + "\"/>";
  return out + "</svg>";
}

}  // namespace phx::load::report
