#pragma once

#include <string>

#include "timeline.hpp"

namespace phx::load::report {

/// Time from left to right, latency upwards, the darker the more: shows two crowds and stalls that percentiles hide. Empty when nothing was measured.
std::string heat_map(const Timeline& timeline, Second::Latency which, const std::string& label);

}  // namespace phx::load::report
