#include "sqlite_constraints.hpp"

#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <array>

namespace phx::store::detail {

namespace {

using Kind = DatabaseError::Kind;

constexpr std::array one_text{Type::text};

std::string joined(const std::string& table, const std::vector<std::string>& columns, std::string_view suffix) {
  std::string out = table;
  for (const auto& column : columns) out += "_" + column;
  return out + std::string(suffix);
}

/// "UNIQUE constraint failed: users.email, users.org_id" or "... failed: index 'users_lower_email_index'".
void read_unique(SqlError& error, std::string_view text) {
  if (text.starts_with("index '")) {
    error.name = text.substr(7, text.rfind('\'') - 7);
    return;
  }
  while (!text.empty()) {
    const auto comma = std::min(text.find(", "), text.size());
    const auto one = text.substr(0, comma);
    const auto dot = std::min(one.find('.'), one.size());
    error.table = one.substr(0, dot);
    error.columns.emplace_back(one.substr(std::min(dot + 1, one.size())));
    text.remove_prefix(std::min(comma + 2, text.size()));
  }
}

SqlError constraint_error(int code, std::string message) {
  SqlError error{Kind::constraint, std::move(message), {}, {}, {}, {}};
  const auto colon = error.message.find(": ");
  const auto detail = colon == std::string::npos ? std::string() : error.message.substr(colon + 2);
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      error.constraint = ConstraintKind::unique;
      read_unique(error, detail);
      break;
    case SQLITE_CONSTRAINT_FOREIGNKEY: error.constraint = ConstraintKind::foreign_key; break;
    case SQLITE_CONSTRAINT_CHECK:
      error.constraint = ConstraintKind::check;
      error.name = detail;
      break;
    default: break;
  }
  return error;
}

struct ForeignKey {
  std::string parent, from, to;
};

std::vector<ForeignKey> foreign_keys(Connection& connection, const std::string& table) {
  constexpr std::array three{Type::text, Type::text, Type::text};
  const std::array params{Value(table)};
  std::vector<ForeignKey> out;
  for (const auto& row :
       connection.run("SELECT \"table\", \"from\", coalesce(\"to\", 'id') FROM pragma_foreign_key_list(:p1)", params, three).rows)
    out.push_back({*row[0].get_if<std::string>(), *row[1].get_if<std::string>(), *row[2].get_if<std::string>()});
  return out;
}

bool has_row(Connection& connection, const std::string& table, const std::string& column, const Value& value) {
  const std::array params{value};
  const auto sql = "SELECT 'x' FROM " + quote_identifier(table) + " WHERE " + quote_identifier(column) + " = " +
                   connection.placeholder(1, value) + " LIMIT 1";
  return !connection.run(sql, params, one_text).rows.empty();
}

std::string broken_reference(Connection& connection, const SchemaView& schema, std::span<const Value> row) {
  for (const auto& key : foreign_keys(connection, std::string(schema.table))) {
    const Field* field = schema.find(key.from);
    if (!field) continue;
    const Value& value = row[schema.index(*field)];
    if (!value.is_null() && !has_row(connection, key.parent, key.to, value)) return joined(std::string(schema.table), {key.from}, "_fkey");
  }
  return {};
}

std::string remaining_reference(Connection& connection, const SchemaView& schema, std::span<const Value> row) {
  for (const auto& child : connection.run("SELECT name FROM sqlite_master WHERE type = 'table'", {}, one_text).rows) {
    const auto& table = *child[0].get_if<std::string>();
    for (const auto& key : foreign_keys(connection, table)) {
      const Field* field = key.parent == schema.table ? schema.find(key.to) : nullptr;
      if (field && has_row(connection, table, key.from, row[schema.index(*field)])) return joined(table, {key.from}, "_fkey");
    }
  }
  return {};
}

}  // namespace

SqlError sqlite_error(int code, std::string message) {
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT: return constraint_error(code, std::move(message));
    case SQLITE_INTERRUPT: return {Kind::timeout, "the statement took longer than the statement timeout", {}, {}, {}, {}};
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {Kind::timeout, "another connection held the database longer than the statement timeout", {}, {}, {}, {}};
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
    case SQLITE_IOERR: return {Kind::connection, std::move(message), {}, {}, {}, {}};
    default: return {Kind::statement, std::move(message), {}, {}, {}, {}};
  }
}

std::string sqlite_unique_name(Connection& connection, const std::string& table, const std::vector<std::string>& columns) {
  constexpr std::array two{Type::text, Type::text};
  const std::array params{Value(table)};
  for (const auto& index : connection.run("SELECT name, origin FROM pragma_index_list(:p1) WHERE \"unique\" = 1", params, two).rows) {
    const std::array name{index[0]};
    std::vector<std::string> covered;
    for (const auto& row : connection.run("SELECT coalesce(name, '') FROM pragma_index_info(:p1) ORDER BY seqno", name, one_text).rows)
      covered.push_back(*row[0].get_if<std::string>());
    if (covered != columns) continue;
    const auto& origin = *index[1].get_if<std::string>();
    return origin == "c" ? *index[0].get_if<std::string>() : origin == "pk" ? table + "_pkey" : joined(table, columns, "_key");
  }
  return table + "_pkey";  // INTEGER PRIMARY KEY has no index
}

std::string sqlite_foreign_key_name(Connection& connection, const SchemaView& schema, std::span<const Value> row, bool deleting) {
  return deleting ? remaining_reference(connection, schema, row) : broken_reference(connection, schema, row);
}

}  // namespace phx::store::detail
