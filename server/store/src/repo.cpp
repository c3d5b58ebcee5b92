#include <phx/store/repo.hpp>

#include <stdexcept>

#include "guarded.hpp"
#include "sql.hpp"

namespace phx::store {

using detail::Connection;
using detail::guarded;
using detail::Lease;
using detail::raising;
using detail::Sql;
using detail::SqlError;

Repo::Repo(RepoOptions options) : store_(std::make_shared<detail::Store>(std::move(options))) {}
Repo::Repo(std::shared_ptr<detail::Store> store, Connection* bound) : store_(std::move(store)), bound_(bound) {}

Dialect Repo::dialect() const noexcept { return store_->dialect(); }

std::string Repo::primary_key(const SchemaView& schema) {
  const Field* key = schema.with(Role::primary_key);
  if (!key) throw std::logic_error("the schema of \"" + std::string(schema.table) + "\" names no primary key");
  return std::string(key->name);
}

void Repo::more_than_one(const SchemaView& schema) {
  throw DatabaseError(DatabaseError::Kind::statement, "expected at most one row of \"" + std::string(schema.table) + "\", got more");
}

std::vector<std::vector<Value>> Repo::select(const QueryPlan& plan) {
  return guarded(*store_, bound_, [&](Connection& connection) {
    Sql sql(connection);
    append_columns(sql << "SELECT ", *plan.schema);
    (sql << " FROM ").name(plan.schema->table);
    append_where(sql, plan);
    append_tail(sql, plan);
    return sql.run(connection, detail::column_types(*plan.schema)).rows;
  });
}

bool Repo::any_row(const QueryPlan& plan) {
  return guarded(*store_, bound_, [&](Connection& connection) {
    Sql sql(connection);
    (sql << "SELECT 1 FROM ").name(plan.schema->table);
    append_where(sql, plan);
    sql << " LIMIT 1";
    const Type type = Type::integer;
    return !sql.run(connection, {&type, 1}).rows.empty();
  });
}

std::int64_t Repo::count_rows(const QueryPlan& plan) {
  return guarded(*store_, bound_, [&](Connection& connection) {
    Sql sql(connection);
    (sql << "SELECT count(*) FROM (SELECT 1 FROM ").name(plan.schema->table);
    append_where(sql, plan);
    append_tail(sql, {plan.schema, {}, {}, plan.limit, plan.offset});
    sql << ") AS counted";
    const Type type = Type::integer;
    return *sql.run(connection, {&type, 1}).rows.at(0).at(0).get_if<std::int64_t>();
  });
}

std::int64_t Repo::update_rows(const QueryPlan& plan, const std::map<std::string, Value>& set, const std::map<std::string, Value>& add) {
  if (set.empty() && add.empty()) throw std::invalid_argument("update_all: nothing to set");
  if (plan.limit || plan.offset) throw std::invalid_argument("update_all: a limit or offset has no meaning here");
  return guarded(*store_, bound_, [&](Connection& connection) {
    Sql sql(connection);
    (sql << "UPDATE ").name(plan.schema->table);
    std::string_view between = " SET ";
    for (const auto& [name, value] : set) {
      (sql << between).name(name) << " = ";
      sql.value(plan.schema->at(name), value);
      between = ", ";
    }
    for (const auto& [name, value] : add) {
      ((sql << between).name(name) << " = ").name(name) << " + ";
      sql.value(plan.schema->at(name), value);
      between = ", ";
    }
    append_where(sql, plan);
    return sql.run(connection).affected;
  });
}

std::int64_t Repo::delete_rows(const QueryPlan& plan) {
  if (plan.limit || plan.offset) throw std::invalid_argument("delete_all: a limit or offset has no meaning here");
  return guarded(*store_, bound_, [&](Connection& connection) {
    Sql sql(connection);
    (sql << "DELETE FROM ").name(plan.schema->table);
    append_where(sql, plan);
    return sql.run(connection).affected;
  });
}

std::vector<std::vector<Value>> Repo::query(std::string_view text, const std::vector<Value>& params, const std::vector<Type>& columns) {
  if (columns.empty()) throw std::invalid_argument("Repo::query: say the types of the columns, or use execute");
  return guarded(*store_, bound_, [&](Connection& connection) {
    Sql sql(connection);
    append_user_sql(sql, text, params);
    return sql.run(connection, columns).rows;
  });
}

std::int64_t Repo::execute(std::string_view text, const std::vector<Value>& params) {
  return guarded(*store_, bound_, [&](Connection& connection) {
    Sql sql(connection);
    append_user_sql(sql, text, params);
    return sql.run(connection).affected;
  });
}

void Repo::run_transaction(const std::function<bool(Repo&)>& work) {
  std::vector<std::function<void()>> hooks;
  {
    Lease lease(*store_, bound_);
    const auto hooks_before = lease->after_commit.size();
    raising([&] { lease->begin(); });
    const auto undo = [&] {
      lease->after_commit.resize(hooks_before);
      if (lease->alive()) raising([&] { lease->rollback(); });
    };
    bool keep = false;
    try {
      Repo tx(store_, &*lease);
      keep = work(tx);
    } catch (...) {
      undo();
      throw;
    }
    if (!keep) return undo();
    try {
      lease->commit();
    } catch (const SqlError& error) {
      undo();
      error.raise();
    }
    if (lease->depth() == store_->base_depth()) hooks = std::exchange(lease->after_commit, {});
  }
  for (const auto& hook : hooks) hook();  // the connection is back in the pool: a hook may use the Repo
}

void Repo::after_commit(std::function<void()> work) {
  if (!bound_) return work();
  bound_->after_commit.push_back(std::move(work));
}

Repo Repo::sandbox() {
  if (bound_) throw std::logic_error("Repo::sandbox: not inside a transaction");
  return Repo(std::make_shared<detail::Store>(store_), nullptr);
}

}  // namespace phx::store
