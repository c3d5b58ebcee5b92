#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <phx/core/token.hpp>

namespace phx::server::detail {

core::UnixTime wall_now();

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(core::UnixTime time);
/// That form only; nullopt for any other.
std::optional<core::UnixTime> parse_http_date(std::string_view text);

}  // namespace phx::server::detail
