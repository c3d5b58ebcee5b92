#pragma once

#include <memory>

#include "connection.hpp"

namespace phx::store::detail {

/// As libpq takes it. Sessions speak UTC, ISO dates and UTF-8.
std::unique_ptr<Connection> open_postgresql(const RepoOptions& options);

}  // namespace phx::store::detail
