#include <phx/core/etf.hpp>

#include <gtest/gtest.h>

#include "support/golden.hpp"

namespace phx::core::etf {
namespace {

using golden::from_hex;

Result<Term> decode_hex(std::string_view hex, const Limits& limits = {}) { return decode(from_hex(hex), limits); }

std::error_code error_of(std::string_view hex, const Limits& limits = {}) {
  const auto term = decode_hex(hex, limits);
  return term ? std::error_code() : term.error();
}

TEST(EtfDecode, ReadsTheVectors) {  // server.md 17 E1 to E4
  EXPECT_EQ(decode_hex("8368036101610062"
                       "00015180"),
            Term::tuple({1, 0, 86400}));
  EXPECT_EQ(decode_hex("8368036d000000036162636e06007b68e5cf8b016200015180").value().get<Tuple>()->elements[1], Term(1700000000123));
  EXPECT_EQ(decode_hex("8362ffffffff"), Term(-1));
  EXPECT_EQ(decode_hex("836b0003010203"), Term::list({1, 2, 3}));
  EXPECT_EQ(decode_hex("836e0900000000000000000040"), Term(Term::Value(BigInt{false, from_hex("000000000000000040")})));
  EXPECT_EQ(decode_hex("83463fb999999999999a"), Term(0.1));
  EXPECT_EQ(decode_hex("8364000474727565"), Term(true));
}

TEST(EtfDecode, ReadsEveryAtomTag) {  // server.md 9.5: both generations of OTP
  for (const auto* hex : {"83640002c3a9", "837302c3a9"}) EXPECT_EQ(decode_hex(hex), Term::atom("\u00c3\u00a9")) << hex;
  for (const auto* hex : {"83760002c3a9", "837702c3a9"}) EXPECT_EQ(decode_hex(hex), Term::atom("\u00e9")) << hex;
  EXPECT_EQ(error_of("837701ff"), EtfError::malformed);
  EXPECT_EQ(decode(from_hex("836400ff") + std::string(255, 'a')), Term::atom(std::string(255, 'a')));
  EXPECT_EQ(decode(from_hex("83640100") + std::string(256, 'a')).error(), EtfError::malformed);
}

TEST(EtfDecode, NormalisesIntegers) {
  EXPECT_EQ(decode_hex("836e02010100"), Term(-1));
  EXPECT_EQ(decode_hex("836e0a0007000000000000000000"), Term(7));
  EXPECT_EQ(decode_hex("836e0100"
                       "00"),
            Term(0));
  EXPECT_EQ(decode_hex("836e0801"
                       "0000000000000080"),
            Term(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(decode_hex("836e0800"
                       "0000000000000080"),
            Term(std::uint64_t{1} << 63));
  EXPECT_EQ(decode_hex("836f00000001"
                       "0005"),
            Term(5));
  EXPECT_EQ(error_of("836e010200"), EtfError::malformed);  // sign is 0 or 1
}

TEST(EtfDecode, ReadsOldFloats) {
  std::string text = "1.50000000000000000000e+00";
  text.resize(31, '\0');
  EXPECT_EQ(decode("\x83"
                   "c" +
                   text),
            Term(1.5));
  text.replace(0, 3, "nan");
  EXPECT_FALSE(
      decode("\x83"
             "c" +
             text));
  EXPECT_EQ(error_of("83467ff0000000000000"), EtfError::malformed);  // infinity
}

TEST(EtfDecode, FlattensTailsThatAreLists) {
  EXPECT_EQ(decode_hex("836c0000000161016c0000000161026a"), Term::list({1, 2}));
  EXPECT_EQ(decode_hex("836c0000000161016b000102"), Term::list({1, 2}));
  EXPECT_EQ(decode_hex("836c000000006a"), Term::list({}));
  EXPECT_EQ(decode_hex("836c0000000161016102"), Term(Term::Value(List{{1}, {2}})));
  EXPECT_EQ(error_of("836c000000006101"), EtfError::malformed);
}

TEST(EtfDecode, KeepsPidsPortsAndReferencesOpaque) {  // server.md 9.5: they occur in long-poll tokens
  const struct {
    const char* hex;
    OpaqueKind kind;
  } cases[] = {
      {"8367"
       "7701"
       "61"
       "00000001"
       "00000002"
       "03",
       OpaqueKind::pid},
      {"8358"
       "64000161"
       "00000001"
       "00000002"
       "00000003",
       OpaqueKind::pid},
      {"8366"
       "730161"
       "00000001"
       "02",
       OpaqueKind::port},
      {"8359"
       "760001"
       "61"
       "00000001"
       "00000002",
       OpaqueKind::port},
      {"8378"
       "7701"
       "61"
       "0000000000000001"
       "00000002",
       OpaqueKind::port},
      {"8365"
       "7701"
       "61"
       "00000001"
       "02",
       OpaqueKind::reference},
      {"8372"
       "0002"
       "7701"
       "61"
       "01"
       "0000000100000002",
       OpaqueKind::reference},
      {"835a"
       "0003"
       "7701"
       "61"
       "00000001"
       "000000010000000200000003",
       OpaqueKind::reference},
      {"834d"
       "00000002"
       "03"
       "01a0",
       OpaqueKind::bit_string},
  };
  for (const auto& one : cases) {
    const auto term = decode_hex(one.hex);
    ASSERT_TRUE(term) << one.hex;
    ASSERT_NE(term->get<Opaque>(), nullptr) << one.hex;
    EXPECT_EQ(term->get<Opaque>()->kind, one.kind) << one.hex;
    EXPECT_EQ(encode(*term), from_hex(one.hex));
  }
  EXPECT_EQ(error_of("8367"
                     "6101"
                     "00000001"
                     "00000002"
                     "03"),
            EtfError::malformed);  // the node is an atom
  EXPECT_EQ(error_of("834d"
                     "00000001"
                     "09"
                     "00"),
            EtfError::malformed);
}

TEST(EtfDecode, RefusesFunctionsWhereverTheyAre) {  // server.md 9.5
  EXPECT_EQ(error_of("8371770161770162"
                     "6101"),
            EtfError::function);
  EXPECT_EQ(error_of("8368026101"
                     "70"
                     "00000000"),
            EtfError::function);
  EXPECT_EQ(error_of("83740000000161016d00000000"), std::error_code());
  EXPECT_EQ(error_of("837400000001610175"), EtfError::function);
}

TEST(EtfDecode, RefusesGarbage) {
  for (const auto* hex : {"", "83", "82", "8261", "6101", "8300", "8383", "83446101", "8352", "83ff", "8361"}) {
    EXPECT_EQ(error_of(hex), EtfError::malformed) << hex;
  }
  EXPECT_EQ(decode_hex("8361016102"), Term(1)) << "bytes behind the term do not matter to binary_to_term";
}

TEST(EtfDecode, BelievesNoCountWithoutBytes) {  // server.md 9.5: element counts against remaining input
  for (const auto* hex : {"8369ffffffff6101", "836cffffffff6101", "8374ffffffff61016102", "836dffffffff00", "836fffffffff0001",
                          "8374000000016101", "83680361016102", "8369000000036c000000036c00000003610161016101"}) {
    EXPECT_EQ(error_of(hex), EtfError::malformed) << hex;
  }
  EXPECT_EQ(error_of("835affff770161000000010000"), EtfError::malformed);
}

TEST(EtfDecode, LimitsDepth) {
  const auto nested = [](std::size_t depth) {
    std::string bytes = "\x83";
    for (std::size_t i = 1; i < depth; ++i) bytes += "h\x01";
    return bytes + "j";
  };
  EXPECT_TRUE(decode(nested(256)));
  EXPECT_EQ(decode(nested(257)).error(), EtfError::limit);
  EXPECT_TRUE(decode(nested(5), {.max_depth = 5}));
  EXPECT_EQ(decode(nested(6), {.max_depth = 5}).error(), EtfError::limit);
}

TEST(EtfDecode, LimitsTerms) {
  EXPECT_TRUE(decode_hex("836b0003010203", {.max_terms = 3}));
  EXPECT_EQ(error_of("836b0003010203", {.max_terms = 2}), EtfError::limit);
  EXPECT_EQ(error_of("8368036101610261"
                     "03",
                     {.max_terms = 2}),
            EtfError::limit);
  EXPECT_EQ(error_of("83740000000161016102", {.max_terms = 1}), EtfError::limit);
}

// zlib.compress(b"m" + (300).to_bytes(4, "big") + b"a" * 300)
constexpr const char* compressed_hex =
    "8350000001"
    "31";
const char* const zlib_of_300_as = "789ccb656060d4491c054403008f837247";

TEST(EtfDecode, InflatesWithinTheLimit) {
  const std::string bytes = from_hex(std::string(compressed_hex) + zlib_of_300_as);
  EXPECT_EQ(decode(bytes), Term(std::string(300, 'a')));
  EXPECT_EQ(decode(bytes, {.max_inflated_bytes = 305}), Term(std::string(300, 'a')));
  EXPECT_EQ(decode(bytes, {.max_inflated_bytes = 304}).error(), EtfError::limit);
}

TEST(EtfDecode, RefusesDamagedCompression) {
  const std::string good = from_hex(std::string(compressed_hex) + zlib_of_300_as);
  for (std::size_t i = 2; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_NE(decode(bad), Term(std::string(300, 'a'))) << i;
    EXPECT_FALSE(decode(good.substr(0, i))) << i;
  }
  for (const auto* size : {"00000130", "00000132", "7fffffff"})
    EXPECT_FALSE(decode_hex(std::string("8350") + size + zlib_of_300_as)) << size;
  EXPECT_FALSE(decode(std::string("\x83P\0\0\0\2", 6) + good.substr(1)));  // compressed twice
}

TEST(EtfDecode, ErrorsHaveTexts) {
  for (const auto e : {EtfError::malformed, EtfError::limit, EtfError::function}) EXPECT_FALSE(make_error_code(e).message().empty());
  EXPECT_STREQ(make_error_code(EtfError::limit).category().name(), "phx.etf");
}

}  // namespace
}  // namespace phx::core::etf
