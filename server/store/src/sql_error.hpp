#pragma once

#include <optional>
#include <string>
#include <vector>

#include <phx/store/changeset.hpp>
#include <phx/store/errors.hpp>

namespace phx::store::detail {

/// A statement that the database refused: inside the library only.
struct SqlError {
  DatabaseError::Kind kind = DatabaseError::Kind::statement;
  std::string message;                       ///< of the database, without values
  std::optional<ConstraintKind> constraint;  ///< of kind constraint; nullopt: NOT NULL
  std::string name;                          ///< of the constraint; empty: SQLite does not tell
  std::string table;                         ///< SQLite, unique: the table
  std::vector<std::string> columns;          ///< SQLite, unique: the columns

  [[noreturn]] void raise() const;
};

}  // namespace phx::store::detail
