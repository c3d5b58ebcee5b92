#include "controllers.hpp"

#include "respond.hpp"

namespace phx::app {

using namespace server;

ActionResult OrganizationController::index(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto all = co_await in_pool(conn, [&] { return contexts_.organizations.list_organizations(user_id); });
  co_return list(conn, all, organization_json);
}

ActionResult OrganizationController::show(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "id");
  const auto found = co_await in_pool(conn, [&] { return contexts_.organizations.get_organization(id, user_id); });
  if (!found) co_return refused(found.error());
  co_return ok(conn, organization_json(*found));
}

ActionResult OrganizationController::create(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const auto made = co_await in_pool(conn, [&] { return contexts_.organizations.create_organization(user_id, params); });
  if (!made) co_return refused(made.error());
  co_return created(conn, "/api/v1/organizations/" + std::to_string(made->id), organization_json(*made));
}

ActionResult OrganizationController::add_member(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const auto id = id_param(conn, "organization_id");
  const auto member = co_await in_pool(conn, [&] { return contexts_.organizations.add_member(id, user_id, params); });
  if (!member) co_return refused(member.error());
  co_return created(conn, "/api/v1/organizations/" + std::to_string(id),
                    obj("organization_id", id, "user_id", member->user_id, "role", member->role));
}

ActionResult OrganizationController::teams(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "organization_id");
  const auto teams = co_await in_pool(conn, [&] { return contexts_.organizations.list_teams(id, user_id); });
  if (!teams) co_return refused(teams.error());
  co_return list(conn, *teams, team_json);
}

ActionResult OrganizationController::create_team(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const auto id = id_param(conn, "organization_id");
  const auto team = co_await in_pool(conn, [&] { return contexts_.organizations.create_team(id, user_id, params); });
  if (!team) co_return refused(team.error());
  co_return created(conn, "/api/v1/organizations/" + std::to_string(id) + "/teams", team_json(*team));
}

ActionResult OrganizationController::add_team_member(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const auto id = id_param(conn, "organization_id"), team = id_param(conn, "team_id");
  const auto member = co_await in_pool(conn, [&] { return contexts_.organizations.add_team_member(id, team, user_id, params); });
  if (!member) co_return refused(member.error());
  co_return created(conn, "/api/v1/organizations/" + std::to_string(id) + "/teams", obj("team_id", team, "user_id", member->user_id));
}

ActionResult NotificationController::index(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const bool unread = filter_param(conn, "unread") == "true";
  const auto options = page_params(conn);
  const auto notes = co_await in_pool(conn, [&] { return contexts_.notifications.list_notifications(user_id, unread, options); });
  co_return page(conn, notes, notification_json);
}

ActionResult NotificationController::create(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const Json to = param(conn, "user_id");
  if (!to.is_number_integer()) co_return Invalid{{{"user_id", {"is invalid"}}}};
  const auto user = to.get<std::int64_t>();
  const auto note = co_await in_pool(conn, [&] { return contexts_.notifications.create_notification(user_id, user, params); });
  if (!note) co_return refused(note.error());
  co_return created(conn, "/api/v1/notifications", notification_json(*note));
}

ActionResult NotificationController::update(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "id");
  const auto note = co_await in_pool(conn, [&] { return contexts_.notifications.mark_read(user_id, id); });
  if (!note) co_return refused(note.error());
  co_return ok(conn, notification_json(*note));
}

ActionResult OrderController::index(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto options = page_params(conn);
  const auto orders = co_await in_pool(conn, [&] { return contexts_.orders.list_orders(user_id, options); });
  co_return page(conn, orders, order_json);
}

ActionResult OrderController::show(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const auto id = id_param(conn, "id");
  const auto order = co_await in_pool(conn, [&] { return contexts_.orders.get_order(user_id, id); });
  if (!order) co_return refused(order.error());
  co_return ok(conn, order_json(*order));
}

ActionResult OrderController::create(Conn& conn) {
  const auto user_id = current_user(conn).user_id;
  const Json params = conn.params();
  const auto order = co_await in_pool(conn, [&] { return contexts_.orders.create_order(user_id, params); });
  if (!order) co_return refused(order.error());
  co_return created(conn, "/api/v1/orders/" + std::to_string(order->id), order_json(*order));
}

}  // namespace phx::app
