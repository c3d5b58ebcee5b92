#pragma once

#include <string>

#include "connection.hpp"

namespace phx::store::detail {

/// What SQLite's result code and message say. A UNIQUE failure tells columns, a FOREIGN KEY failure tells nothing.
SqlError sqlite_error(int code, std::string message);

/// The index of a table over just these columns: its name, or `<table>_<columns>_key` and `<table>_pkey` for those of the table's definition,
/// as PostgreSQL calls them.
std::string sqlite_unique_name(Connection& connection, const std::string& table, const std::vector<std::string>& columns);

/// `<child>_<column>_fkey` of the foreign key that the row breaks. row: in the order of the schema.
std::string sqlite_foreign_key_name(Connection& connection, const SchemaView& schema, std::span<const Value> row, bool deleting);

}  // namespace phx::store::detail
