#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/store/schema.hpp>

namespace phx::store {

enum class Order { asc, desc };

/// What rows must fulfil. Values always travel as bound parameters.
struct Condition {
  enum class Op { eq, ne, lt, le, gt, ge, like, ilike, in, is_null, not_null, all, any, none };
  Op op;
  std::string field;
  std::vector<Value> values;
  std::vector<Condition> parts;
};

/// A NULL compared is is_null.
inline Condition eq(std::string field, Value value) {
  if (value.is_null()) return {Condition::Op::is_null, std::move(field), {}, {}};
  return {Condition::Op::eq, std::move(field), {std::move(value)}, {}};
}
inline Condition ne(std::string field, Value value) {
  if (value.is_null()) return {Condition::Op::not_null, std::move(field), {}, {}};
  return {Condition::Op::ne, std::move(field), {std::move(value)}, {}};
}
inline Condition lt(std::string field, Value value) { return {Condition::Op::lt, std::move(field), {std::move(value)}, {}}; }
inline Condition le(std::string field, Value value) { return {Condition::Op::le, std::move(field), {std::move(value)}, {}}; }
inline Condition gt(std::string field, Value value) { return {Condition::Op::gt, std::move(field), {std::move(value)}, {}}; }
inline Condition ge(std::string field, Value value) { return {Condition::Op::ge, std::move(field), {std::move(value)}, {}}; }
/// '%' and '_' match; '\' takes that from them. like_escape makes a client's text harmless.
inline Condition like(std::string field, std::string pattern) {
  return {Condition::Op::like, std::move(field), {Value(std::move(pattern))}, {}};
}
/// Without regard to case; on SQLite of ASCII letters only.
inline Condition ilike(std::string field, std::string pattern) {
  return {Condition::Op::ilike, std::move(field), {Value(std::move(pattern))}, {}};
}
std::string like_escape(std::string_view text);
/// An empty list matches nothing. At most 1000 values.
inline Condition in(std::string field, std::vector<Value> values) { return {Condition::Op::in, std::move(field), std::move(values), {}}; }
inline Condition is_null(std::string field) { return {Condition::Op::is_null, std::move(field), {}, {}}; }
inline Condition not_null(std::string field) { return {Condition::Op::not_null, std::move(field), {}, {}}; }
inline Condition all_of(std::vector<Condition> parts) { return {Condition::Op::all, {}, {}, std::move(parts)}; }
inline Condition any_of(std::vector<Condition> parts) { return {Condition::Op::any, {}, {}, std::move(parts)}; }
inline Condition none_of(std::vector<Condition> parts) { return {Condition::Op::none, {}, {}, std::move(parts)}; }

/// A Query without its C++ type.
struct QueryPlan {
  const SchemaView* schema;
  std::vector<Condition> where;
  std::vector<std::pair<std::string, Order>> order_by;
  std::optional<std::int64_t> limit, offset;
};

/// from<Message>().where("room_id", 7).where(gt("inserted_at", since)).order_by("id", Order::desc).limit(50)
/// A value; fields the schema has not throw std::invalid_argument when the query runs.
template <class T>
class Query {
 public:
  Query() : plan_{&schema_of<T>(), {}, {}, {}, {}} {}
  Query& where(std::string field, Value value) { return where(eq(std::move(field), std::move(value))); }
  Query& where(Condition condition) { return plan_.where.push_back(std::move(condition)), *this; }
  /// NULL comes first ascending, last descending, on both databases.
  Query& order_by(std::string field, Order order = Order::asc) { return plan_.order_by.emplace_back(std::move(field), order), *this; }
  Query& limit(std::int64_t rows) { return plan_.limit = rows, *this; }
  Query& offset(std::int64_t rows) { return plan_.offset = rows, *this; }
  const QueryPlan& plan() const noexcept { return plan_; }

 private:
  QueryPlan plan_;
};

template <class T>
Query<T> from() {
  return {};
}

/// Keyset pagination: a cursor is the place of a row in the order, so rows that come and go do not shift the pages.
struct PageOptions {
  std::int64_t limit = 20;              ///< 1 to 1000
  std::optional<std::string> after{};   ///< Page::end_cursor of the page before
  std::optional<std::string> before{};  ///< Page::start_cursor of the page behind; not together with after
};

template <class T>
struct Page {
  std::vector<T> entries;
  std::optional<std::string> start_cursor, end_cursor;  ///< of the first and last entry
  bool has_next = false;                                ///< in the direction asked for, there is more
};

}  // namespace phx::store
