#pragma once

#include <string>

#include <phx/load/statistics.hpp>

namespace phx::load::report {

/// Latency against the share of the values below it, the tail stretched: 50 %, 90 %, 99 %, 99.9 % are evenly apart. No further than
/// the number of values carries. Empty when nothing was measured.
std::string percentile_curves(const Stats& total);

}  // namespace phx::load::report
