#include <phx/core/base64.hpp>

#include <gtest/gtest.h>

#include <string>

using namespace std::literals;

namespace phx::core {
namespace {

TEST(Base64, EncodesTheVectorsOfRfc4648) {  // RFC 4648 section 10
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64url_encode("f"), "Zg");
}

TEST(Base64, UsesTheRightAlphabet) {
  EXPECT_EQ(base64_encode("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(base64_decode("+//+"), "\xfb\xff\xfe");
  EXPECT_EQ(base64url_decode("-__-"), "\xfb\xff\xfe");
  EXPECT_FALSE(base64_decode("-__-"));  // server.md 19.12: the auth token uses the standard alphabet
  EXPECT_FALSE(base64url_decode("+//+"));
}

TEST(Base64, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64, PaddingIsAllOrNothing) {
  EXPECT_FALSE(base64_decode("Zg"));
  EXPECT_EQ(base64_decode("Zg", Padding::optional), "f");
  EXPECT_EQ(base64_decode("Zg==", Padding::optional), "f");
  EXPECT_EQ(base64url_decode("Zm8="), "fo");  // golden verify_padded
  for (const auto text : {"Zg=", "Zg===", "Zm8==", "Zm9v=", "Zm9v==", "=", "==", "====", "Z===", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode(text, Padding::optional)) << text;
    EXPECT_FALSE(base64url_decode(text)) << text;
  }
}

TEST(Base64, RefusesForeignCharacters) {
  for (const auto text : {"Zm9v\n", " Zm9", "Zm9 ", "Z", "Zm9vY", "Zm\xff\x80"})
    EXPECT_FALSE(base64_decode(text, Padding::optional)) << text;
  EXPECT_FALSE(base64_decode("Zm\0v"sv));
}

TEST(Base64, ToleratesLeftOverBits) {  // server.md 9.2: non-canonical last characters
  EXPECT_EQ(base64url_decode("Zh"), "f");
  EXPECT_EQ(base64_decode("Zm9="), "fo");
}

}  // namespace
}  // namespace phx::core
