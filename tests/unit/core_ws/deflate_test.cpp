#include <phx/core/ws/deflate.hpp>

#include <gtest/gtest.h>

#include <random>

namespace phx::core::ws::test {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t unlimited = std::size_t{1} << 30;

std::string text_of(const Result<void>& result, const std::string& out) { return result ? out : "error: " + result.error().message(); }

std::string inflated(MessageInflater& inflater, std::string_view payload, std::size_t limit = unlimited) {
  std::string out;
  const auto result = inflater.inflate(payload, limit, out);
  return text_of(result, out);
}
std::string inflated(std::string_view payload, std::size_t limit = unlimited) {
  MessageInflater inflater;
  return inflated(inflater, payload, limit);
}
std::string deflated(MessageDeflater& deflater, std::string_view message) {
  std::string out;
  deflater.deflate(message, out);
  return out;
}

const std::string broken = "error: " + make_error_code(Errc::bad_deflate).message();
const std::string too_large = "error: " + make_error_code(Errc::message_too_large).message();

std::string noise(std::size_t size, unsigned seed, int letters = 256) {
  std::mt19937 engine(seed);
  std::uniform_int_distribution<int> any(0, letters - 1);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(any(engine));
  return out;
}

// RFC 7692 7.2.3.1 to 7.2.3.6
TEST(WsInflate, Rfc7692_7_2_3_ReadsTheExamples) {
  MessageInflater shared;
  EXPECT_EQ(inflated(shared, "\xf2\x48\xcd\xc9\xc9\x07\x00"sv), "Hello");
  EXPECT_EQ(inflated(shared, "\xf2\x00\x11\x00\x00"sv), "Hello") << "7.2.3.2: refers to the message before";
  EXPECT_EQ(inflated("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv), "Hello") << "7.2.3.3: no compression";
  EXPECT_EQ(inflated("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv), "Hello") << "7.2.3.4: a final block";
  EXPECT_EQ(inflated("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv), "Hello") << "7.2.3.5: two blocks";
  EXPECT_EQ(inflated("\x00"sv), "") << "7.2.3.6: an empty message";
}

TEST(WsInflate, AFinalBlockMayEndTheMessageAndTheNextOneBeginsAnew) {
  MessageInflater inflater;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(inflated(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00"sv), "Hello") << "nothing after the final block";
    EXPECT_EQ(inflated(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00"sv), "HelloHello");
    EXPECT_EQ(inflated(inflater, ""sv), "") << "some deflaters give nothing for an empty message";
  }
  EXPECT_EQ(inflated(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv), "Hello");
  EXPECT_EQ(inflated(inflater, "\xf2\x00\x11\x00\x00"sv), broken) << "refers to what the final block ended";
}

// server.md 2.2: 1007
TEST(WsInflate, RefusesBrokenDataAndAnythingCutOff) {
  EXPECT_EQ(inflated("\xff\xff\xff"sv), broken) << "no such block type";
  EXPECT_EQ(inflated("\x00\x05\x00\x00\x00Hello\x00"sv), broken) << "lengths of a stored block that differ";
  EXPECT_EQ(inflated("\xf2\x00\x11\x00\x00"sv), broken) << "a distance before the first byte";
  EXPECT_EQ(inflated("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"sv), broken) << "the tail was left in";
  MessageDeflater deflater;
  const std::string whole = deflated(deflater, noise(3000, 1, 20));
  for (std::size_t size = 1; size < whole.size(); ++size) ASSERT_EQ(inflated(whole.substr(0, size)), broken) << size;
}

TEST(WsInflate, StopsAtItsLimit) {
  MessageDeflater deflater;
  const std::string bomb = deflated(deflater, std::string(50'000'000, 'a'));
  ASSERT_LT(bomb.size(), 60'000u);
  MessageInflater inflater;
  std::string out;
  EXPECT_EQ(inflater.inflate(bomb, 100'000, out).error(), Errc::message_too_large);
  EXPECT_LE(out.capacity(), 300'000u) << "nothing was made that is not wanted";

  deflater.forget(15);
  const std::string exact = deflated(deflater, std::string(1000, 'a'));
  EXPECT_EQ(inflated(exact, 1000).size(), 1000u);
  EXPECT_EQ(inflated(exact, 999), too_large);
  EXPECT_EQ(inflated(exact, 0), too_large);
  EXPECT_EQ(inflated("\x00"sv, 0), "");
}

// RFC 7692 7.1.2: nothing refers back further than the window, be it 256 bytes
TEST(WsDeflate, EveryWindowSizeRoundTripsWithAndWithoutContext) {
  for (std::uint8_t bits = 8; bits <= 15; ++bits) {
    for (const bool keeps : {false, true}) {
      MessageDeflater deflater(bits);
      MessageInflater same(bits), larger(15);
      for (unsigned i = 0; i < 30; ++i) {
        std::string message = noise(i * i * 60, i % 3, i % 2 == 0 ? 4 : 256);
        if (i % 5 == 0) message.clear();
        if (!keeps) deflater.forget(bits);
        const std::string payload = deflated(deflater, message);
        ASSERT_FALSE(payload.empty());
        ASSERT_EQ(inflated(same, payload), message) << int{bits};
        ASSERT_EQ(inflated(larger, payload), message) << int{bits};
      }
    }
  }
}

/// The furthest reference of 8 bits: a window of 512 would find the repeated words, one of 256 must not.
TEST(WsDeflate, EightBitsNeverReferFurtherThan256Bytes) {
  const std::string word = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (std::size_t distance = 240; distance <= 300; ++distance) {
    const std::string message = word + noise(distance - word.size(), static_cast<unsigned>(distance)) + word;
    MessageDeflater deflater(8);
    const bool found = deflated(deflater, message).size() < message.size();
    EXPECT_EQ(found, distance <= 250) << distance;
  }
}

TEST(WsDeflate, ContextTakeoverMakesTheSecondMessageSmaller) {
  const std::string message = noise(500, 7);
  MessageDeflater deflater;
  EXPECT_GT(deflated(deflater, message).size(), 500u);
  EXPECT_LT(deflated(deflater, message).size(), 30u);
  deflater.forget(15);
  EXPECT_GT(deflated(deflater, message).size(), 500u);
}

TEST(WsDeflate, AppendsToWhatIsThere) {
  MessageDeflater deflater;
  std::string out = "before";
  deflater.deflate("Hello", out);
  std::string back = "and ";
  MessageInflater inflater;
  ASSERT_TRUE(inflater.inflate(std::string_view(out).substr(6), 5, back));
  EXPECT_EQ(back, "and Hello");
}

}  // namespace
}  // namespace phx::core::ws::test
