#pragma once

#include <string_view>

namespace phx::scenario {

/// `*` stands for any run of bytes (also an empty one), `?` for one byte; everything else for itself. The whole text must match.
/// Cost: linear but for patterns with several stars, at worst pattern length times text length; no allocation.
bool glob_match(std::string_view pattern, std::string_view text) noexcept;

}  // namespace phx::scenario
