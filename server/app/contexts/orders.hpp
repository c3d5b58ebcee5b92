#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <phx/core/json_fwd.hpp>
#include <phx/server/pubsub.hpp>

#include "outcome.hpp"

namespace phx::app {

/// total: in cents, as all money here.
struct Order {
  std::int64_t id = 0;
  std::int64_t user_id = 0;
  std::string item;
  std::int64_t quantity = 0, unit_price = 0, total = 0;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("orders", field<&Order::id>("id", Role::primary_key), field<&Order::user_id>("user_id"),
                         field<&Order::item>("item"), field<&Order::quantity>("quantity"), field<&Order::unit_price>("unit_price"),
                         field<&Order::total>("total"), field<&Order::inserted_at>("inserted_at", Role::inserted_at));
  }
};

/// Orders of users. Each new one is broadcast as `order_created`, to "orders" for the server itself and to the user's own topic, once it is
/// committed. Every call blocks.
class Orders {
 public:
  Orders(Repo repo, server::PubSub& pubsub) : repo_(std::move(repo)), pubsub_(pubsub) {}

  Outcome<Order> create_order(std::int64_t user_id, const Json& params);
  Outcome<Order> get_order(std::int64_t user_id, std::int64_t id);
  Result<store::Page<Order>> list_orders(std::int64_t user_id, const store::PageOptions& page);
  /// Cents, since midnight UTC.
  std::int64_t revenue_today();

 private:
  Repo repo_;
  server::PubSub& pubsub_;
};

Json order_json(const Order& order);

}  // namespace phx::app
