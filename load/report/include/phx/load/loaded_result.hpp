#pragma once

#include <string>
#include <string_view>

#include <phx/core/json.hpp>
#include <phx/load/statistics.hpp>

namespace phx::load {

/// A result.json, read and checked whole: what shows it need not ask again what is there.
struct LoadedResult {
  std::string file;  ///< as it was named
  Json json;
  Stats total;  ///< from the raw histograms
  Series series;
};

/// Throws std::invalid_argument: one line with the file, the place in it and the remedy.
LoadedResult read_result(const std::string& file, std::string_view text);

}  // namespace phx::load
