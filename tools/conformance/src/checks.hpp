#pragma once

#include <vector>

#include <phx/conformance/suite.hpp>
#include <phx/core/envelope.hpp>

namespace phx::conformance {

inline constexpr auto null = core::null_token;

// The parts of checks(), in this order.
std::vector<Check> connect_checks();
std::vector<Check> channel_checks();
std::vector<Check> message_checks();
std::vector<Check> longpoll_checks();

}  // namespace phx::conformance
