#include <phx/store/repo.hpp>

#include <gmock/gmock.h>

#include <phx/core/json.hpp>
#include <phx/server/shard.hpp>
#include <phx/server/shard_thread.hpp>

#include "unit/store/store_case.hpp"

namespace phx::store {
namespace {

using namespace std::chrono_literals;

class Repos : public RepoCase {};
ON_BOTH_DATABASES(Repos);

Account full_account() {
  Account record;
  record.email = "ada@example.org";
  record.name = "Ada \u00e9\u4e2d\U0001F600'; DROP TABLE accounts; --";
  record.age = std::numeric_limits<std::int64_t>::max();
  record.score = 0.1 + 0.2;
  record.admin = true;
  record.settings = Json{{"theme", "dark"}, {"n", 1}};
  record.avatar = Blob{std::string("\0\xff\x00 bytes", 9)};
  record.seen_at = parse_timestamp("1969-12-31T23:59:59.999999Z");
  return record;
}

TEST_P(Repos, EveryTypeComesBackAsItWent) {
  const auto saved = repo.insert(full_account());
  const auto read = repo.get<Account>(saved.id).value();
  const auto sent = full_account();
  EXPECT_GT(saved.id, 0);
  EXPECT_EQ(read.name, sent.name);
  EXPECT_EQ(read.age, sent.age);
  EXPECT_EQ(read.score, sent.score);
  EXPECT_TRUE(read.admin);
  EXPECT_EQ(read.settings, sent.settings);
  EXPECT_EQ(read.avatar, sent.avatar);
  EXPECT_EQ(read.seen_at, sent.seen_at);
  EXPECT_EQ(read.inserted_at, now);
  EXPECT_EQ(read.updated_at, now);
  EXPECT_EQ(read.version, 1);
}

TEST_P(Repos, NullsAndEdgesComeBackToo) {
  Account record;
  record.email = "b@example.org";
  record.score = -1.7976931348623157e308;
  record.avatar = Blob{};
  const auto read = repo.get<Account>(repo.insert(record).id).value();
  EXPECT_EQ(read.name, std::nullopt);
  EXPECT_EQ(read.settings, std::nullopt);
  EXPECT_EQ(read.seen_at, std::nullopt);
  EXPECT_EQ(read.avatar, Blob{});
  EXPECT_EQ(read.score, record.score);
}

TEST_P(Repos, WhatNoDatabaseKeepsIsRefusedBeforeItIsCutShort) {
  Account record;
  record.email = std::string("a\0b", 3);
  EXPECT_THROW(repo.insert(record), std::invalid_argument);
  record.email = "a";
  record.score = std::numeric_limits<double>::infinity();
  EXPECT_THROW(repo.insert(record), std::invalid_argument);
  EXPECT_EQ(repo.count<Account>(), 0);
}

TEST_P(Repos, UpdateWritesChangesAndTheClock) {
  const auto saved = account("a@example.org");
  now += 5s;
  const auto updated = repo.update(change(saved, {{"name", "Ada"}, {"admin", true}})).value();
  EXPECT_EQ(updated.name, "Ada");
  EXPECT_EQ(updated.updated_at, now);
  EXPECT_EQ(updated.inserted_at, saved.inserted_at);
  EXPECT_EQ(updated.version, 2);
  EXPECT_EQ(repo.get<Account>(saved.id)->name, "Ada");
}

TEST_P(Repos, UpdateWithoutChangesDoesNothing) {
  const auto saved = account("a@example.org");
  now += 5s;
  EXPECT_EQ(repo.update(change(saved, {{"email", "a@example.org"}})).value().updated_at, saved.updated_at);
  EXPECT_EQ(repo.get<Account>(saved.id)->version, 1);
}

TEST_P(Repos, UpdateOfAnOlderRowIsStale) {
  const auto saved = account("a@example.org");
  ASSERT_TRUE(repo.update(change(saved, {{"name", "first"}})));
  EXPECT_THROW((void)repo.update(change(saved, {{"name", "second"}})), StaleEntryError);
  EXPECT_THROW(repo.remove(saved), StaleEntryError);
  EXPECT_EQ(repo.get<Account>(saved.id)->name, "first");
}

TEST_P(Repos, RemoveTakesTheRowOnce) {
  const auto saved = account("a@example.org");
  repo.remove(saved);
  EXPECT_EQ(repo.get<Account>(saved.id).has_value(), false);
  EXPECT_THROW(repo.remove(saved), StaleEntryError);
}

TEST_P(Repos, AnInvalidChangesetNeverReachesTheDatabase) {
  auto refused = repo.insert(cast(Account{}, Json{{"email", " "}}, {"email"}).validate_required({"email"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().action(), Action::insert);
  EXPECT_EQ(refused.error().errors(), (ErrorMap{{"email", {"can't be blank"}}}));
  EXPECT_EQ(repo.count<Account>(), 0);
}

TEST_P(Repos, VirtualFieldsStayInTheRecordOnly) {
  const auto saved = repo.insert(change(Account{}, {{"email", "a"}, {"password", "secret"}})).value();
  EXPECT_EQ(saved.password, "secret");
  EXPECT_EQ(repo.get<Account>(saved.id)->password, "");
}

TEST_P(Repos, GetByAndOne) {
  account("a@example.org");
  account("b@example.org");
  EXPECT_EQ(repo.get_by<Account>({{"email", "b@example.org"}})->email, "b@example.org");
  EXPECT_FALSE(repo.get_by<Account>({{"email", "' OR 1=1 --"}}));
  EXPECT_THROW(repo.one(from<Account>()), DatabaseError);
  EXPECT_THROW(repo.get_by<Account>({{"nope", 1}}), std::invalid_argument);
  EXPECT_THROW(repo.get_by<Account>({{"password", "x"}}), std::invalid_argument);
  EXPECT_THROW(repo.get_by<Account>({{"email", 1}}), std::invalid_argument);
}

TEST_P(Repos, SqlOfOnesOwnIsBoundToo) {
  account("a?@example.org");
  const auto rows = repo.query("SELECT email, 'what?' FROM accounts WHERE email = ?", {"a?@example.org"}, {Type::text, Type::text});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0][1], Value("what?"));
  EXPECT_EQ(repo.execute("UPDATE accounts SET name = ? WHERE name IS NULL", {"x"}), 1);
  EXPECT_THROW(repo.execute("DELETE FROM accounts WHERE id = ?", {}), std::invalid_argument);
  EXPECT_THROW(repo.execute("DELETE FROM accounts", {1}), std::invalid_argument);
}

TEST_P(Repos, BadSqlSaysSoWithoutParameters) {
  try {
    repo.query("SELECT x FROM nowhere WHERE x = ?", {"topsecret"}, {Type::text});
    FAIL() << "no error";
  } catch (const DatabaseError& error) {
    EXPECT_EQ(error.kind(), DatabaseError::Kind::statement);
    EXPECT_THAT(error.what(), testing::HasSubstr("nowhere"));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("topsecret")));
  }
}

TEST_P(Repos, InsertOrIgnoreLeavesWhatIsThere) {
  account("a@example.org");
  Account again;
  again.email = "a@example.org";
  EXPECT_FALSE(repo.insert_or_ignore(again));
  again.email = "b@example.org";
  EXPECT_TRUE(repo.insert_or_ignore(again));
  EXPECT_EQ(repo.count<Account>(), 2);
}

TEST_P(Repos, RefusesAShardsThread) {
  server::Shard shard(0);
  const server::Shard::Entered entered(shard);
  EXPECT_THROW(repo.count<Account>(), std::logic_error);
  const server::OffShard pool;
  EXPECT_EQ(repo.count<Account>(), 0);
}

TEST(RepoUrl, MustBeOneItKnows) { EXPECT_THROW(Repo({.url = "mysql://x"}), std::invalid_argument); }

TEST(RepoUrl, UnreachableDatabasesSayWhere) {
  for (const char* url : {"sqlite:/nowhere/at/all.db", "postgresql:///x?host=/nowhere"}) {
    Repo repo({.url = url});
    try {
      repo.execute("SELECT 1");
      FAIL() << url;
    } catch (const DatabaseError& error) {
      EXPECT_EQ(error.kind(), DatabaseError::Kind::connection);
      EXPECT_THAT(error.what(), testing::HasSubstr("/nowhere"));
    }
  }
}

TEST(RepoMemory, KeepsItsDatabaseBetweenCalls) {
  Repo repo({.url = "sqlite::memory:"});
  Migrations(test_migrations()).up(repo);
  EXPECT_EQ(repo.count<Account>(), 0);
}

}  // namespace
}  // namespace phx::store
