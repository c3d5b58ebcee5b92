#include <phx/store/repo.hpp>

#include <stdexcept>

#include "cursor.hpp"

namespace phx::store {

namespace {

constexpr std::int64_t max_page = 1000;
using OrderFields = std::vector<const Field*>;

OrderFields order_fields(const QueryPlan& plan) {
  OrderFields out;
  for (const auto& [name, order] : plan.order_by) {
    const Field& field = plan.schema->at(name);
    if (field.nullable) throw std::invalid_argument("Repo::page: \"" + name + "\" may be NULL and cannot order pages");
    out.push_back(&field);
  }
  return out;
}

/// Behind the cursor: (a > x) or (a = x and b > y) or ...
Condition behind(const QueryPlan& plan, const std::vector<Value>& values) {
  std::vector<Condition> ways;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::vector<Condition> steps;
    for (std::size_t j = 0; j < i; ++j) steps.push_back(eq(plan.order_by[j].first, values[j]));
    const auto& [name, order] = plan.order_by[i];
    steps.push_back(order == Order::asc ? gt(name, values[i]) : lt(name, values[i]));
    ways.push_back(all_of(std::move(steps)));
  }
  return any_of(std::move(ways));
}

std::string cursor_of(const SchemaView& schema, const OrderFields& order, const std::vector<Value>& row) {
  std::vector<Value> values;
  for (const Field* wanted : order) {
    std::size_t column = 0;
    for (const auto& field : schema.fields) {
      if (&field == wanted) break;
      column += field.persisted();
    }
    values.push_back(row.at(column));
  }
  return detail::encode_cursor(order, values);
}

}  // namespace

Result<Repo::RawPage> Repo::page_rows(QueryPlan plan, const PageOptions& options) {
  if (options.limit < 1 || options.limit > max_page) throw std::invalid_argument("Repo::page: the limit must be 1 to 1000");
  if (options.after && options.before) throw std::invalid_argument("Repo::page: after and before exclude each other");
  if (plan.limit || plan.offset) throw std::invalid_argument("Repo::page: the limit belongs into PageOptions");
  const std::string key = primary_key(*plan.schema);
  if (std::none_of(plan.order_by.begin(), plan.order_by.end(), [&](const auto& by) { return by.first == key; }))
    plan.order_by.emplace_back(key, plan.order_by.empty() ? Order::asc : plan.order_by.back().second);
  if (options.before)
    for (auto& by : plan.order_by) by.second = by.second == Order::asc ? Order::desc : Order::asc;
  const auto order = order_fields(plan);
  if (const auto& cursor = options.before ? options.before : options.after) {
    const auto values = detail::decode_cursor(order, *cursor);
    if (!values) return tl::unexpected(std::make_error_code(std::errc::invalid_argument));
    plan.where.push_back(behind(plan, *values));
  }
  plan.limit = options.limit + 1;
  RawPage page;
  page.entries = select(plan);
  page.has_next = static_cast<std::int64_t>(page.entries.size()) > options.limit;
  if (page.has_next) page.entries.pop_back();
  if (options.before) std::reverse(page.entries.begin(), page.entries.end());
  if (!page.entries.empty()) {
    page.start_cursor = cursor_of(*plan.schema, order, page.entries.front());
    page.end_cursor = cursor_of(*plan.schema, order, page.entries.back());
  }
  return page;
}

}  // namespace phx::store
