#pragma once

#include <functional>
#include <string_view>

#include <phx/core/json_fwd.hpp>

#include "accounts.hpp"
#include "orders.hpp"

namespace phx::app {

/// What happened in a logging channel, for whoever counts later.
struct AnalyticsEvent {
  std::int64_t id = 0;
  std::string topic, event;
  std::int64_t user_id = 0;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("analytics_events", field<&AnalyticsEvent::id>("id", Role::primary_key), field<&AnalyticsEvent::topic>("topic"),
                         field<&AnalyticsEvent::event>("event"), field<&AnalyticsEvent::user_id>("user_id"),
                         field<&AnalyticsEvent::inserted_at>("inserted_at", Role::inserted_at));
  }
};

/// The figures of the dashboard, and the events that are counted. Every call blocks.
class Monitoring {
 public:
  /// health: figures of the server itself; called on a pool thread.
  Monitoring(Repo repo, Accounts& accounts, Orders& orders, std::function<Json()> health)
      : repo_(std::move(repo)), accounts_(accounts), orders_(orders), health_(std::move(health)) {}

  /// {total_users, active_users, revenue, system_health}
  Json dashboard();
  void log_event(std::string_view topic, std::string_view event, std::int64_t user_id);
  std::int64_t count_events(std::string_view topic, std::string_view event);
  /// Whether the database answers.
  bool database_answers();

 private:
  Repo repo_;
  Accounts& accounts_;
  Orders& orders_;
  std::function<Json()> health_;
};

}  // namespace phx::app
