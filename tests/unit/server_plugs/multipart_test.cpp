#include <gtest/gtest.h>

#include "http_multipart.hpp"

namespace phx::server::detail {
namespace {

std::vector<MultipartPart> parsed(std::string_view body) { return parse_multipart(body, "B", 10).value(); }

TEST(Multipart, SkipsWhatComesBeforeAndAfter) {
  const auto parts = parsed("hello\r\n--B \r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n2\r\n--B--\r\nbye");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].name, "a");
  EXPECT_EQ(parts[0].body, "1\r\n2");
  EXPECT_FALSE(parts[0].filename);
}

TEST(Multipart, ReadsQuotedAndExtendedNames) {
  const auto part =
      parsed("--B\r\nContent-Disposition: form-data; filename*=utf-8''%C3%A9.txt; name=\"a\\\"b\"; filename=\"x;y\"\r\n\r\n\r\n--B--")
          .at(0);
  EXPECT_EQ(part.name, "a\"b");
  EXPECT_EQ(part.filename, "\xc3\xa9.txt");
  EXPECT_EQ(part.body, "");
  EXPECT_EQ(header_parameter("x; a=1; B = \"2\"", "b"), "2");
  EXPECT_EQ(header_parameter("x; flag; b=2", "b"), "2");
  EXPECT_EQ(header_parameter("x", "b"), std::nullopt);
}

TEST(Multipart, APartMayBeEmptyOrNameless) {
  EXPECT_EQ(parsed("--B\r\n\r\n\r\n--B--").size(), 0u);
  EXPECT_EQ(parsed("--B--").size(), 0u);
}

TEST(Multipart, RefusesWhatIsBroken) {
  const std::string head = "--B\r\ncontent-disposition: form-data; name=a\r\n\r\n";
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string("--B"), std::string("--Bx\r\n\r\n"), head, head + "1\r\n--B", head + "1--B--",
        head + "--B-not\r\n--B--", "--B\r\nx: " + std::string(20'000, 'y') + "\r\n\r\n1\r\n--B--"})
    EXPECT_FALSE(parse_multipart(bad, "B", 10)) << bad.substr(0, 80);
  std::string many;
  for (int i = 0; i < 11; ++i) many += "--B\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n";
  EXPECT_FALSE(parse_multipart(many + "--B--", "B", 10));
  EXPECT_TRUE(parse_multipart(many + "--B--", "B", 11));
}

}  // namespace
}  // namespace phx::server::detail
