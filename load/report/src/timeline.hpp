#pragma once

#include <vector>

#include <phx/load/statistics.hpp>

namespace phx::load::report {

/// The run in at most `most` equal steps of whole seconds; levels and CPU are means of a step, everything that counts is its sum.
struct Step {
  std::uint32_t rows = 0;  ///< seconds that were reported
  Second sum;
};
struct Timeline {
  std::uint32_t width = 1;        ///< seconds per step
  std::vector<Step> steps;        ///< with gaps
  std::vector<double> x() const;  ///< the beginning of each step
  double end() const noexcept { return static_cast<double>(steps.size()) * width; }
};
Timeline timeline(const Series& series, std::size_t most);

}  // namespace phx::load::report
