#pragma once

#include "pool.hpp"

namespace phx::store::detail {

/// Runs statements; SqlError becomes DatabaseError.
template <class F>
auto raising(F&& work) {
  try {
    return work();
  } catch (const SqlError& error) { error.raise(); }
}

/// A refused statement spoils PostgreSQL's whole transaction, unless it ran in a savepoint. A sandbox must survive any refusal.
inline bool needs_savepoint(const Connection& connection, const Store& store, bool may_be_refused) {
  if (connection.dialect() != Dialect::postgresql || connection.depth() == 0) return false;
  return may_be_refused || connection.depth() == store.base_depth();
}

template <class F>
auto in_savepoint(Connection& connection, bool wanted, F&& work) {
  if (!wanted) return work();
  connection.begin();
  try {
    auto result = work();
    connection.commit();
    return result;
  } catch (...) {
    if (connection.alive()) connection.rollback();
    throw;
  }
}

/// work(connection) on the connection of the transaction or one of the pool.
template <class F>
auto guarded(Store& store, Connection* bound, F&& work) {
  Lease lease(store, bound);
  return raising([&] { return in_savepoint(*lease, needs_savepoint(*lease, store, false), [&] { return work(*lease); }); });
}

}  // namespace phx::store::detail
