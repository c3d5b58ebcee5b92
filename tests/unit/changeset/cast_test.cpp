#include <phx/store/changeset.hpp>

#include <gmock/gmock.h>

#include <phx/core/json.hpp>

namespace phx::store {
namespace {

struct Sheet {
  std::int64_t id = 0;
  std::int64_t count = 0;
  std::optional<double> ratio;
  bool open = false;
  std::string title;
  std::optional<std::string> note;
  std::optional<Timestamp> at;
  std::optional<Json> extra;
  std::int8_t tiny = 0;

  static constexpr auto schema() {
    return phx::store::schema("sheets", field<&Sheet::id>("id", Role::primary_key), field<&Sheet::count>("count"),
                              field<&Sheet::ratio>("ratio"), field<&Sheet::open>("open"), field<&Sheet::title>("title"),
                              field<&Sheet::note>("note"), field<&Sheet::at>("at"), field<&Sheet::extra>("extra"),
                              field<&Sheet::tiny>("tiny"));
  }
};

Changeset<Sheet> cast_one(std::string_view field, Json param) {
  return cast(Sheet{}, Json{{std::string(field), std::move(param)}}, {field});
}
Value casted(std::string_view field, Json param) {
  const auto changeset = cast_one(field, std::move(param));
  const Value* change = changeset.get_change(field);
  return change ? *change : Value();
}
bool refused(std::string_view field, Json param) {
  return cast_one(field, std::move(param)).errors() == ErrorMap{{std::string(field), {"is invalid"}}};
}

// As Ecto.Type.cast/2.
TEST(Cast, Integers) {
  EXPECT_EQ(casted("count", 7), Value(7));
  EXPECT_EQ(casted("count", "-12"), Value(-12));
  EXPECT_EQ(casted("count", "+12"), Value(12));
  EXPECT_EQ(casted("count", std::numeric_limits<std::int64_t>::min()), Value(std::numeric_limits<std::int64_t>::min()));
  for (const Json& bad :
       {Json(1.5), Json("1.5"), Json("1x"), Json(true), Json::array(), Json(18446744073709551615u), Json("9223372036854775808")})
    EXPECT_TRUE(refused("count", bad)) << bad;
}

TEST(Cast, RealsAndBooleans) {
  EXPECT_EQ(casted("ratio", 2), Value(2.0));
  EXPECT_EQ(casted("ratio", "2.5"), Value(2.5));
  EXPECT_EQ(casted("open", "1"), Value(true));
  EXPECT_EQ(casted("open", true), Value(true));
  for (const char* bad : {"2.5x", "inf", "nan", "1e999"}) EXPECT_TRUE(refused("ratio", bad)) << bad;
  EXPECT_TRUE(refused("open", "yes"));
  EXPECT_TRUE(refused("open", 1));
}

TEST(Cast, TextAndJson) {
  EXPECT_EQ(casted("title", " kept as it is "), Value(" kept as it is "));
  EXPECT_TRUE(refused("title", 7));
  EXPECT_TRUE(refused("title", std::string("a\0b", 3)));  // PostgreSQL keeps no NUL
  EXPECT_TRUE(refused("title", "\xff"));
  EXPECT_EQ(casted("extra", Json{{"a", {1, 2}}}).json(), (Json{{"a", {1, 2}}}));
  EXPECT_TRUE(refused("extra", Json{{"a", {std::string("\0", 1)}}}));
}

TEST(Cast, Timestamps) {
  const Value noon = *parse_timestamp("2024-02-29T12:00:00Z");
  for (const char* same : {"2024-02-29T12:00:00Z", "2024-02-29 12:00:00", "2024-02-29T12:00", "2024-02-29T14:00:00+02:00",
                           "2024-02-29T06:30:00-0530", "2024-02-29T12:00:00.0000009Z"})
    EXPECT_EQ(casted("at", same), noon) << same;
  for (const char* bad : {"2023-02-29T12:00:00Z", "2024-02-29", "2024-02-29T24:00:00Z", "2024-02-29T12:00:00.Z", "2024-02-29T12:00:00ZZ",
                          "0000-01-01T00:00:00+01:00", "x"})
    EXPECT_TRUE(refused("at", bad)) << bad;
  EXPECT_EQ(format_timestamp(*parse_timestamp("1969-12-31T23:59:59.5Z")), "1969-12-31T23:59:59.500000Z");
  for (const char* same : {"0000-01-01T00:00:00.000000Z", "0033-04-03T15:00:07.000001Z", "9999-12-31T23:59:59.999999Z"})
    EXPECT_EQ(format_timestamp(*parse_timestamp(same)), same);
}

TEST(Cast, TimestampsCutAnywhereAreNotRead) {
  const std::string whole = "2024-05-01T12:30:45.123456+02:00";
  for (std::size_t n = 0; n < 16; ++n) EXPECT_FALSE(parse_timestamp(whole.substr(0, n))) << n;
  EXPECT_EQ(format_timestamp(*parse_timestamp(whole)), "2024-05-01T10:30:45.123456Z");
}

TEST(Cast, OnlyWhatIsAllowedGetsThrough) {
  const auto changeset = cast(Sheet{}, Json{{"id", 9}, {"title", "a"}, {"open", true}, {"unknown", 1}}, {"title"});
  EXPECT_THAT(changeset.changes(), testing::ElementsAre(testing::Pair("title", Value("a"))));
  EXPECT_THROW(cast(Sheet{}, Json::object(), {"nope"}), std::invalid_argument);
  EXPECT_THROW(cast(Sheet{}, Json::array(), {"title"}), CastError);
}

TEST(Cast, EmptyTextIsNothing) {
  Sheet sheet;
  sheet.note = "old";
  const auto changeset = cast(sheet, Json{{"note", "  "}}, {"note"});
  ASSERT_TRUE(changeset.get_change("note"));
  EXPECT_TRUE(changeset.get_change("note")->is_null());
  EXPECT_EQ(changeset.apply_changes().note, std::nullopt);
}

TEST(Cast, EqualValuesAreNoChange) {
  Sheet sheet;
  sheet.title = "same";
  EXPECT_TRUE(cast(sheet, Json{{"title", "same"}}, {"title"}).changes().empty());
}

TEST(Cast, MembersThatAreTooSmallThrowInsteadOfTruncating) { EXPECT_THROW(cast_one("tiny", 300).apply_changes(), std::out_of_range); }

}  // namespace
}  // namespace phx::store
