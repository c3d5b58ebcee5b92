#include "unit/store/store_case.hpp"

#include <unistd.h>

#include <cstdlib>

#include "support/postgres_server.hpp"

namespace phx::store {

namespace {

std::filesystem::path make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "phxkit-store-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  return name;
}

std::string new_postgres_database() {
  static int count = 0;
  auto& server = test::PostgresServer::shared();
  const auto name = "test_" + std::to_string(++count);
  Repo(RepoOptions{.url = server.url("postgres")}).execute("CREATE DATABASE " + name);
  return server.url(name);
}

void create_accounts(Migrator& m) {
  m.create_table("accounts",
                 {{.name = "id", .type = Type::integer, .primary_key = true},
                  {.name = "email"},
                  {.name = "name", .null = true},
                  {.name = "age", .type = Type::integer, .default_sql = "0"},
                  {.name = "score", .type = Type::real, .default_sql = "0"},
                  {.name = "admin", .type = Type::boolean, .default_sql = m.dialect() == Dialect::sqlite ? "0" : "false"},
                  {.name = "settings", .type = Type::json, .null = true},
                  {.name = "avatar", .type = Type::blob, .null = true},
                  {.name = "seen_at", .type = Type::timestamp, .null = true},
                  {.name = "version", .type = Type::integer},
                  {.name = "inserted_at", .type = Type::timestamp},
                  {.name = "updated_at", .type = Type::timestamp}},
                 {{"accounts_age_check", "age >= 0"}});
  m.create_index("accounts", {"email"}, {.unique = true});
}

void create_posts(Migrator& m) {
  m.create_table("posts", {{.name = "id", .type = Type::integer, .primary_key = true},
                           {.name = "account_id", .type = Type::integer, .references = "accounts"},
                           {.name = "body"},
                           {.name = "rank", .type = Type::integer, .null = true}});
  m.create_index("posts", {"account_id", "rank"}, {.unique = true});
}

}  // namespace

std::vector<Migration> test_migrations() {
  return {{1, "create accounts", create_accounts, [](Migrator& m) { m.drop_table("accounts"); }},
          {2, "create posts", create_posts, [](Migrator& m) { m.drop_table("posts"); }}};
}

StoreCase::StoreCase()
    : folder_(make_folder()),
      options_{.url = GetParam() == Dialect::sqlite ? "sqlite:" + (folder_ / "test.db").string() : new_postgres_database(),
               .clock = [this] { return now; }},
      repo(options_) {}

StoreCase::~StoreCase() { std::filesystem::remove_all(folder_); }

}  // namespace phx::store
