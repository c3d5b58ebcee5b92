#include <phx/store/multi.hpp>

#include <gmock/gmock.h>

#include "unit/store/store_case.hpp"

namespace phx::store {
namespace {

class Transactions : public RepoCase {
 protected:
  static Changeset<Account> named(std::string email) {
    return change(Account{}, {{"email", Value(std::move(email))}}).unique_constraint("email");
  }
};
ON_BOTH_DATABASES(Transactions);

TEST_P(Transactions, CommitWhatTheyReturn) {
  const auto id = repo.transaction([](Repo& tx) { return tx.insert(named("a")).value().id; });
  EXPECT_TRUE(repo.get<Account>(id));
}

TEST_P(Transactions, AnExceptionUndoesAll) {
  EXPECT_THROW(repo.transaction([](Repo& tx) {
    (void)tx.insert(named("a"));
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(repo.count<Account>(), 0);
}

TEST_P(Transactions, ARefusalUndoesAllWithoutException) {
  const auto result = repo.transaction([](Repo& tx) -> tl::expected<int, std::string> {
    (void)tx.insert(named("a"));
    return tl::unexpected(std::string("insufficient funds"));
  });
  EXPECT_EQ(result.error(), "insufficient funds");
  EXPECT_EQ(repo.count<Account>(), 0);
}

TEST_P(Transactions, NestedOnesAreSavepoints) {
  repo.transaction([](Repo& tx) {
    (void)tx.insert(named("kept"));
    EXPECT_THROW(tx.transaction([](Repo& inner) {
      (void)inner.insert(named("lost"));
      inner.execute("INSERT INTO nowhere VALUES (1)");
    }),
                 DatabaseError);
    tx.transaction([](Repo& inner) { (void)inner.insert(named("kept too")); });
  });
  EXPECT_EQ(repo.count<Account>(), 2);
  EXPECT_FALSE(repo.get_by<Account>({{"email", "lost"}}));
}

TEST_P(Transactions, AfterCommitRunsOnceTheOutermostHasCommitted) {
  std::vector<std::string> log;
  repo.transaction([&](Repo& tx) {
    tx.transaction([&](Repo& inner) { inner.after_commit([&] { log.push_back("inner, " + std::to_string(repo.count<Account>())); }); });
    (void)tx.transaction([&](Repo& inner) -> tl::expected<int, int> {
      inner.after_commit([&] { log.push_back("undone"); });
      return tl::unexpected(1);
    });
    (void)tx.insert(named("a"));
    log.push_back("body");
  });
  repo.after_commit([&] { log.push_back("at once"); });
  EXPECT_THAT(log, testing::ElementsAre("body", "inner, 1", "at once"));
}

TEST_P(Transactions, MultiDoesAllItsSteps) {
  auto done = Multi()
                  .insert("account", named("a"))
                  .insert<Post>("post",
                                [](const MultiResults& so_far) {
                                  return change(Post{}, {{"account_id", so_far.get<Account>("account").id}, {"body", "hi"}});
                                })
                  .run("count", [](Repo& tx, const MultiResults&) -> tl::expected<std::int64_t, std::string> { return tx.count<Post>(); })
                  .execute(repo);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->get<std::int64_t>("count"), 1);
  EXPECT_EQ(repo.all<Post>().at(0).account_id, done->get<Account>("account").id);
}

TEST_P(Transactions, MultiSaysWhichStepFailedAndKeepsNothing) {
  (void)repo.insert(named("taken"));
  auto done = Multi().insert("first", named("a")).insert("second", named("taken")).execute(repo);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().step, "second");
  EXPECT_EQ(done.error().errors, (ErrorMap{{"email", {"has already been taken"}}}));
  EXPECT_EQ(done.error().so_far.get<Account>("first").email, "a");
  EXPECT_EQ(repo.count<Account>(), 1);
  auto ran =
      Multi()
          .insert("first", named("a"))
          .run("stop", [](Repo&, const MultiResults&) -> tl::expected<int, std::string> { return tl::unexpected(std::string("why")); })
          .execute(repo);
  EXPECT_EQ(ran.error().step, "stop");
  EXPECT_EQ(std::any_cast<std::string>(ran.error().error), "why");
  EXPECT_THROW(Multi().insert("a", named("a")).insert("a", named("b")), std::invalid_argument);
}

TEST_P(Transactions, SandboxLeavesNothingBehind) {
  {
    Repo box = repo.sandbox();
    ASSERT_TRUE(box.insert(named("a")));
    ASSERT_FALSE(box.insert(named("a")));  // a refusal does not spoil it
    EXPECT_THROW(box.execute("nonsense"), DatabaseError);
    bool told = false;
    box.transaction([&](Repo& tx) {
      (void)tx.insert(named("b"));
      tx.after_commit([&] { told = true; });
    });
    EXPECT_TRUE(told);
    EXPECT_THROW(box.transaction([](Repo& tx) {
      (void)tx.insert(named("c"));
      throw std::runtime_error("no");
    }),
                 std::runtime_error);
    EXPECT_EQ(box.count<Account>(), 2);
  }
  EXPECT_EQ(repo.count<Account>(), 0);
}

}  // namespace
}  // namespace phx::store
