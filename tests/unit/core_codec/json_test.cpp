#include <limits>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <phx/core/json.hpp>

namespace phx {
namespace {

std::string reason(const Json& value) {
  try {
    return to_json_text(value);
  } catch (const std::invalid_argument& e) { return e.what(); }
}

TEST(ParseJson, ReadsEveryKindOfValue) {
  const auto json = parse_json(R"( {"a":[1,-2,0.5,true,false,null,"é😀"],"b":{"c":{}},"d":[]} )");
  ASSERT_TRUE(json);
  EXPECT_EQ(*json, Json::parse(R"({"a":[1,-2,0.5,true,false,null,"é😀"],"b":{"c":{}},"d":[]})"));
  EXPECT_EQ(*parse_json("7"), Json(7));
}

// golden v2_messages/duplicate_keys_and_unicode: Phoenix keeps the first
TEST(ParseJson, KeepsTheFirstOfEqualKeys) {
  EXPECT_EQ(*parse_json(R"({"a":1,"a":2})"), obj("a", 1));
  EXPECT_EQ(*parse_json(R"({"a":1,"a":{"b":1,"b":[1,{"c":2,"c":3}]},"d":{"a":4,"a":5}})"), obj("a", 1, "d", obj("a", 4)));
  EXPECT_EQ(*parse_json(R"({"a":{},"\u0061":[[],{}],"z":0})"), obj("a", obj(), "z", 0));
}

TEST(ParseJson, RefusesWhatPhoenixRefuses) {
  for (const auto* text : {"", "{", "NaN", "1e400", "\xEF\xBB\xBF{}", R"("\ud83d")", "[] []"}) {
    const auto json = parse_json(text);
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error(), Errc::bad_json);
  }
  EXPECT_FALSE(parse_json(std::string_view("{}\0", 3)));
}

// golden bad_frames/text_bignum_int
TEST(ParseJson, TurnsIntegersBeyond64BitsIntoDoubles) {
  EXPECT_EQ(*parse_json("123456789012345678901234567890"), Json(123456789012345678901234567890.0));
  EXPECT_EQ(*parse_json("9007199254740993"), Json(9007199254740993));
  EXPECT_FALSE(parse_json(std::string(400, '9')));
}

TEST(ToJsonText, IsCompactAndKeepsTypes) {
  EXPECT_EQ(to_json_text(*parse_json(R"({ "b" : [ 1.0 , -0.0, 1e21, -3 ], "a" : {}, "c": [] , "s":"a/\"\u0001é", "n":null})")),
            R"({"a":{},"b":[1.0,-0.0,1e+21,-3],"c":[],"n":null,"s":"a/\"\u0001é"})");
  EXPECT_EQ(to_json_text(Json(true)), "true");
}

TEST(ToJsonText, NamesTheReasonForValuesWithoutJsonForm) {
  EXPECT_EQ(reason(obj("a", Json::array({"\xff"}))), "a string is not valid UTF-8");
  EXPECT_EQ(reason(obj("\xff", 1)), "a string is not valid UTF-8");
  EXPECT_EQ(reason(std::numeric_limits<double>::quiet_NaN()), "NaN and infinity have no JSON form");
  EXPECT_EQ(reason(-std::numeric_limits<double>::infinity()), "NaN and infinity have no JSON form");
  EXPECT_EQ(reason(Json::binary({1, 2})), "bytes have no JSON form");
}

// golden bad_frames/text_deep, at our own limit
TEST(ToJsonText, WritesDeepValuesWithoutRecursion) {
  const auto text = std::string(10'000, '[') + std::string(10'000, ']');
  const auto json = parse_json(text);
  ASSERT_TRUE(json);
  EXPECT_EQ(to_json_text(*json), text);
}

TEST(Obj, BuildsObjects) { EXPECT_EQ(obj("k", 1, "l", "x"), Json::parse(R"({"k":1,"l":"x"})")); }

}  // namespace
}  // namespace phx
