// Every case of golden etf.json: both ways, and cut short at every position.
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <gtest/gtest.h>

#include <phx/core/etf.hpp>
#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>

#include "support/golden.hpp"

namespace phx::core::etf {
namespace {

struct Sample {
  std::string name, bytes;
  Json json;
};

/// The case `huge` holds a number beyond every JSON library's doubles; it is read as null.
std::vector<Sample> samples() {
  std::ifstream in(PHXKIT_GOLDEN_DIR "/etf.json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto json = parse_json(std::regex_replace(text, std::regex("\"json\": *[0-9]{300,}"), "\"json\":null"));
  std::vector<Sample> out;
  for (const Json& one : json.value().at("cases")) {
    out.push_back({one.at("name").get<std::string>(), golden::from_hex(one.at("etf_hex").get<std::string>()), one.at("json")});
  }
  return out;
}

TEST(GoldenEtf, DecodesAndEncodesToTheSameBytes) {
  const auto all = samples();
  ASSERT_EQ(all.size(), 36u);
  for (const auto& one : all) {
    const auto term = decode(one.bytes);
    ASSERT_TRUE(term) << one.name << ": " << term.error().message();
    EXPECT_EQ(encode(*term, Dialect::otp25), one.bytes) << one.name;
    EXPECT_EQ(decode(encode(*term, Dialect::otp26)), *term) << one.name;
  }
}

TEST(GoldenEtf, HasTheRecordedJsonForm) {
  const std::set<std::string> beyond_64_bits = {"bignum", "huge"};  // JSON numbers to Elixir, not to phx::Json
  for (const auto& one : samples()) {
    const auto json = to_json(*decode(one.bytes));
    if (beyond_64_bits.contains(one.name) || (one.json.is_null() && one.name != "nil")) {
      EXPECT_FALSE(json) << one.name;
    } else {
      ASSERT_TRUE(json) << one.name << ": " << json.error().what;
      EXPECT_EQ(*json, one.json) << one.name;
    }
  }
}

TEST(GoldenEtf, CutShortIsMalformed) {
  for (const auto& one : samples()) {
    for (std::size_t size = 0; size < one.bytes.size(); ++size) {
      EXPECT_EQ(decode(one.bytes.substr(0, size)).error(), EtfError::malformed) << one.name << " cut to " << size;
    }
  }
}

TEST(GoldenEtf, AnyChangedByteIsHarmless) {
  for (const auto& one : samples()) {
    for (std::size_t i = 0; i < one.bytes.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string bytes = one.bytes;
        bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
        const auto term = decode(bytes);
        EXPECT_TRUE(!term || decode(encode(*term)) == *term) << one.name << " at " << i;
      }
    }
  }
}

}  // namespace
}  // namespace phx::core::etf
