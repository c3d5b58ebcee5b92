#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"

namespace phx::store::detail {

/// SQL text and its parameters, grown together.
class Sql {
 public:
  explicit Sql(const Connection& connection) : connection_(connection) {}
  Sql& operator<<(std::string_view text) { return text_ += text, *this; }
  Sql& name(std::string_view identifier) { return text_ += quote_identifier(identifier), *this; }
  /// A parameter. Throws std::invalid_argument for what no database keeps: text with NUL, a real that is not finite.
  Sql& value(const Value& value);
  /// As value, of the type of the field. Throws std::invalid_argument for another type.
  Sql& value(const Field& field, const Value& value);
  void drop_last(std::size_t characters) { text_.resize(text_.size() - characters); }

  Outcome run(Connection& connection, std::span<const Type> columns = {}) const { return connection.run(text_, params_, columns); }
  bool sqlite() const noexcept { return connection_.dialect() == Dialect::sqlite; }

 private:
  const Connection& connection_;
  std::string text_;
  std::vector<Value> params_;
};

/// "a", "b", ... of the fields in the table.
void append_columns(Sql& sql, const SchemaView& schema);
std::vector<Type> column_types(const SchemaView& schema);
/// " WHERE ...", if there are conditions.
void append_where(Sql& sql, const QueryPlan& plan);
/// " ORDER BY ... LIMIT ... OFFSET ..."
void append_tail(Sql& sql, const QueryPlan& plan);
/// SQL of the user: each '?' outside quotes is a parameter. Throws std::invalid_argument when their number differs.
void append_user_sql(Sql& sql, std::string_view text, const std::vector<Value>& params);

}  // namespace phx::store::detail
