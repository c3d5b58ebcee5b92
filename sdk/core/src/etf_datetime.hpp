#pragma once

#include <optional>
#include <string>

#include <phx/core/etf.hpp>

namespace phx::core::etf {

/// An Elixir DateTime struct as DateTime.to_iso8601 writes it ("2024-01-02T03:04:05Z"); nullopt: another struct, or one
/// with fields out of range.
std::optional<std::string> iso8601(const Map& map);

}  // namespace phx::core::etf
