#include <gmock/gmock.h>

#include "unit/store/store_case.hpp"

namespace phx::store {
namespace {

using testing::ElementsAre;

class Queries : public RepoCase {
 protected:
  Queries() {
    owner = account("owner").id;
    add("alpha", 3);
    add("Beta", std::nullopt);
    add("100%", 1);
    add("a_b", 2);
  }
  void add(std::string body, std::optional<std::int64_t> rank) {
    Post post;
    post.account_id = owner;
    post.body = std::move(body);
    post.rank = rank;
    repo.insert(post);
  }
  std::vector<std::string> bodies(const Query<Post>& query) {
    std::vector<std::string> out;
    for (const auto& post : repo.all(query)) out.push_back(post.body);
    return out;
  }
  std::vector<std::string> found(Condition condition) { return bodies(from<Post>().where(std::move(condition)).order_by("id")); }
  std::int64_t owner = 0;
};
ON_BOTH_DATABASES(Queries);

TEST_P(Queries, Compare) {
  EXPECT_THAT(found(eq("body", "Beta")), ElementsAre("Beta"));
  EXPECT_THAT(found(ne("rank", 3)), ElementsAre("100%", "a_b"));
  EXPECT_THAT(found(lt("rank", 2)), ElementsAre("100%"));
  EXPECT_THAT(found(le("rank", 2)), ElementsAre("100%", "a_b"));
  EXPECT_THAT(found(gt("rank", 2)), ElementsAre("alpha"));
  EXPECT_THAT(found(ge("rank", 2)), ElementsAre("alpha", "a_b"));
  EXPECT_THAT(found(eq("rank", nullptr)), ElementsAre("Beta"));
  EXPECT_THAT(found(not_null("rank")), ElementsAre("alpha", "100%", "a_b"));
  EXPECT_THAT(found(in("rank", {1, 3})), ElementsAre("alpha", "100%"));
  EXPECT_THAT(found(in("rank", {})), ElementsAre());
}

TEST_P(Queries, MatchText) {
  EXPECT_THAT(found(like("body", "%a")), ElementsAre("alpha", "Beta"));
  EXPECT_THAT(found(like("body", "b%")), ElementsAre());
  EXPECT_THAT(found(ilike("body", "b%")), ElementsAre("Beta"));
  EXPECT_THAT(found(like("body", "%" + like_escape("%"))), ElementsAre("100%"));
  EXPECT_THAT(found(like("body", like_escape("a_b"))), ElementsAre("a_b"));
}

TEST_P(Queries, Combine) {
  EXPECT_THAT(found(any_of({eq("rank", 1), all_of({eq("body", "alpha"), eq("rank", 3)})})), ElementsAre("alpha", "100%"));
  EXPECT_THAT(found(none_of({eq("rank", 1), is_null("rank")})), ElementsAre("alpha", "a_b"));
  EXPECT_THAT(found(any_of({})), ElementsAre());
}

TEST_P(Queries, OrderWithNullsInOnePlace) {
  EXPECT_THAT(bodies(from<Post>().order_by("rank")), ElementsAre("Beta", "100%", "a_b", "alpha"));
  EXPECT_THAT(bodies(from<Post>().order_by("rank", Order::desc)), ElementsAre("alpha", "a_b", "100%", "Beta"));
  EXPECT_THAT(bodies(from<Post>().order_by("id").limit(2).offset(1)), ElementsAre("Beta", "100%"));
  EXPECT_THAT(bodies(from<Post>().order_by("id").offset(3)), ElementsAre("a_b"));
}

TEST_P(Queries, CountAndExist) {
  EXPECT_EQ(repo.count(from<Post>().where(not_null("rank"))), 3);
  EXPECT_EQ(repo.count(from<Post>().limit(2)), 2);
  EXPECT_TRUE(repo.exists(from<Post>().where("body", "alpha")));
  EXPECT_FALSE(repo.exists(from<Post>().where("body", "x' OR 'x'='x")));
  EXPECT_EQ(repo.first(from<Post>().order_by("rank", Order::desc))->body, "alpha");
}

TEST_P(Queries, ChangeManyRows) {
  EXPECT_EQ(repo.update_all(from<Post>().where(not_null("rank")), {{"body", "x"}}, {{"rank", 10}}), 3);
  EXPECT_THAT(bodies(from<Post>().where(gt("rank", 10)).order_by("rank")), ElementsAre("x", "x", "x"));
  EXPECT_EQ(repo.delete_all(from<Post>().where("body", "x")), 3);
  EXPECT_EQ(repo.count<Post>(), 1);
  EXPECT_THROW(repo.delete_all(from<Post>().limit(1)), std::invalid_argument);
}

class Pages : public RepoCase {
 protected:
  Pages() {
    for (const char* email : {"a", "b", "c", "d", "e"}) account(email);
    repo.update_all(from<Account>(), {{"age", 1}});
    repo.update_all(from<Account>().where("email", "c"), {{"age", 2}});
  }
  static std::string emails(const Page<Account>& page) {
    std::string out;
    for (const auto& entry : page.entries) out += entry.email;
    return out;
  }
};
ON_BOTH_DATABASES(Pages);

TEST_P(Pages, WalkForwardThroughEqualKeysWithoutLossOrRepeat) {
  const auto query = from<Account>().order_by("age", Order::desc).order_by("email");
  std::string seen;
  std::optional<std::string> after;
  for (bool more = true; more;) {
    const auto page = repo.page(query, {.limit = 2, .after = after}).value();
    seen += emails(page) + "|";
    after = page.end_cursor;
    more = page.has_next;
  }
  EXPECT_EQ(seen, "ca|bd|e|");
}

TEST_P(Pages, WalkBackFromACursor) {
  const auto query = from<Account>().order_by("inserted_at");
  const auto last = repo.page(query, {.limit = 5}).value();
  const auto before = repo.page(query, {.limit = 2, .before = last.end_cursor}).value();
  EXPECT_EQ(emails(before), "cd");
  EXPECT_TRUE(before.has_next);
  EXPECT_EQ(emails(repo.page(query, {.limit = 9, .before = before.start_cursor}).value()), "ab");
}

TEST_P(Pages, RowsThatComeBetweenDoNotShiftThem) {
  const auto query = from<Account>().order_by("email");
  const auto first = repo.page(query, {.limit = 2}).value();
  account("aa");
  EXPECT_EQ(emails(repo.page(query, {.limit = 2, .after = first.end_cursor}).value()), "cd");
}

TEST_P(Pages, ForeignCursorsAreRefusedAsData) {
  const auto query = from<Account>().order_by("email");
  for (const char* cursor : {"", "!", "bm90IGpzb24", "WzFd", "W251bGwsMV0", "WyJhXHUwMDAwIiwxXQ"})
    EXPECT_EQ(repo.page(query, {.after = cursor}).error(), std::errc::invalid_argument) << cursor;
  EXPECT_THROW((void)repo.page(from<Account>().order_by("name")), std::invalid_argument);
  EXPECT_THROW((void)repo.page(query, {.limit = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace phx::store
