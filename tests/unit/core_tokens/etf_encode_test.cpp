#include <phx/core/etf.hpp>

#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "support/golden.hpp"

namespace phx::core::etf {
namespace {

using golden::from_hex;
using golden::to_hex;

TEST(EtfEncode, WritesTheVectors) {  // server.md 17 E1 to E4
  EXPECT_EQ(to_hex(encode(Term::tuple({1, 0, 86400}))), "836803610161006200015180");
  EXPECT_EQ(to_hex(encode(Term::tuple({"abc", 1700000000123, 86400}))), "8368036d000000036162636e06007b68e5cf8b016200015180");
  EXPECT_EQ(to_hex(encode(-1)), "8362ffffffff");
  EXPECT_EQ(to_hex(encode(Term::list({1, 2, 3}))), "836b0003010203");
  EXPECT_EQ(to_hex(encode(Term::integer(false, from_hex("000000000000000040")))), "836e0900000000000000000040");
  EXPECT_EQ(to_hex(encode(0.1)), "83463fb999999999999a");
  EXPECT_EQ(to_hex(encode(true, Dialect::otp25)), "8364000474727565");
  EXPECT_EQ(to_hex(encode(true)), "83770474727565");
}

TEST(EtfEncode, RoundTripsTheEdgesOfIntegers) {
  using limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1}, std::int64_t{2147483647}, std::int64_t{2147483648},
        std::int64_t{-2147483648}, std::int64_t{-2147483649}, limits::max(), limits::min()}) {
    EXPECT_EQ(decode(encode(value)), Term(value)) << value;
  }
  EXPECT_EQ(decode(encode(std::numeric_limits<std::uint64_t>::max())), Term(std::numeric_limits<std::uint64_t>::max()));
  const std::string magnitude(300, '\1');
  EXPECT_EQ(encode(Term::integer(true, magnitude)).substr(0, 7), from_hex("836f0000012c01"));
  EXPECT_EQ(decode(encode(Term::integer(true, magnitude))), Term::integer(true, magnitude));
}

TEST(EtfEncode, PicksTheAtomTagOfTheDialect) {  // server.md 9.5: 119 from OTP 26 on, 100 before
  EXPECT_EQ(to_hex(encode(Term::atom("\u00e9"))), "837702c3a9");
  EXPECT_EQ(to_hex(encode(Term::atom("\u00e9"), Dialect::otp25)), "83640001e9");
  EXPECT_EQ(to_hex(encode(Term::atom("\u017c"), Dialect::otp25)), "837702c5bc");
  std::string long_name;
  for (int i = 0; i < 200; ++i) long_name += "\u017c";
  EXPECT_EQ(encode(Term::atom(long_name)).substr(0, 4), from_hex("83760190"));
  EXPECT_EQ(decode(encode(Term::atom(long_name))), Term::atom(long_name));
}

TEST(EtfEncode, WritesListsAsErlangDoes) {
  EXPECT_EQ(to_hex(encode(Term::list({}))), "836a");
  EXPECT_EQ(to_hex(encode(Term::list({1, 256}))),
            "836c0000000261016200000100"
            "6a");
  EXPECT_EQ(to_hex(encode(Term(Term::Value(List{{1}, {2}})))), "836c0000000161016102");
  const std::vector<Term> many(65536, Term(7));
  EXPECT_EQ(encode(Term::list(many)).substr(0, 6), from_hex("836c00010000"));  // too long for tag 107
  EXPECT_EQ(decode(encode(Term::list(many))), Term::list(many));
}

TEST(EtfEncode, RefusesWhatErlangCannotHold) {
  EXPECT_THROW(encode(std::numeric_limits<double>::infinity()), std::invalid_argument);
  EXPECT_THROW(encode(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  EXPECT_THROW(encode(Term::atom(std::string(256, 'a'))), std::invalid_argument);
  EXPECT_THROW(encode(Term::atom("\xff")), std::invalid_argument);
  EXPECT_THROW(encode(Term(Term::Value(List{{}, {2}}))), std::invalid_argument);
}

TEST(EtfMap, FindsTextAndAtomKeysApart) {
  const Term term = Term::map({{"id", 1}, {Term::atom("id"), 2}, {3, 4}});
  const auto& map = *term.get<Map>();
  EXPECT_EQ(*map.find("id"), Term(1));
  EXPECT_EQ(*map.find(Atom{"id"}), Term(2));
  EXPECT_EQ(map.find("3"), nullptr);
}

}  // namespace
}  // namespace phx::core::etf
