#pragma once

#include <phx/store/changeset.hpp>
#include <phx/store/jobs.hpp>
#include <phx/store/migration.hpp>
#include <phx/store/multi.hpp>
#include <phx/store/query.hpp>
#include <phx/store/repo.hpp>

/// Ecto's names beside Phoenix's. Queries and schemas stay in phx::store: `using namespace phx::store` where they are written.
namespace phx {
using store::Changeset;
using store::Multi;
using store::Repo;
}  // namespace phx
