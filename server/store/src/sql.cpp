#include "sql.hpp"

#include <cmath>
#include <stdexcept>

namespace phx::store {

std::string like_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

namespace detail {

namespace {

constexpr std::size_t max_in_values = 1000;

bool fits(Type type, const Value& value) {
  if (value.is_null()) return true;
  switch (type) {
    case Type::integer: return value.get_if<std::int64_t>();
    case Type::real: return value.get_if<double>() || value.get_if<std::int64_t>();
    case Type::boolean: return value.get_if<bool>();
    case Type::text: return value.get_if<std::string>();
    case Type::timestamp: return value.get_if<Timestamp>();
    case Type::json: return value.get_if<JsonText>();
    case Type::blob: return value.get_if<Blob>();
  }
  return false;
}

const Field& column(const SchemaView& schema, std::string_view name) {
  const Field& field = schema.at(name);
  if (!field.persisted()) throw std::invalid_argument("\"" + std::string(name) + "\" is a virtual field: no query can look at it");
  return field;
}

void append_condition(Sql& sql, const SchemaView& schema, const Condition& condition);

void append_group(Sql& sql, const SchemaView& schema, const Condition& group) {
  const bool all = group.op == Condition::Op::all;
  if (group.op == Condition::Op::none) sql << "NOT ";
  if (group.parts.empty()) return void(sql << (all ? "(1 = 1)" : "(1 = 0)"));
  std::string_view between = "(";
  for (const auto& part : group.parts) {
    sql << between;
    append_condition(sql, schema, part);
    between = all ? " AND " : " OR ";
  }
  sql << ")";
}

void append_in(Sql& sql, const Field& field, const std::vector<Value>& values) {
  if (values.size() > max_in_values) throw std::invalid_argument("in(): more than 1000 values");
  if (values.empty()) return void(sql << "(1 = 0)");
  std::string_view between = " IN (";
  sql.name(field.name);
  for (const auto& value : values) {
    sql << between;
    sql.value(field, value);
    between = ", ";
  }
  sql << ")";
}

void append_like(Sql& sql, const Field& field, const Condition& condition) {
  const bool lower = condition.op == Condition::Op::ilike && sql.sqlite();
  sql << (lower ? "lower(" : "");
  sql.name(field.name) << (lower ? ")" : "") << (condition.op == Condition::Op::ilike && !sql.sqlite() ? " ILIKE " : " LIKE ")
                       << (lower ? "lower(" : "");
  sql.value(field, condition.values.at(0)) << (lower ? ")" : "") << " ESCAPE '\\'";
}

void append_comparison(Sql& sql, const Field& field, std::string_view op, const Condition& condition) {
  const Value& value = condition.values.at(0);
  if (value.is_null()) throw std::invalid_argument("\"" + std::string(field.name) + "\" compared with NULL; use is_null");
  sql.name(field.name) << op;
  sql.value(field, value);
}

void append_condition(Sql& sql, const SchemaView& schema, const Condition& condition) {
  using Op = Condition::Op;
  switch (condition.op) {
    case Op::all:
    case Op::any:
    case Op::none: return append_group(sql, schema, condition);
    case Op::eq: return append_comparison(sql, column(schema, condition.field), " = ", condition);
    case Op::ne: return append_comparison(sql, column(schema, condition.field), " <> ", condition);
    case Op::lt: return append_comparison(sql, column(schema, condition.field), " < ", condition);
    case Op::le: return append_comparison(sql, column(schema, condition.field), " <= ", condition);
    case Op::gt: return append_comparison(sql, column(schema, condition.field), " > ", condition);
    case Op::ge: return append_comparison(sql, column(schema, condition.field), " >= ", condition);
    case Op::like:
    case Op::ilike: return append_like(sql, column(schema, condition.field), condition);
    case Op::in: return append_in(sql, column(schema, condition.field), condition.values);
    case Op::is_null: return void(sql.name(column(schema, condition.field).name) << " IS NULL");
    case Op::not_null: return void(sql.name(column(schema, condition.field).name) << " IS NOT NULL");
  }
}

}  // namespace

Sql& Sql::value(const Value& value) {
  const auto* text = value.get_if<std::string>();
  if (text && text->find('\0') != std::string::npos) throw std::invalid_argument("text with a NUL cannot be stored; use a Blob");
  const auto* real = value.get_if<double>();
  if (real && !std::isfinite(*real)) throw std::invalid_argument("a real that is not finite cannot be stored");
  params_.push_back(value);
  text_ += connection_.placeholder(params_.size(), value);
  return *this;
}

Sql& Sql::value(const Field& field, const Value& given) {
  if (!fits(field.type, given)) throw std::invalid_argument("a value of another type than the field \"" + std::string(field.name) + "\"");
  if (const auto* whole = given.get_if<std::int64_t>(); whole && field.type == Type::real) return value(Value(static_cast<double>(*whole)));
  return value(given);
}

void append_columns(Sql& sql, const SchemaView& schema) {
  std::string_view between;
  for (const auto& field : schema.fields) {
    if (!field.persisted()) continue;
    (sql << between).name(field.name);
    between = ", ";
  }
}

std::vector<Type> column_types(const SchemaView& schema) {
  std::vector<Type> out;
  for (const auto& field : schema.fields)
    if (field.persisted()) out.push_back(field.type);
  return out;
}

void append_where(Sql& sql, const QueryPlan& plan) {
  if (plan.where.empty()) return;
  sql << " WHERE ";
  append_group(sql, *plan.schema, all_of(plan.where));
}

void append_tail(Sql& sql, const QueryPlan& plan) {
  std::string_view between = " ORDER BY ";
  for (const auto& [name, order] : plan.order_by) {
    const Field& field = column(*plan.schema, name);
    (sql << between).name(field.name) << (order == Order::asc ? " ASC" : " DESC");
    if (field.nullable) sql << (order == Order::asc ? " NULLS FIRST" : " NULLS LAST");
    between = ", ";
  }
  if (plan.limit) (sql << " LIMIT ").value(Value(*plan.limit));
  if (plan.offset && !plan.limit && sql.sqlite()) sql << " LIMIT -1";
  if (plan.offset) (sql << " OFFSET ").value(Value(*plan.offset));
}

void append_user_sql(Sql& sql, std::string_view text, const std::vector<Value>& params) {
  std::size_t next = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && c == '?') {
      if (next == params.size()) throw std::invalid_argument("SQL with more '?' than parameters");
      sql.value(params[next++]);
      continue;
    }
    if (quote == 0 && (c == '\'' || c == '"'))
      quote = c;
    else if (c == quote)
      quote = 0;
    sql << text.substr(i, 1);
  }
  if (next != params.size()) throw std::invalid_argument("SQL with fewer '?' than parameters");
}

}  // namespace detail
}  // namespace phx::store
