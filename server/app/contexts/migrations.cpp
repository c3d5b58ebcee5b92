#include "migrations.hpp"

#include <phx/store/jobs.hpp>

namespace phx::app {

using namespace store;

namespace {

Column id() { return {.name = "id", .type = Type::integer, .primary_key = true}; }
Column time(const char* name, bool null = false) { return {.name = name, .type = Type::timestamp, .null = null}; }
Column text(const char* name, bool null = false) { return {.name = name, .null = null}; }
Column number(const char* name) { return {.name = name, .type = Type::integer}; }
Column reference(const char* name, const char* table, OnDelete on_delete = OnDelete::cascade) {
  return {.name = name, .type = Type::integer, .null = on_delete == OnDelete::nullify, .references = table, .on_delete = on_delete};
}

void create_accounts(Migrator& m) {
  m.create_table("users", {id(), text("email"), text("name"), text("avatar", true), text("role"), text("password_hash"),
                           time("banned_at", true), time("last_login", true), time("inserted_at"), time("updated_at")});
  m.create_index("users", {"email"}, {.unique = true});
  // No reference: what was revoked must stay known until it expires, also when its user is gone.
  m.create_table("sessions", {id(), number("user_id"), time("expires_at"), time("revoked_at", true), time("inserted_at")});
  m.create_index("sessions", {"user_id"});
  m.create_table("friendships", {id(), reference("user_id", "users"), reference("friend_id", "users"), time("inserted_at")});
  m.create_index("friendships", {"user_id", "friend_id"}, {.unique = true});
}

void create_chat(Migrator& m) {
  m.create_table("rooms", {id(),
                           text("name"),
                           text("topic", true),
                           {.name = "private", .type = Type::boolean},
                           reference("owner_id", "users"),
                           time("inserted_at"),
                           time("updated_at")});
  m.create_index("rooms", {"name"}, {.unique = true});
  m.execute(m.dialect() == Dialect::sqlite  // README: numbers below it are names
                ? "INSERT INTO sqlite_sequence (name, seq) VALUES ('rooms', 999)"
                : "ALTER TABLE rooms ALTER COLUMN id RESTART WITH 1000");
  m.create_table("memberships", {id(), reference("room_id", "rooms"), reference("user_id", "users"), time("inserted_at")});
  m.create_index("memberships", {"room_id", "user_id"}, {.unique = true});
  m.create_index("memberships", {"user_id"});
  m.create_table("messages", {id(), text("room"), reference("user_id", "users", OnDelete::nullify), text("guest", true), text("author"),
                              text("avatar", true), text("content"), time("inserted_at")});
  m.create_index("messages", {"room", "id"});
}

void create_games(Migrator& m) {
  m.create_table("games", {id(), text("status"), reference("x_id", "users"), reference("o_id", "users", OnDelete::nullify), text("x_name"),
                           text("o_name", true), text("board"), text("turn"), text("winner", true), number("version"), time("inserted_at"),
                           time("updated_at")});
}

void create_notifications(Migrator& m) {
  m.create_table("notifications", {id(), reference("user_id", "users"), reference("from_id", "users"), text("message"),
                                   time("delivered_at", true), time("read_at", true), time("inserted_at")});
  m.create_index("notifications", {"user_id", "id"});
}

void create_organizations(Migrator& m) {
  m.create_table("organizations", {id(), text("name"), time("inserted_at")});
  m.create_index("organizations", {"name"}, {.unique = true});
  m.create_table("organization_members",
                 {id(), reference("organization_id", "organizations"), reference("user_id", "users"), text("role"), time("inserted_at")});
  m.create_index("organization_members", {"organization_id", "user_id"}, {.unique = true});
  m.create_table("teams", {id(), reference("organization_id", "organizations"), text("name"), time("inserted_at")});
  m.create_index("teams", {"organization_id", "name"}, {.unique = true});
  m.create_table("team_members", {id(), reference("team_id", "teams"), reference("user_id", "users"), time("inserted_at")});
  m.create_index("team_members", {"team_id", "user_id"}, {.unique = true});
}

void create_orders(Migrator& m) {
  m.create_table("orders", {id(), reference("user_id", "users"), text("item"), number("quantity"), number("unit_price"), number("total"),
                            time("inserted_at")});
  m.create_index("orders", {"user_id", "id"});
  m.create_index("orders", {"inserted_at"});
  m.create_table("analytics_events", {id(), text("topic"), text("event"), number("user_id"), time("inserted_at")});
}

std::function<void(Migrator&)> drop(std::vector<std::string> tables) {
  return [tables = std::move(tables)](Migrator& m) {
    for (const auto& table : tables) m.drop_table(table);
  };
}

}  // namespace

Migrations migrations() {
  return Migrations(
      {{20240501000001, "accounts", create_accounts, drop({"friendships", "sessions", "users"})},
       {20240501000002, "chat", create_chat, drop({"messages", "memberships", "rooms"})},
       {20240501000003, "games", create_games, drop({"games"})},
       jobs_migration(20240501000004),
       {20240501000005, "notifications", create_notifications, drop({"notifications"})},
       {20240501000006, "organizations", create_organizations, drop({"team_members", "teams", "organization_members", "organizations"})},
       {20240501000007, "orders", create_orders, drop({"analytics_events", "orders"})}});
}

}  // namespace phx::app
