// The Accounts context: registration, logins, roles, ban, friends.
#include "unit/app/app_case.hpp"

namespace phx::app {
namespace {

using testing::ElementsAre;

struct AccountsTest : AppCase {
  Accounts& accounts = contexts().accounts;
  Outcome<User> register_with(const Json& changes) {
    Json params = obj("email", "ada@example.org", "name", "Ada", "password", good_password);
    params.update(changes);
    return accounts.register_user(params);
  }
};

TEST_P(AccountsTest, RegistersAUserAndKeepsNoPassword) {
  const auto user = register_with(obj("email", "Ada@Example.org"));
  ASSERT_TRUE(user);
  EXPECT_EQ(user->email, "ada@example.org");
  EXPECT_EQ(user->role, "user");
  const auto stored = accounts.get_user(user->id);
  EXPECT_TRUE(stored->password_hash.starts_with("$argon2id$"));
  EXPECT_EQ(stored->password_hash.find(good_password), std::string::npos);
}

TEST_P(AccountsTest, SaysWhatIsWrongByField) {
  EXPECT_THAT(register_with(obj("password", "short")).error().errors.at("password"), ElementsAre("should be at least 12 character(s)"));
  EXPECT_THAT(register_with(obj("email", "nobody")).error().errors.at("email"), ElementsAre("has invalid format"));
  EXPECT_THAT(register_with(obj("name", "")).error().errors.at("name"), ElementsAre("can't be blank"));
  ASSERT_TRUE(register_with(obj()));
  EXPECT_THAT(register_with(obj("email", "ADA@example.org")).error().errors.at("email"), ElementsAre("has already been taken"));
}

TEST_P(AccountsTest, NobodyGivesHimselfARole) {  // mass assignment
  const auto user = register_with(obj("role", "admin", "id", 77, "banned_at", "2024-01-01T00:00:00Z", "password_hash", "x"));
  EXPECT_EQ(user->role, "user");
  EXPECT_NE(user->id, 77);
  const auto changed = accounts.update_user(user->id, user->id, obj("role", "admin", "name", "Countess"));
  EXPECT_EQ(changed->role, "user");
  EXPECT_EQ(changed->name, "Countess");
}

TEST_P(AccountsTest, LogsInWithTheRightPasswordOnly) {
  const auto user = register_with(obj());
  EXPECT_EQ(accounts.log_in("ada@example.org", "wrong horse battery").error().reason, "unauthorized");
  EXPECT_EQ(accounts.log_in("eve@example.org", good_password).error().reason, "unauthorized");
  const auto login = accounts.log_in("ADA@example.org", good_password);
  ASSERT_TRUE(login);
  EXPECT_EQ(contexts().credentials.session(login->token)->user_id, user->id);
  EXPECT_EQ(accounts.count_active_users(), 1);
}

TEST_P(AccountsTest, ALogoutEndsThatSessionForGood) {
  const auto user = *register_with(obj());
  const auto first = *accounts.log_in(user.email, good_password), second = *accounts.log_in(user.email, good_password);
  ASSERT_TRUE(accounts.log_out({user.id, first.session.id}, first.session.id));
  EXPECT_FALSE(contexts().credentials.session(first.token));
  EXPECT_TRUE(contexts().credentials.session(second.token));

  ApplicationOptions again = options;  // a restart; a database in memory is the same one only while it is open
  if (GetParam() == Dialect::sqlite) return;
  Application restarted(again);
  restarted.contexts().accounts.load_revocations();
  EXPECT_FALSE(restarted.contexts().credentials.session(first.token));
  EXPECT_TRUE(restarted.contexts().credentials.session(second.token));
}

TEST_P(AccountsTest, SomebodyElsesSessionIsNotFound) {
  const auto ada = *register_with(obj()), bob = user("bob");
  const auto login = *accounts.log_in(ada.email, good_password);
  EXPECT_EQ(accounts.log_out({bob.id, 1}, login.session.id).error().reason, "not_found");
  EXPECT_TRUE(contexts().credentials.session(login.token));
}

TEST_P(AccountsTest, OnlyAdminsBanAndABanEndsEverything) {
  const auto root = admin("root"), bob = user("bob");
  const auto login = *accounts.log_in(bob.email, good_password);
  EXPECT_EQ(accounts.ban_user(bob.id, root.id).error().reason, "forbidden");
  EXPECT_EQ(accounts.ban_user(root.id, 999).error().reason, "not_found");
  ASSERT_TRUE(accounts.ban_user(root.id, bob.id));
  EXPECT_FALSE(contexts().credentials.session(login.token));
  EXPECT_EQ(accounts.log_in(bob.email, good_password).error().reason, "unauthorized");
}

TEST_P(AccountsTest, OnlyOneselfOrAnAdminChangesAUser) {
  const auto ada = *register_with(obj()), bob = user("bob"), root = admin("root");
  EXPECT_EQ(accounts.update_user(bob.id, ada.id, obj("name", "x")).error().reason, "forbidden");
  EXPECT_EQ(accounts.delete_user(bob.id, ada.id).error().reason, "forbidden");
  EXPECT_TRUE(accounts.update_user(root.id, ada.id, obj("name", "Ada L")));
  EXPECT_TRUE(accounts.delete_user(ada.id, ada.id));
  EXPECT_FALSE(accounts.get_user(ada.id));
}

TEST_P(AccountsTest, FriendsAreTwoWhoBothAsked) {
  const auto ada = *register_with(obj()), bob = user("bob");
  ASSERT_TRUE(accounts.add_friend(ada.id, bob.id));
  EXPECT_FALSE(accounts.friends(ada.id, bob.id));
  ASSERT_TRUE(accounts.add_friend(bob.id, ada.id));
  EXPECT_TRUE(accounts.friends(ada.id, bob.id));
  EXPECT_EQ(accounts.list_friends(ada.id).at(0).id, bob.id);
  EXPECT_EQ(accounts.add_friend(ada.id, 4711).error().errors.count("friend_id"), 1u);
}

ON_BOTH_DATABASES(AccountsTest);

TEST(Passwords, HashesDifferAndVerify) {
  const Passwords passwords({.memory_kib = 64, .passes = 1});
  const auto one = passwords.hash("secret"), two = passwords.hash("secret");
  EXPECT_NE(one, two);
  EXPECT_TRUE(passwords.verify("secret", one));
  EXPECT_FALSE(passwords.verify("Secret", one));
  EXPECT_FALSE(passwords.verify(std::string_view("secret\0x", 8), one));
}

TEST(TicTacToe, KnowsItsLines) {
  EXPECT_EQ(rules::winner("---------"), std::nullopt);
  EXPECT_EQ(rules::winner("XXX-OO---"), 'X');
  EXPECT_EQ(rules::winner("O-XOX-O--"), 'O');
  EXPECT_EQ(rules::winner("X-OOX-X-X"), 'X');
  EXPECT_EQ(rules::winner("XOXXOOOXX"), std::nullopt);
  EXPECT_TRUE(rules::full("XOXXOOOXX"));
}

}  // namespace
}  // namespace phx::app
