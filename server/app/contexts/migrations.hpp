#pragma once

#include <phx/store/migration.hpp>

namespace phx::app {

/// The history of the application's database.
store::Migrations migrations();

}  // namespace phx::app
