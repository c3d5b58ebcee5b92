#pragma once

#include <memory>
#include <string>

#include "connection.hpp"

namespace phx::store::detail {

/// Throws std::invalid_argument for a URL that libpq would misunderstand, without quoting any of it: what libpq says itself of a badly
/// written URL shows pieces of the password.
void check_postgresql_url(const std::string& url);

/// As libpq takes it. Sessions speak UTC, ISO dates and UTF-8.
std::unique_ptr<Connection> open_postgresql(const RepoOptions& options);

}  // namespace phx::store::detail
