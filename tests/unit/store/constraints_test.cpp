#include <gmock/gmock.h>

#include "unit/store/store_case.hpp"

namespace phx::store {
namespace {

class Constraints : public RepoCase {
 protected:
  static Changeset<Account> account_changes(std::string email, std::int64_t age = 1) {
    return change(Account{}, {{"email", Value(std::move(email))}, {"age", age}})
        .unique_constraint("email")
        .check_constraint("age", "accounts_age_check");
  }
  static Changeset<Post> post_changes(std::int64_t account_id, Value rank = {}) {
    return change(Post{}, {{"account_id", account_id}, {"body", "hi"}, {"rank", std::move(rank)}})
        .foreign_key_constraint("account_id")
        .unique_constraint("rank", "posts_account_id_rank_index");
  }
};
ON_BOTH_DATABASES(Constraints);

// server.md 11.6: the messages of Ecto.
TEST_P(Constraints, UniqueBecomesAnErrorOfItsField) {
  ASSERT_TRUE(repo.insert(account_changes("a@example.org")));
  auto refused = repo.insert(account_changes("a@example.org"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().errors(), (ErrorMap{{"email", {"has already been taken"}}}));
  EXPECT_FALSE(refused.error().valid());
  EXPECT_EQ(repo.count<Account>(), 1);
}

TEST_P(Constraints, UniqueOverSeveralColumnsIsKnownByItsName) {
  const auto owner = repo.insert(account_changes("a")).value();
  ASSERT_TRUE(repo.insert(post_changes(owner.id, 1)));
  EXPECT_EQ(repo.insert(post_changes(owner.id, 1)).error().errors(), (ErrorMap{{"rank", {"has already been taken"}}}));
}

TEST_P(Constraints, UniqueOnUpdateToo) {
  ASSERT_TRUE(repo.insert(account_changes("a")));
  const auto second = repo.insert(account_changes("b")).value();
  auto refused = repo.update(change(second, {{"email", "a"}}).unique_constraint("email"));
  EXPECT_EQ(refused.error().errors(), (ErrorMap{{"email", {"has already been taken"}}}));
}

TEST_P(Constraints, AnIndexOverAnExpressionIsKnownByItsName) {
  repo.execute("CREATE UNIQUE INDEX accounts_lower_email_index ON accounts (lower(email))");
  ASSERT_TRUE(repo.insert(account_changes("a")));
  auto refused = repo.insert(account_changes("A").unique_constraint("email", "accounts_lower_email_index", "is taken"));
  EXPECT_EQ(refused.error().errors(), (ErrorMap{{"email", {"is taken"}}}));
}

TEST_P(Constraints, ForeignKeyBecomesAnErrorOfItsField) {
  EXPECT_EQ(repo.insert(post_changes(999)).error().errors(), (ErrorMap{{"account_id", {"does not exist"}}}));
  const auto owner = repo.insert(account_changes("a")).value();
  const auto post = repo.insert(post_changes(owner.id)).value();
  EXPECT_EQ(repo.update(change(post, {{"account_id", 999}}).foreign_key_constraint("account_id")).error().errors(),
            (ErrorMap{{"account_id", {"does not exist"}}}));
}

TEST_P(Constraints, ARowStillReferredToCannotGo) {
  const auto owner = repo.insert(account_changes("a")).value();
  ASSERT_TRUE(repo.insert(post_changes(owner.id)));
  auto refused = repo.remove(change(owner).no_assoc_constraint("posts", "account_id"));
  EXPECT_EQ(refused.error().errors(), (ErrorMap{{"posts", {"are still associated with this entry"}}}));
  EXPECT_EQ(refused.error().action(), Action::remove);
  EXPECT_TRUE(repo.get<Account>(owner.id));
}

TEST_P(Constraints, CheckBecomesAnErrorOfItsField) {
  EXPECT_EQ(repo.insert(account_changes("a", -1)).error().errors(), (ErrorMap{{"age", {"is invalid"}}}));
}

TEST_P(Constraints, UnannouncedOnesThrowTheirName) {
  account("a");
  Account twice;
  twice.email = "a";
  try {
    repo.insert(twice);
    FAIL() << "no error";
  } catch (const ConstraintError& error) {
    EXPECT_EQ(error.name(), "accounts_email_index");
    EXPECT_EQ(error.kind(), DatabaseError::Kind::constraint);
  }
  Post orphan;
  orphan.account_id = 7;
  try {
    repo.insert(orphan);
    FAIL() << "no error";
  } catch (const ConstraintError& error) { EXPECT_EQ(error.name(), "posts_account_id_fkey"); }
  EXPECT_THROW(repo.execute("UPDATE accounts SET email = NULL"), ConstraintError);
}

TEST_P(Constraints, ARefusedChangesetLeavesItsTransactionUsable) {
  repo.transaction([&](Repo& tx) {
    ASSERT_TRUE(tx.insert(account_changes("a")));
    ASSERT_FALSE(tx.insert(account_changes("a")));
    ASSERT_FALSE(tx.insert(post_changes(999)));
    ASSERT_TRUE(tx.insert(account_changes("b")));
  });
  EXPECT_EQ(repo.count<Account>(), 2);
}

}  // namespace
}  // namespace phx::store
