#pragma once

#include <vector>

#include <phx/conformance/suite.hpp>

namespace phx::conformance {

// The parts of checks(), in this order.
std::vector<Check> connect_checks();
std::vector<Check> channel_checks();
std::vector<Check> message_checks();
std::vector<Check> longpoll_checks();

}  // namespace phx::conformance
