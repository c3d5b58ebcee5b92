#pragma once

#include <memory>

#include "connection.hpp"

namespace phx::store::detail {

/// sqlite:PATH or sqlite::memory:. WAL, foreign keys on, synchronous=FULL: what was committed survives a loss of power.
std::unique_ptr<Connection> open_sqlite(const RepoOptions& options);

}  // namespace phx::store::detail
