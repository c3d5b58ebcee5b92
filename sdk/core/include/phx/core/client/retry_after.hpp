#pragma once

#include <optional>
#include <string_view>

#include <phx/core/time.hpp>

namespace phx::core {

/// The wait that a Retry-After header asks for (RFC 9110 10.2.3): whole seconds, or a date. A date counts from the answer's own Date
/// header, so neither clock needs to be right; one in the past is zero. nullopt: neither, or a date without a Date header.
/// Only the date format that RFC 9110 lets servers send: "Sun, 06 Nov 1994 08:49:37 GMT". At most ten years.
std::optional<Duration> parse_retry_after(std::string_view value, std::string_view date);

}  // namespace phx::core
