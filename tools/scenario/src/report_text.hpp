#pragma once

#include <string>
#include <string_view>

#include <phx/scenario/report.hpp>

namespace phx::scenario {

double seconds_between(Instant from, Instant to);
std::string seconds_text(double seconds);
std::string xml_escaped(std::string_view text);
std::string failure_text(const ScenarioReport& report);

}  // namespace phx::scenario
