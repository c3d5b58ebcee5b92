#include "orders.hpp"

#include <phx/core/json.hpp>

namespace phx::app {

using namespace store;

Outcome<app::Order> Orders::create_order(std::int64_t user_id, const Json& params) {
  app::Order order;
  order.user_id = user_id;
  auto changeset = cast(order, params, {"item", "quantity", "unit_price"})
                       .validate_required({"item", "quantity", "unit_price"})
                       .validate_length("item", {.max = 200})
                       .validate_number("quantity", {.less_than_or_equal_to = 1'000})
                       .validate_number("unit_price", {.less_than_or_equal_to = 1e9, .greater_than_or_equal_to = 0});
  if (changeset.valid()) {
    const app::Order wanted = changeset.apply_changes();
    changeset.put_change("total", wanted.quantity * wanted.unit_price);
    // Validations look at changes, and 0 is none in a new order.
    if (wanted.quantity < 1) changeset.add_error("quantity", "must be greater than or equal to 1");
  }
  return repo_.transaction([&](Repo& tx) -> Outcome<app::Order> {
    auto saved = tx.insert(std::move(changeset));
    if (saved)
      tx.after_commit([this, data = order_json(*saved), user_id] {
        pubsub_.broadcast("orders", "order_created", data);
        pubsub_.broadcast("user:" + std::to_string(user_id), "order_created", data);
      });
    return outcome(std::move(saved));
  });
}

Outcome<app::Order> Orders::get_order(std::int64_t user_id, std::int64_t id) {
  auto order = repo_.get_by<app::Order>({{"id", id}, {"user_id", user_id}});
  if (!order) return refuse("not_found");
  return std::move(*order);
}

Result<Page<app::Order>> Orders::list_orders(std::int64_t user_id, const PageOptions& page) {
  return repo_.page(from<app::Order>().where("user_id", user_id).order_by("id", store::Order::desc), page);
}

std::int64_t Orders::revenue_today() {
  const Timestamp midnight = std::chrono::floor<std::chrono::days>(wall_now());
  const auto rows =
      repo_.query("SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM orders WHERE inserted_at >= ?", {midnight}, {Type::integer});
  return *rows.at(0).at(0).get_if<std::int64_t>();
}

Json order_json(const app::Order& o) {
  return obj("id", o.id, "item", o.item, "quantity", o.quantity, "unit_price", o.unit_price, "total", o.total, "inserted_at",
             format_timestamp(o.inserted_at));
}

}  // namespace phx::app
