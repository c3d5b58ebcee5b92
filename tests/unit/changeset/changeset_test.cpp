#include <phx/store/changeset.hpp>

#include <gmock/gmock.h>

#include <phx/core/json.hpp>

namespace phx::store {
namespace {

struct Person {
  std::int64_t id = 0;
  std::string email;
  std::optional<std::string> name;
  std::int64_t age = 0;
  std::string role = "member";
  std::string password;

  static constexpr auto schema() {
    return phx::store::schema("people", field<&Person::id>("id", Role::primary_key), field<&Person::email>("email"),
                              field<&Person::name>("name"), field<&Person::age>("age"), field<&Person::role>("role"),
                              field<&Person::password>("password", Role::virtual_field));
  }
};

Changeset<Person> given(Json params) { return cast(Person{}, params, {"email", "name", "age", "role", "password"}); }

// server.md 11.6: every default message.
TEST(Validate, Required) {
  EXPECT_EQ(given(Json::object()).validate_required({"email", "age", "role"}).errors(),
            (ErrorMap{{"email", {"can't be blank"}}, {"age", {"can't be blank"}}}));
  EXPECT_TRUE(given({{"email", "a"}, {"age", 0}}).validate_required({"email", "age"}).valid());
  EXPECT_FALSE(given({{"email", "\t "}}).validate_required({"email"}).valid());
  EXPECT_FALSE(given({{"role", nullptr}}).validate_required({"role"}).valid());
  Person stored{.id = 4, .email = "a", .name = {}, .age = 0, .role = {}, .password = {}};
  EXPECT_TRUE(cast(stored, Json::object(), {}).validate_required({"email", "age"}).valid());
}

TEST(Validate, RequiredSaysNothingOfWhatIsInvalidAlready) {
  EXPECT_EQ(given({{"age", "x"}}).validate_required({"age"}).errors(), (ErrorMap{{"age", {"is invalid"}}}));
}

TEST(Validate, Format) {
  static const Pattern email("^[^\\s@]+@[^\\s@]+$");
  EXPECT_TRUE(given({{"email", "a@b"}}).validate_format("email", email).valid());
  EXPECT_EQ(given({{"email", "ab"}}).validate_format("email", email).errors(), (ErrorMap{{"email", {"has invalid format"}}}));
  EXPECT_TRUE(given(Json::object()).validate_format("email", email).valid());
  EXPECT_THROW(Pattern("("), std::invalid_argument);
}

TEST(Validate, FormatGivesUpOnPatternsWithoutEnd) {
  static const Pattern evil("^(a|aa)+$");
  EXPECT_FALSE(given({{"email", std::string(50'000, 'a') + "b"}}).validate_format("email", evil).valid());
}

TEST(Validate, LengthCountsCharacters) {
  EXPECT_TRUE(given({{"name", "\u00e9\u4e2d"}}).validate_length("name", {.is = 2}).valid());
  EXPECT_EQ(given({{"name", "ab"}}).validate_length("name", {.min = 3}).errors(),
            (ErrorMap{{"name", {"should be at least 3 character(s)"}}}));
  EXPECT_EQ(given({{"name", "abcd"}}).validate_length("name", {.max = 3}).errors(),
            (ErrorMap{{"name", {"should be at most 3 character(s)"}}}));
  EXPECT_EQ(given({{"name", "abcd"}}).validate_length("name", {.is = 3}).errors(), (ErrorMap{{"name", {"should be 3 character(s)"}}}));
}

TEST(Validate, Number) {
  const auto message = [](NumberOptions options) { return given({{"age", 5}}).validate_number("age", options).errors()["age"]; };
  using testing::ElementsAre;
  EXPECT_THAT(message({.less_than = 5}), ElementsAre("must be less than 5"));
  EXPECT_THAT(message({.greater_than = 5.5}), ElementsAre("must be greater than 5.5"));
  EXPECT_THAT(message({.less_than_or_equal_to = 4}), ElementsAre("must be less than or equal to 4"));
  EXPECT_THAT(message({.greater_than_or_equal_to = 6}), ElementsAre("must be greater than or equal to 6"));
  EXPECT_THAT(message({.equal_to = 6}), ElementsAre("must be equal to 6"));
  EXPECT_THAT(message({.not_equal_to = 5}), ElementsAre("must be not equal to 5"));
  EXPECT_THAT(message({.less_than = 6, .greater_than = 4}), ElementsAre());
}

TEST(Validate, Membership) {
  EXPECT_EQ(given({{"role", "god"}}).validate_inclusion("role", {"member", "admin"}).errors(), (ErrorMap{{"role", {"is invalid"}}}));
  EXPECT_EQ(given({{"name", "root"}}).validate_exclusion("name", {"root"}).errors(), (ErrorMap{{"name", {"is reserved"}}}));
}

TEST(Validate, Confirmation) {
  EXPECT_TRUE(given({{"password", "x"}, {"password_confirmation", "x"}}).validate_confirmation("password").valid());
  EXPECT_TRUE(given({{"password", "x"}}).validate_confirmation("password").valid());
  EXPECT_EQ(given({{"password", "x"}, {"password_confirmation", "y"}}).validate_confirmation("password").errors(),
            (ErrorMap{{"password_confirmation", {"does not match confirmation"}}}));
  EXPECT_EQ(given({{"password", "x"}}).validate_required_confirmation("password").errors(),
            (ErrorMap{{"password_confirmation", {"can't be blank"}}}));
}

TEST(Validate, Acceptance) {
  EXPECT_TRUE(given({{"terms", "true"}}).validate_acceptance("terms").valid());
  EXPECT_EQ(given({{"terms", false}}).validate_acceptance("terms").errors(), (ErrorMap{{"terms", {"must be accepted"}}}));
}

TEST(Validate, OnesOwn) {
  auto changeset = given({{"name", "ada"}, {"age", 3}})
                       .validate_change("name",
                                        [](const Value& name) -> std::optional<std::string> {
                                          return name == Value("ada") ? std::optional<std::string>("is taken by %{who}") : std::nullopt;
                                        })
                       .pipe([](Changeset<Person>& c) {
                         if (c.get_field("age") == Value(3)) c.add_error("age", "is under %{min}", {{"min", "18"}});
                       });
  EXPECT_EQ(changeset.errors(), (ErrorMap{{"name", {"is taken by %{who}"}}, {"age", {"is under 18"}}}));
  EXPECT_EQ(changeset.traverse_errors([](const FieldError& error) { return error.field; })["age"], std::vector<std::string>{"age"});
}

TEST(Errors, NewestFirstWithinAField) {
  const auto errors = given({{"name", "a"}}).validate_length("name", {.min = 2}).add_error("name", "second").errors();
  EXPECT_EQ(errors, (ErrorMap{{"name", {"second", "should be at least 2 character(s)"}}}));
}

TEST(Changes, ApplyToTheRecord) {
  auto changeset = given({{"email", "a"}}).put_change("age", 4).put_change("role", "admin").delete_change("role");
  const auto person = changeset.apply_changes();
  EXPECT_EQ(person.email, "a");
  EXPECT_EQ(person.age, 4);
  EXPECT_EQ(person.role, "member");
  EXPECT_EQ(changeset.data().email, "");
  EXPECT_EQ(changeset.get_text("email"), "a");
}

TEST(Changes, ApplyActionKeepsTheActionForForms) {
  EXPECT_EQ(given({{"email", "a"}}).apply_action(Action::validate)->email, "a");
  auto failed = given(Json::object()).validate_required({"email"}).apply_action(Action::validate);
  EXPECT_EQ(failed.error().action(), Action::validate);
}

}  // namespace
}  // namespace phx::store
