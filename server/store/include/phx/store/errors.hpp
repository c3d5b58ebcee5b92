#pragma once

#include <stdexcept>
#include <string>

namespace phx::store {

/// What a Repo throws, as Ecto's raises: a channel crashes alone, a controller answers 500. Refusals that a client can mend (validations,
/// announced constraints) are values instead. Texts name no values of rows or parameters.
class DatabaseError : public std::runtime_error {
 public:
  enum class Kind {
    connection,     ///< cannot connect, or the connection was lost; the next operation connects anew
    timeout,        ///< statement timeout, no free connection within the checkout timeout, or a lock held too long by others
    serialization,  ///< deadlock or serialization failure: try the transaction again
    constraint,     ///< ConstraintError
    stale,          ///< StaleEntryError
    statement,      ///< anything else: a bug in SQL or schema
  };
  DatabaseError(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

/// A constraint that the changeset does not announce refused the row.
class ConstraintError : public DatabaseError {
 public:
  ConstraintError(std::string name, const std::string& message) : DatabaseError(Kind::constraint, message), name_(std::move(name)) {}
  /// Empty for NOT NULL.
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
};

/// The row to update or delete is gone, or somebody has changed it (lock_version). An API answers 409.
class StaleEntryError : public DatabaseError {
 public:
  explicit StaleEntryError(const std::string& message) : DatabaseError(Kind::stale, message) {}
};

}  // namespace phx::store
