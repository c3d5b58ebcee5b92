#include "monitoring.hpp"

#include <phx/core/json.hpp>

namespace phx::app {

using namespace store;

Json Monitoring::dashboard() {
  return obj("total_users", accounts_.count_users(), "active_users", accounts_.count_active_users(), "revenue", orders_.revenue_today(),
             "system_health", health_());
}

void Monitoring::log_event(std::string_view topic, std::string_view event, std::int64_t user_id) {
  AnalyticsEvent entry;
  entry.topic = topic;
  entry.event = event;
  entry.user_id = user_id;
  repo_.insert(entry);
}

std::int64_t Monitoring::count_events(std::string_view topic, std::string_view event) {
  return repo_.count(from<AnalyticsEvent>().where("topic", topic).where("event", event));
}

bool Monitoring::database_answers() {
  try {
    return repo_.query("SELECT 1", {}, {Type::integer}).size() == 1;
  } catch (const DatabaseError&) { return false; }
}

}  // namespace phx::app
