// Users in a database: a schema, a changeset, a migration, pages. docs/store.md explains it line by line.
#include <phx/store.hpp>

#include <phx/core/json.hpp>

#include <iostream>

using namespace phx::store;

struct User {
  std::int64_t id = 0;
  std::string email;
  std::optional<std::string> name;
  std::string role = "member";
  Timestamp inserted_at{};

  static constexpr auto schema() {
    return phx::store::schema("users", field<&User::id>("id", Role::primary_key), field<&User::email>("email"), field<&User::name>("name"),
                              field<&User::role>("role"), field<&User::inserted_at>("inserted_at", Role::inserted_at));
  }

  static phx::Changeset<User> changeset(User user, const phx::Json& params) {
    static const Pattern address("^[^\\s@]+@[^\\s@]+$");
    return cast(std::move(user), params, {"email", "name"})  // a client cannot give itself a role
        .validate_required({"email"})
        .validate_format("email", address)
        .validate_length("name", {.min = 2, .max = 80})
        .unique_constraint("email");
  }
};

void create_users(Migrator& m) {
  m.create_table("users", {{.name = "id", .type = Type::integer, .primary_key = true},
                           {.name = "email"},
                           {.name = "name", .null = true},
                           {.name = "role"},
                           {.name = "inserted_at", .type = Type::timestamp}});
  m.create_index("users", {"email"}, {.unique = true});
}

int main(int argc, char** argv) {
  phx::Repo repo({.url = argc > 1 ? argv[1] : "sqlite::memory:"});
  Migrations({{20240501120000, "create users", create_users, [](Migrator& m) { m.drop_table("users"); }}}).up(repo);

  for (const char* text : {R"({"email":"ada@example.org","name":"Ada","role":"admin"})", R"({"email":"nobody","name":"x"})",
                           R"({"email":"ada@example.org"})", R"({"email":"bob@example.org"})"}) {
    const auto saved = repo.insert(User::changeset({}, phx::parse_json(text).value()));
    if (saved)
      std::cout << "created " << saved->email << " as " << saved->role << '\n';
    else
      std::cout << "refused " << phx::Json(saved.error().errors()).dump() << '\n';
  }

  const auto page = repo.page(from<User>().order_by("email", Order::desc), {.limit = 1});
  std::cout << "first page: " << page->entries.at(0).email << ", more: " << std::boolalpha << page->has_next << '\n';
}
