#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>  // header-only

#include <phx/core/error.hpp>
#include <phx/core/json_text.hpp>

namespace phx::core {
namespace {

using namespace std::string_literals;

bool valid(std::string_view text) { return !check_json(text); }

std::string nested(std::size_t depth, char open, char close) { return std::string(depth, open) + std::string(depth, close); }

const std::vector<std::string> good = {"null",
                                       "true",
                                       "false",
                                       "0",
                                       "-0",
                                       "1",
                                       "-1",
                                       "10",
                                       "0.1",
                                       "-0.0",
                                       "1E2",
                                       "1e+2",
                                       "1e-2",
                                       "1.5E-3",
                                       R"("")",
                                       R"("abc")",
                                       R"("\"\\\/\b\f\n\r\t")",
                                       R"("é")",
                                       R"("😀é")",
                                       "\"\x7f\"",
                                       "\"é😀\"",
                                       "[]",
                                       "[ ]",
                                       "{}",
                                       "{ }",
                                       "[1,2]",
                                       R"({"a":1})",
                                       R"({"a":1,"a":2})",
                                       R"( { "a" : [ 1 , { } ] , "b" : null } )",
                                       "\t\r\n 1 \t\r\n",
                                       R"(["long plain text in a string, over eight bytes"])",
                                       R"([[[],{}],{"a":{"b":[]}}])"};

const std::vector<std::string> bad = {
    "", " ", "nul", "nulL", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.e2", "0x1", "1 2", "\"", "\"a",
    "'a'", R"("\x")", R"("\u12")", R"("\u12g4")", R"("\ud83d")", R"("\ud83dx")", R"("\ud83d\n")", R"("\ud83dA")", R"("\ude00")",
    "\"a\x01\"", "\"a\nb\"", "\"\x00\""s, "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1",
    "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "{,}", "[}", "{]", "[{]}", "{}x", "[]]", "\xEF\xBB\xBF[]", "[]\0"s, "//c\n1",
    "\"\\", "\"\\u",
    // not UTF-8: bare continuation, overlong, surrogate, above U+10FFFF, cut
    "\"\x80\"", "\"\xC0\x80\"", "\"\xC1\xBF\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"", "\"\xF0\x80\x80\x80\"", "\"\xF4\x90\x80\x80\"",
    "\"\xF5\x80\x80\x80\"", "\"\xC3\"", "\"\xE2\x82\"", "\"\xF0\x9F\x98\"", "\xC3\xA9"};

TEST(CheckJson, AcceptsTheGrammar) {
  for (const auto& text : good) EXPECT_TRUE(valid(text)) << text;
}

TEST(CheckJson, RefusesEverythingElse) {
  for (const auto& text : bad) EXPECT_EQ(check_json(text), Errc::bad_json) << text;
}

// golden bad_frames/text_bignum_int: integers of any size; text_bignum: 1e400 is refused
TEST(CheckJson, TellsBigIntegersFromRealsThatOverflow) {
  for (const auto& text : {"123456789012345678901234567890"s, "-"s + std::string(5000, '9'), "1e308"s, "1.7976931348623157e308"s, "1e-400"s,
                           "0e999999999999999999999"s, "0.0e400"s, "0."s + std::string(400, '0') + "1e700", "1e000000000000000000000001"s,
                           std::string(300, '1') + ".5", std::string(310, '1') + "e-2", "1"s + std::string(400, '0') + "e-200"}) {
    EXPECT_TRUE(valid(text)) << text;
  }
  for (const auto& text : {"1e400"s, "-1e400"s, "1e309"s, "1.7976931348623159e308"s, "1.8e308"s, "1e99999999999999999999999"s,
                           std::string(310, '1') + ".5", "0."s + std::string(400, '0') + "1e710", "0.001e312"s, "1.0E+400"s}) {
    EXPECT_FALSE(valid(text)) << text;
  }
}

// golden bad_frames/text_deep: 2000 nested arrays are fine
TEST(CheckJson, LimitsDepthWithoutUsingTheStack) {
  EXPECT_TRUE(valid(nested(2000, '[', ']')));
  EXPECT_TRUE(valid(nested(10'000, '[', ']')));
  EXPECT_FALSE(valid(nested(10'001, '[', ']')));
  EXPECT_FALSE(check_json("[[]]", {.max_depth = 2}));
  EXPECT_EQ(check_json("[[]]", {.max_depth = 1}), Errc::bad_json);
  EXPECT_FALSE(check_json("1", {.max_depth = 0}));
  EXPECT_EQ(check_json(std::string(1'000'000, '['), {.max_depth = 5'000'000}), Errc::bad_json);  // at most 10'000 whatever is asked
}

TEST(CheckJson, RemembersWhichContainerIsOpenAtEveryDepth) {
  std::string text, close;
  for (int i = 0; i != 200; ++i) {
    const bool object = i % 3 == 0;
    text += object ? R"({"k":)" : "[";
    close.insert(close.begin(), object ? '}' : ']');
  }
  EXPECT_TRUE(valid(text + "1" + close));
  for (std::size_t i = 0; i != close.size(); ++i) {
    auto wrong = close;
    wrong[i] = wrong[i] == '}' ? ']' : '}';
    EXPECT_FALSE(valid(text + "1" + wrong)) << i;
  }
}

TEST(CheckJson, FindsABadByteAtEveryOffsetOfAString) {
  for (std::size_t at = 0; at != 40; ++at) {
    auto text = '"' + std::string(40, 'x') + '"';
    ASSERT_TRUE(valid(text));
    for (const char c : {'\x01', '\x1f', '\x80', '\xff', '"', '\\'}) {
      text[1 + at] = c;
      EXPECT_FALSE(valid(text)) << at << " " << int{c};
    }
  }
}

/// Boost.JSON's own grammar, as an independent opinion.
struct Ignore {
  static constexpr std::size_t max_object_size = ~std::size_t{0}, max_array_size = max_object_size, max_key_size = max_object_size,
                               max_string_size = max_object_size;
  using error_code = boost::json::error_code;
  using string_view = boost::json::string_view;
  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(string_view, std::size_t, error_code&) { return true; }
  bool on_key(string_view, std::size_t, error_code&) { return true; }
  bool on_string_part(string_view, std::size_t, error_code&) { return true; }
  bool on_string(string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, string_view, error_code&) { return true; }
  bool on_double(double, string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

bool boost_accepts(std::string_view text) {
  boost::json::basic_parser<Ignore> parser{boost::json::parse_options{}};
  boost::json::error_code error;
  return parser.write_some(false, text.data(), text.size(), error) == text.size() && !error;
}

TEST(CheckJson, AgreesWithBoostJson) {
  for (const auto* list : {&good, &bad}) {
    for (const auto& text : *list) EXPECT_EQ(valid(text), boost_accepts(text)) << text;
  }
}

TEST(IsJsonObject, LooksAtTheFirstByteOfACheckedValue) {
  EXPECT_TRUE(is_json_object("{}"));
  EXPECT_TRUE(is_json_object(" \n{}"));
  for (const auto* text : {"[]", "null", "1", "\"{\"", ""}) EXPECT_FALSE(is_json_object(text)) << text;
}

TEST(IsUtf8, TellsWellFormedText) {
  for (const auto& text :
       {""s, "abc"s, "\0"s, "é😀żółć"s, std::string(100, 'x') + "é", "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xF4\x8F\xBF\xBF"s}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const auto& text : {"\x80"s, "\xC0\x80"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xC3"s, "abcdefgh\xE2\x82"s, "\xFF"s}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(AppendJsonString, EscapesWhatJsonDemandsAndNothingElse) {
  std::string out = "x";
  append_json_string(out, "a/\"\\\b\f\n\r\t\x01\x1f\x7fé😀 and a long plain tail");
  EXPECT_EQ(out, "x\"a/\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001F\x7fé😀 and a long plain tail\"");
  out.clear();
  append_json_string(out, "");
  EXPECT_EQ(out, R"("")");
}

TEST(AppendJsonString, IsValidWhereverTheEscapeFalls) {
  for (std::size_t at = 0; at != 20; ++at) {
    for (const char* piece : {"\"", "\\", "\n", "é"}) {
      std::string out;
      append_json_string(out, std::string(20, 'x').replace(at, 1, piece));
      EXPECT_TRUE(valid(out)) << out;
    }
  }
}

}  // namespace
}  // namespace phx::core
