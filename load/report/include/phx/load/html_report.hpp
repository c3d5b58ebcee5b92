#pragma once

#include <cstddef>
#include <string>

#include <phx/load/loaded_result.hpp>

namespace phx::load {

/// No page is larger: long runs are shown in wider time steps, long lists say how much more there is in result.json.
inline constexpr std::size_t html_limit = 400'000;

/// One run as one HTML file: no script, nothing fetched (a Content-Security-Policy says so to the browser), dark and light.
/// Secrets of the URL and the plan are masked.
std::string html_report(const LoadedResult& result);

}  // namespace phx::load
