#include "timeline.hpp"

namespace phx::load::report {

std::vector<double> Timeline::x() const {
  std::vector<double> out;
  for (std::size_t i = 0; i < steps.size(); ++i) out.push_back(static_cast<double>(i) * width);
  return out;
}

Timeline timeline(const Series& series, std::size_t most) {
  Timeline out;
  if (series.empty()) return out;
  const std::uint64_t length = std::uint64_t{series.rbegin()->first} + 1;
  out.width = static_cast<std::uint32_t>((length + most - 1) / most);
  out.steps.resize((length + out.width - 1) / out.width);
  for (const auto& [t, second] : series) {
    Step& step = out.steps[t / out.width];
    step.sum.merge(second);
    ++step.rows;
  }
  return out;
}

}  // namespace phx::load::report
