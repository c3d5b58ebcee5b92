#include <set>
#include <string>

#include <gtest/gtest.h>

#include <phx/core/error.hpp>

namespace phx {
namespace {

TEST(Errc, EveryValueHasItsOwnMessage) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::gave_up); ++value) {
    const std::error_code code = static_cast<Errc>(value);
    EXPECT_STREQ(code.category().name(), "phx");
    EXPECT_NE(code.message(), "unknown error") << value;
    EXPECT_TRUE(messages.insert(code.message()).second) << code.message();
  }
}

TEST(Errc, FailureCarriesTheCode) {
  const Result<int> result = failure(Errc::bad_json);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), Errc::bad_json);
}

}  // namespace
}  // namespace phx
