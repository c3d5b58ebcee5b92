#include <phx/core/etf_json.hpp>

#include <limits>

#include <gtest/gtest.h>

#include <phx/core/json.hpp>

namespace phx::core::etf {
namespace {

std::string why_not(const Term& term) {
  const auto json = to_json(term);
  return json ? "converted: " + to_json_text(*json) : json.error().what;
}

TEST(EtfJson, RoundTripsWhatJsonCanSay) {
  for (const auto* text : {"null", "true", "false", "0", "-5", "18446744073709551615", "1.5", R"("zażółć")", "[]", "{}",
                           R"([1,"a",null,[2.5]])", R"({"id":7,"roles":["admin"]})"}) {
    const auto term = from_json(*parse_json(text));
    ASSERT_TRUE(term) << text;
    EXPECT_EQ(to_json_text(*to_json(*term)), text);
  }
}

TEST(EtfJson, StringsAreBinariesAndWordsAtoms) {
  EXPECT_EQ(from_json(obj("k", "v")), Term::map({{"k", "v"}}));
  EXPECT_EQ(from_json(Json(nullptr)), Term::atom("nil"));
  EXPECT_EQ(from_json(Json(true)), Term::atom("true"));
  EXPECT_EQ(*to_json(Term::atom("admin")), Json("admin"));
}

TEST(EtfJson, KeysMayBeAtomsAndIntegers) {  // golden etf map_mixed_keys
  EXPECT_EQ(*to_json(Term::map({{1, 2}, {Term::atom("a"), 3}, {"b", 4}})), obj("1", 2, "a", 3, "b", 4));
  EXPECT_EQ(why_not(Term::map({{1, 2}, {"1", 3}})), "a map with two keys of the same text");
  EXPECT_EQ(why_not(Term::map({{1.5, 2}})), "a map key other than text, atom or integer");
  EXPECT_EQ(why_not(Term::map({{"\xff", 2}})), "a map key other than text, atom or integer");
}

TEST(EtfJson, NamesWhatHasNoJsonForm) {
  EXPECT_EQ(why_not(Term::tuple({1})), "a tuple of 1 element");
  EXPECT_EQ(why_not(Term::list({Term::map({{"k", Term::tuple({1, 2})}})})), "a tuple of 2 elements");
  EXPECT_EQ(why_not("secret\xff"), "a binary that is not UTF-8, of 7 bytes");
  EXPECT_EQ(why_not(Term(Term::Value(List{{1}, {2}}))), "an improper list");
  EXPECT_EQ(why_not(Term::integer(false, "123456789")), "an integer of 9 bytes");
  EXPECT_EQ(why_not(Term::integer(true, std::string(8, '\xff'))), "an integer of 8 bytes");
  EXPECT_EQ(why_not(Term(Term::Value(Opaque{OpaqueKind::pid, "g"}))), "a pid");
  EXPECT_EQ(why_not(Term(Term::Value(Opaque{OpaqueKind::port, "f"}))), "a port");
  EXPECT_EQ(why_not(Term(Term::Value(Opaque{OpaqueKind::reference, "e"}))), "a reference");
  EXPECT_EQ(why_not(Term(Term::Value(Opaque{OpaqueKind::bit_string, "M"}))), "a bit string");
  EXPECT_EQ(why_not(Term::map({{Term::atom("__struct__"), Term::atom("Elixir.User")}})), "a struct other than DateTime");
}

TEST(EtfJson, RefusesJsonThatIsTooDeep) {
  Json deep = 1;
  for (int i = 0; i < 255; ++i) deep = Json::array({std::move(deep)});
  ASSERT_TRUE(from_json(deep));
  EXPECT_TRUE(decode(encode(*from_json(deep)))) << "what comes in this way can be read back";
  deep = Json::array({std::move(deep)});
  EXPECT_EQ(from_json(deep).error(), EtfError::limit);
}

Term date_time(Term microsecond, Term zone, int utc_offset, int std_offset) {
  const auto a = [](const char* name) { return Term::atom(name); };
  return Term::map({{a("__struct__"), a("Elixir.DateTime")},
                    {a("calendar"), a("Elixir.Calendar.ISO")},
                    {a("year"), 2024},
                    {a("month"), 1},
                    {a("day"), 2},
                    {a("hour"), 3},
                    {a("minute"), 4},
                    {a("second"), 5},
                    {a("microsecond"), std::move(microsecond)},
                    {a("time_zone"), std::move(zone)},
                    {a("utc_offset"), utc_offset},
                    {a("std_offset"), std_offset}});
}

TEST(EtfJson, WritesDateTimesAsIso8601) {  // golden etf datetime
  EXPECT_EQ(*to_json(date_time(Term::tuple({0, 0}), "Etc/UTC", 0, 0)), Json("2024-01-02T03:04:05Z"));
  EXPECT_EQ(*to_json(date_time(Term::tuple({12000, 3}), "Etc/UTC", 0, 0)), Json("2024-01-02T03:04:05.012Z"));
  EXPECT_EQ(*to_json(date_time(Term::tuple({1, 6}), "Europe/Vienna", 3600, 3600)), Json("2024-01-02T03:04:05.000001+02:00"));
  EXPECT_EQ(*to_json(date_time(Term::tuple({0, 0}), "America/St_Johns", -12600, 0)), Json("2024-01-02T03:04:05-03:30"));
  EXPECT_EQ(*to_json(date_time(Term::tuple({0, 0}), "Europe/London", 0, 0)), Json("2024-01-02T03:04:05+00:00"));
  EXPECT_FALSE(to_json(date_time(Term::tuple({0, 7}), "Etc/UTC", 0, 0)));
  EXPECT_FALSE(to_json(date_time(3, "Etc/UTC", 0, 0)));
}

}  // namespace
}  // namespace phx::core::etf
