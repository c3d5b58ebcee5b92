#include <phx/core/ws/utf8.hpp>

#include "ws_feed.hpp"

using phx::core::ws::Utf8Checker;
using phx::golden::from_hex;

namespace {

/// RFC 3629 section 4, octet by octet, as slowly and plainly as possible.
bool is_utf8_by_the_grammar(std::string_view s) {
  const auto in = [&](std::size_t i, unsigned low, unsigned high) {
    return i < s.size() && static_cast<unsigned char>(s[i]) >= low && static_cast<unsigned char>(s[i]) <= high;
  };
  for (std::size_t i = 0; i < s.size();) {
    const auto t = [&](std::size_t n) { return in(i + n, 0x80, 0xBF); };
    if (in(i, 0x00, 0x7F))
      i += 1;
    else if (in(i, 0xC2, 0xDF) && t(1))
      i += 2;
    else if (in(i, 0xE0, 0xE0) && in(i + 1, 0xA0, 0xBF) && t(2))
      i += 3;
    else if ((in(i, 0xE1, 0xEC) || in(i, 0xEE, 0xEF)) && t(1) && t(2))
      i += 3;
    else if (in(i, 0xED, 0xED) && in(i + 1, 0x80, 0x9F) && t(2))
      i += 3;
    else if (in(i, 0xF0, 0xF0) && in(i + 1, 0x90, 0xBF) && t(2) && t(3))
      i += 4;
    else if (in(i, 0xF1, 0xF3) && t(1) && t(2) && t(3))
      i += 4;
    else if (in(i, 0xF4, 0xF4) && in(i + 1, 0x80, 0x8F) && t(2) && t(3))
      i += 4;
    else
      return false;
  }
  return true;
}

bool in_pieces(std::string_view text, std::size_t cut) {
  Utf8Checker checker;
  return checker.feed(text.substr(0, cut)) && checker.feed(text.substr(cut)) && checker.complete();
}

}  // namespace

// RFC 3629 4: every lead with every second octet, at the end and inside of a text, cut everywhere.
TEST(WsUtf8, Rfc3629_4_AgreesWithTheGrammar) {
  for (unsigned a = 0x80; a < 0x100; ++a) {
    for (unsigned b = 0; b < 0x100; b += (b < 0x7E ? 63 : 1)) {
      for (const char* rest : {"", "80", "8080", "bf61", "80806161616161616161", "c3a480"}) {
        std::string text = "ab";
        text += static_cast<char>(a);
        text += static_cast<char>(b);
        text += from_hex(rest);
        const bool expected = is_utf8_by_the_grammar(text);
        ASSERT_EQ(Utf8Checker::check(text), expected) << phx::golden::to_hex(text);
        for (std::size_t cut = 1; cut < text.size(); ++cut) ASSERT_EQ(in_pieces(text, cut), expected) << phx::golden::to_hex(text);
      }
    }
  }
}

TEST(WsUtf8, FindsABadByteAtEveryPlaceOfALongText) {
  for (std::size_t length = 0; length < 100; ++length) {
    const std::string good(length, 'a');
    ASSERT_TRUE(Utf8Checker::check(good));
    for (std::size_t at = 0; at < length; ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(0xFF);
      ASSERT_FALSE(Utf8Checker::check(bad)) << at << " of " << length;
    }
  }
}

// Fail fast: no later byte can mend these.
TEST(WsUtf8, SaysNoAtTheFirstImpossibleByte) {
  for (const char* hex : {"80", "c0", "c1", "e080", "eda0", "f08f", "f490", "f5", "ff", "c32f"}) {
    Utf8Checker checker;
    EXPECT_FALSE(checker.feed(from_hex(hex))) << hex;
  }
  for (const char* hex : {"c3", "e2", "e282", "f0", "f09f", "f09f98"}) {
    Utf8Checker checker;
    EXPECT_TRUE(checker.feed(from_hex(hex))) << hex;
    EXPECT_FALSE(checker.complete()) << hex;
  }
}
