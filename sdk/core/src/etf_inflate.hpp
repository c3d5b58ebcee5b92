#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace phx::core::etf {

/// The plain bytes of a zlib stream (RFC 1950), checksum verified. nullopt: damaged, or not exactly plain_bytes long.
std::optional<std::string> inflate_zlib(std::string_view stream, std::size_t plain_bytes);

}  // namespace phx::core::etf
