#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <phx/load/plan.hpp>
#include <phx/load/statistics.hpp>

namespace phx::load {

/// What is known while a run goes on.
struct PanelFigures {
  std::string name{}, url{};  ///< the URL is shown masked
  std::uint32_t users = 0;
  std::vector<Stage> stages{};
  Series series{};                   ///< complete seconds so far
  std::vector<std::string> notes{};  ///< further lines: the watched server, the fleet
};

struct PanelLook {
  std::size_t columns = 80;
  bool colour = false;
  bool unicode = false;  ///< small charts of the last seconds
};

/// The panel as lines of at most `columns` characters (colours not counted), without line breaks. Rates and percentiles are those of
/// the last second, or of the last in which there were any.
std::vector<std::string> panel(const PanelFigures& figures, const PanelLook& look);

/// The same in one line, for logs.
std::string panel_line(const PanelFigures& figures);

}  // namespace phx::load
