#include <gmock/gmock.h>

#include <latch>
#include <thread>

#include "unit/store/store_case.hpp"

namespace phx::store {
namespace {

using namespace std::chrono_literals;

class Pool : public RepoCase {
 protected:
  Repo small(std::size_t connections, std::chrono::milliseconds statement = 15s, std::chrono::milliseconds checkout = 10ms) {
    auto options = options_;
    options.pool_size = connections;
    options.statement_timeout = statement;
    options.checkout_timeout = checkout;
    return Repo(options);
  }
  static DatabaseError::Kind kind_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const DatabaseError& error) { return error.kind(); }
    return DatabaseError::Kind::constraint;  // none expected here: no error
  }
};
ON_BOTH_DATABASES(Pool);

struct PostgresPool : Pool {};
INSTANTIATE_TEST_SUITE_P(On, PostgresPool, testing::Values(Dialect::postgresql), dialect_name);
struct SqlitePool : Pool {};
INSTANTIATE_TEST_SUITE_P(On, SqlitePool, testing::Values(Dialect::sqlite), dialect_name);

TEST_P(Pool, AnEmptyOneTimesOut) {
  Repo one = small(1);
  one.transaction([&](Repo&) { EXPECT_EQ(kind_of([&] { one.count<Account>(); }), DatabaseError::Kind::timeout); });
  EXPECT_EQ(one.count<Account>(), 0);
}

TEST_P(Pool, WaitersGetWhatOthersGiveBack) {
  Repo two = small(2, 15s, 30s);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&two, i] {
      for (int j = 0; j < 10; ++j) {
        Account record;
        record.email = std::to_string(i) + "/" + std::to_string(j);
        two.insert(record);
      }
    });
  threads.clear();
  EXPECT_EQ(repo.count<Account>(), 80);
}

TEST_P(Pool, AStatementThatTakesTooLongIsStopped) {
  Repo impatient = small(1, 50ms);
  const char* endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  EXPECT_EQ(kind_of([&] { impatient.query(endless, {}, {Type::integer}); }), DatabaseError::Kind::timeout);
  EXPECT_EQ(impatient.count<Account>(), 0);
}

TEST_P(Pool, WaitingForALockTakesNoLongerThanTheStatementTimeout) {
  account("a");
  Repo impatient = small(1, 50ms);
  repo.transaction([&](Repo& tx) {
    tx.execute("UPDATE accounts SET age = 1");
    EXPECT_EQ(kind_of([&] { impatient.execute("UPDATE accounts SET age = 2"); }), DatabaseError::Kind::timeout);
  });
}

TEST_P(Pool, ManyStatementsPushOldOnesOut) {
  Repo one = small(1);
  for (int i = 0; i < 250; ++i) EXPECT_EQ(one.query("SELECT ? + " + std::to_string(i), {1}, {Type::integer}).at(0).at(0), Value(1 + i));
  EXPECT_EQ(one.count<Account>(), 0);
}

TEST_P(PostgresPool, ConnectionsThatDiedWhileIdleAreReplaced) {
  Repo victim = small(1);
  const auto pid = victim.query("SELECT pg_backend_pid()", {}, {Type::integer}).at(0).at(0);
  repo.query("SELECT pg_terminate_backend(?)::text", {pid}, {Type::text});
  // Whether the goodbye has arrived is up to the kernel; one failure that says so is allowed, silence is not.
  const auto kind = kind_of([&] { victim.count<Account>(); });
  EXPECT_TRUE(kind == DatabaseError::Kind::connection || kind == DatabaseError::Kind::constraint);
  EXPECT_EQ(victim.count<Account>(), 0);
}

TEST_P(SqlitePool, FilesPromiseDurability) {
  EXPECT_EQ(repo.query("SELECT journal_mode FROM pragma_journal_mode", {}, {Type::text}).at(0).at(0), Value("wal"));
  EXPECT_EQ(repo.query("SELECT synchronous FROM pragma_synchronous", {}, {Type::integer}).at(0).at(0), Value(2));
  EXPECT_EQ(repo.query("SELECT foreign_keys FROM pragma_foreign_keys", {}, {Type::integer}).at(0).at(0), Value(1));
}

}  // namespace
}  // namespace phx::store
