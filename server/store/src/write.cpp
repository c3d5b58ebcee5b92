#include <phx/store/repo.hpp>

#include <stdexcept>

#include "guarded.hpp"
#include "sql.hpp"

namespace phx::store {

using detail::Connection;
using detail::Sql;
using detail::SqlError;
using Row = std::vector<Value>;

namespace {

bool is_zero(const Value& value) { return value.is_null() || value == Value(0) || value == Value(Timestamp{}) || value == Value(""); }

const Field& key_of(const SchemaView& schema) {
  if (const Field* key = schema.with(Role::primary_key)) return *key;
  throw std::logic_error("the schema of \"" + std::string(schema.table) + "\" names no primary key");
}

/// Every persisted field, but for a key that the database gives.
Sql insert_sql(const Connection& connection, const SchemaView& schema, const Row& row, bool ignore_conflicts) {
  Sql sql(connection);
  (sql << "INSERT INTO ").name(schema.table);
  std::vector<const Field*> fields;
  for (const auto& field : schema.fields)
    if (field.persisted() && !(field.role == Role::primary_key && is_zero(row[schema.index(field)]))) fields.push_back(&field);
  std::string_view between = " (";
  for (const Field* field : fields) {
    (sql << between).name(field->name);
    between = ", ";
  }
  between = ") VALUES (";
  for (const Field* field : fields) {
    (sql << between).value(*field, row[schema.index(*field)]);
    between = ", ";
  }
  sql << (fields.empty() ? " DEFAULT VALUES" : ")") << (ignore_conflicts ? " ON CONFLICT DO NOTHING" : "") << " RETURNING ";
  append_columns(sql, schema);
  return sql;
}

/// " WHERE key = ... [AND lock_version = ...]", of the row as it was read.
void append_identity(Sql& sql, const SchemaView& schema, const Row& before) {
  const Field& key = key_of(schema);
  (sql << " WHERE ").name(key.name) << " = ";
  sql.value(key, before[schema.index(key)]);
  const Field* version = schema.with(Role::lock_version);
  if (!version) return;
  (sql << " AND ").name(version->name) << " = ";
  sql.value(*version, before[schema.index(*version)]);
}

Sql update_sql(const Connection& connection, const SchemaView& schema, const Row& before, const Row& after) {
  Sql sql(connection);
  (sql << "UPDATE ").name(schema.table);
  std::string_view between = " SET ";
  for (const auto& field : schema.fields) {
    const auto i = schema.index(field);
    if (!field.persisted() || before[i] == after[i]) continue;
    (sql << between).name(field.name) << " = ";
    sql.value(field, after[i]);
    between = ", ";
  }
  append_identity(sql, schema, before);
  sql << " RETURNING ";
  append_columns(sql, schema);
  return sql;
}

Sql delete_sql(const Connection& connection, const SchemaView& schema, const Row& before) {
  Sql sql(connection);
  (sql << "DELETE FROM ").name(schema.table);
  append_identity(sql, schema, before);
  sql << " RETURNING ";
  append_columns(sql, schema);
  return sql;
}

void set_insert_defaults(const SchemaView& schema, Row& row, Timestamp now) {
  for (const auto& field : schema.fields) {
    Value& value = row[schema.index(field)];
    if ((field.role == Role::inserted_at || field.role == Role::updated_at) && is_zero(value)) value = now;
    if (field.role == Role::lock_version && is_zero(value)) value = 1;
  }
}

/// False: nothing but what goes by itself would change.
bool set_update_defaults(const SchemaView& schema, const Row& before, Row& after, Timestamp now) {
  bool changed = false;
  for (const auto& field : schema.fields)
    changed = changed || (field.persisted() && before[schema.index(field)] != after[schema.index(field)]);
  for (const auto& field : schema.fields) {
    const auto i = schema.index(field);
    if (field.role == Role::updated_at && before[i] == after[i]) after[i] = now;
    if (field.role == Role::lock_version) after[i] = *before[i].get_if<std::int64_t>() + 1;
  }
  return changed;
}

Row persisted_only(const SchemaView& schema, const Row& row) {
  Row out;
  for (const auto& field : schema.fields)
    if (field.persisted()) out.push_back(row[schema.index(field)]);
  return out;
}

[[noreturn]] void stale(const SchemaView& schema, Action action) {
  throw StaleEntryError(std::string("the row of \"") + std::string(schema.table) + "\" to " +
                        (action == Action::update ? "update" : "delete") + " is gone or has been changed by somebody else");
}

}  // namespace

std::optional<Row> Repo::write(ChangesetBase& changeset, Action action) {
  changeset.set_action(action);
  if (!changeset.valid()) return std::nullopt;
  const SchemaView& schema = changeset.schema();
  Row after = changeset.applied();
  if (action == Action::insert) set_insert_defaults(schema, after, store_->now());
  if (action == Action::update && !set_update_defaults(schema, changeset.record(), after, store_->now()))
    return persisted_only(schema, changeset.record());

  detail::Lease lease(*store_, bound_);
  const auto sql = action == Action::insert   ? insert_sql(*lease, schema, after, false)
                   : action == Action::update ? update_sql(*lease, schema, changeset.record(), after)
                                              : delete_sql(*lease, schema, changeset.record());
  try {
    const bool savepoint = needs_savepoint(*lease, *store_, !changeset.constraints().empty());
    auto outcome = in_savepoint(*lease, savepoint, [&] { return sql.run(*lease, detail::column_types(schema)); });
    if (outcome.rows.empty()) stale(schema, action);
    return std::move(outcome.rows.front());
  } catch (SqlError& error) {
    if (error.constraint && error.name.empty())
      detail::raising(
          [&] { lease->name_constraint(error, schema, action == Action::remove ? changeset.record() : after, action == Action::remove); });
    if (error.constraint && changeset.refused(*error.constraint, error.name)) return std::nullopt;
    error.raise();
  }
}

bool Repo::insert_ignoring(const ChangesetBase& changeset) {
  Row row = changeset.applied();
  set_insert_defaults(changeset.schema(), row, store_->now());
  return detail::guarded(*store_, bound_, [&](Connection& connection) {
    return !insert_sql(connection, changeset.schema(), row, true).run(connection, detail::column_types(changeset.schema())).rows.empty();
  });
}

}  // namespace phx::store
