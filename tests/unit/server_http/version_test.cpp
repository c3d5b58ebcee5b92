#include <gtest/gtest.h>

#include <phx/core/serializer.hpp>
#include <phx/server/version.hpp>

namespace phx::server {
namespace {

TEST(Vsn, NegotiatesAsTheTable) {  // server.md 1.4
  const auto entries = default_serializers();
  for (const auto* vsn : {"1.0.0", "1.0.9"}) EXPECT_EQ(negotiate(entries, vsn), &core::v1_serializer()) << vsn;
  for (const auto* vsn : {"2.0.0", "2.0.1", "2.0.5-dev", "2.0.0+build"}) EXPECT_EQ(negotiate(entries, vsn), &core::v2_serializer()) << vsn;
  for (const auto* vsn : {"2.0.0-rc.1", "2.1.0", "1.1.0", "3.0.0", "123.1.1", "2", "2.0", "v2.0.0", "", "2.0.0.0", "02.0.0", "2.0.x",
                          "2.0.0-", "2.0.0+", "2.0.0-a..b", "99999999999999999999.0.0", " 2.0.0"})
    EXPECT_EQ(negotiate(entries, vsn), nullptr) << vsn;
}

TEST(Vsn, TheFirstMatchingEntryWins) {
  const std::vector<SerializerEntry> entries{{&core::v2_serializer(), "~> 1.0.0"}, {&core::v1_serializer(), "~> 1.0.0"}};
  EXPECT_EQ(negotiate(entries, "1.0.0"), &core::v2_serializer());
}

}  // namespace
}  // namespace phx::server
