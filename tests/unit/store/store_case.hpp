#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include <phx/store/migration.hpp>
#include <phx/store/repo.hpp>

namespace phx::store {

struct Account {
  std::int64_t id = 0;
  std::string email;
  std::optional<std::string> name;
  std::int64_t age = 0;
  double score = 0;
  bool admin = false;
  std::optional<Json> settings;
  std::optional<Blob> avatar;
  std::optional<Timestamp> seen_at;
  std::int64_t version = 0;
  Timestamp inserted_at, updated_at;
  std::string password;

  static constexpr auto schema() {
    return phx::store::schema(
        "accounts", field<&Account::id>("id", Role::primary_key), field<&Account::email>("email"), field<&Account::name>("name"),
        field<&Account::age>("age"), field<&Account::score>("score"), field<&Account::admin>("admin"),
        field<&Account::settings>("settings"), field<&Account::avatar>("avatar"), field<&Account::seen_at>("seen_at"),
        field<&Account::version>("version", Role::lock_version), field<&Account::inserted_at>("inserted_at", Role::inserted_at),
        field<&Account::updated_at>("updated_at", Role::updated_at), field<&Account::password>("password", Role::virtual_field));
  }
};

struct Post {
  std::int64_t id = 0;
  std::int64_t account_id = 0;
  std::string body;
  std::optional<std::int64_t> rank;

  static constexpr auto schema() {
    return phx::store::schema("posts", field<&Post::id>("id", Role::primary_key), field<&Post::account_id>("account_id"),
                              field<&Post::body>("body"), field<&Post::rank>("rank"));
  }
};

/// Both tables; version 1 and 2.
std::vector<Migration> test_migrations();

/// A new database per test, on SQLite (a file) and on PostgreSQL.
class StoreCase : public testing::TestWithParam<Dialect> {
 protected:
  StoreCase();
  ~StoreCase() override;

  /// Of an empty database, and of the one `repo` uses.
  RepoOptions options() const { return options_; }
  bool sqlite() const { return GetParam() == Dialect::sqlite; }

  Account account(std::string email) {
    Account record;
    record.email = std::move(email);
    return repo.insert(record);
  }

  std::filesystem::path folder_;
  RepoOptions options_;
  Timestamp now = parse_timestamp("2024-05-01T12:00:00.000001Z").value();
  Repo repo;
};

/// Its tables are there.
class RepoCase : public StoreCase {
 protected:
  RepoCase() { Migrations(test_migrations()).up(repo); }
};

inline std::string dialect_name(const testing::TestParamInfo<Dialect>& info) {
  return info.param == Dialect::sqlite ? "sqlite" : "postgresql";
}

#define ON_BOTH_DATABASES(suite) INSTANTIATE_TEST_SUITE_P(On, suite, testing::Values(Dialect::sqlite, Dialect::postgresql), dialect_name)

}  // namespace phx::store
