#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "connection.hpp"

namespace phx::store::detail {

/// What all copies of a Repo share: options and the pool.
class Store {
 public:
  explicit Store(RepoOptions options);
  /// A sandbox: one connection, borrowed from `parent` for its life, inside a transaction.
  explicit Store(std::shared_ptr<Store> parent);
  ~Store();

  const RepoOptions& options() const noexcept { return options_; }
  Dialect dialect() const noexcept { return dialect_; }
  /// The depth of a connection that is in no transaction of the user.
  int base_depth() const noexcept { return parent_ ? 1 : 0; }
  Timestamp now() const;

  /// Throws DatabaseError: no connection, or none free in time.
  std::unique_ptr<Connection> checkout();
  void give_back(std::unique_ptr<Connection> connection) noexcept;

 private:
  std::unique_ptr<Connection> open_one();

  RepoOptions options_;
  Dialect dialect_;
  std::shared_ptr<Store> parent_;
  std::mutex mutex_;  // of what follows
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0, limit_;
};

/// A connection for one operation: of the transaction, or of the pool.
class Lease {
 public:
  Lease(Store& store, Connection* bound);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Connection& operator*() const noexcept { return *connection_; }
  Connection* operator->() const noexcept { return connection_; }

 private:
  Store& store_;
  std::unique_ptr<Connection> owned_;
  Connection* connection_;
};

}  // namespace phx::store::detail
