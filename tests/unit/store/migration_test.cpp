#include <phx/store/migration.hpp>

#include <gmock/gmock.h>

#include <thread>

#include "unit/store/store_case.hpp"

namespace phx::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MigrationsCase : public StoreCase {};
ON_BOTH_DATABASES(MigrationsCase);

TEST_P(MigrationsCase, GoUpOnceAndDown) {
  const Migrations migrations(test_migrations());
  EXPECT_THAT(migrations.up(repo, 1), ElementsAre(1));
  EXPECT_THAT(migrations.up(repo), ElementsAre(2));
  EXPECT_THAT(migrations.up(repo), IsEmpty());
  EXPECT_THAT(migrations.down(repo), ElementsAre(2));
  const auto status = migrations.status(repo);
  EXPECT_TRUE(status.at(0).up);
  EXPECT_FALSE(status.at(1).up);
  EXPECT_THAT(migrations.down(repo, 9), ElementsAre(1));
  EXPECT_THROW(repo.count<Account>(), DatabaseError);
}

TEST_P(MigrationsCase, AFailingOneIsUndoneTheOnesBeforeStay) {
  auto all = test_migrations();
  all.push_back({3,
                 "broken",
                 [](Migrator& m) {
                   m.add_column("posts", {.name = "title", .null = true});
                   m.execute("nonsense");
                 },
                 {}});
  EXPECT_THROW(Migrations(all).up(repo), DatabaseError);
  EXPECT_FALSE(Migrations(all).status(repo).at(2).up);
  EXPECT_THROW(repo.query("SELECT title FROM posts", {}, {Type::text}), DatabaseError);
  all[2].up = [](Migrator& m) { m.add_column("posts", {.name = "title", .null = true}); };
  EXPECT_THAT(Migrations(all).up(repo), ElementsAre(3));
  EXPECT_THROW(Migrations(all).down(repo), std::logic_error);
}

TEST_P(MigrationsCase, ManyMigratorsAtOnceRunEachOnce) {
  std::vector<std::vector<std::int64_t>> ran(4);
  std::vector<std::jthread> threads;
  for (auto& mine : ran)
    threads.emplace_back([&] {
      Repo own(options_);
      mine = Migrations(test_migrations()).up(own);
    });
  threads.clear();
  std::vector<std::int64_t> all;
  for (const auto& mine : ran) all.insert(all.end(), mine.begin(), mine.end());
  EXPECT_THAT(all, testing::UnorderedElementsAre(1, 2));
}

TEST(MigrationList, VersionsAscend) { EXPECT_THROW(Migrations({{2, "b", {}, {}}, {1, "a", {}, {}}}), std::invalid_argument); }

}  // namespace
}  // namespace phx::store
