// server-behaviours A7 105 to 117, server.md 1.5.
#include <gtest/gtest.h>

#include <stdexcept>

#include <phx/server/origin.hpp>

namespace phx::server {
namespace {

constexpr OriginTarget target{"example.com", "http", "req.example", 4000};

bool allows(const CheckOrigin& policy, std::string_view origin) { return policy.allows(origin, target); }

TEST(CheckOrigin, AllowsARequestWithoutTheHeader) {
  EXPECT_TRUE(CheckOrigin::endpoint_host().allows(std::nullopt, target));
  EXPECT_TRUE(CheckOrigin::function([](const OriginUri&) { return false; }).allows(std::nullopt, target));
}

TEST(CheckOrigin, OffAllowsAnything) {  // 105
  for (const auto* origin : {"http://evil.example", "file://", "null", ""}) EXPECT_TRUE(allows(CheckOrigin::off(), origin)) << origin;
}

TEST(CheckOrigin, TrueComparesTheHostOfTheEndpointOnly) {  // 106
  const auto policy = CheckOrigin::endpoint_host();
  EXPECT_TRUE(allows(policy, "http://example.com"));
  EXPECT_TRUE(allows(policy, "https://example.com:8443"));
  EXPECT_FALSE(allows(policy, "http://req.example"));
  EXPECT_FALSE(allows(policy, "http://EXAMPLE.com")) << "byte-exact";
}

TEST(CheckOrigin, WildcardsMatchTheDomainAndAllBelow) {  // 108
  const auto policy = CheckOrigin::list({"//*.ex.com", "//*.deep.er.com"});
  for (const auto* origin : {"http://ex.com", "http://org1.ex.com", "http://a.b.ex.com", "http://x.deep.er.com"})
    EXPECT_TRUE(allows(policy, origin)) << origin;
  for (const auto* origin : {"http://prefix-ex.com", "http://er.com", "http://other.er.com", "http://ex.com.evil"})
    EXPECT_FALSE(allows(policy, origin)) << origin;
}

TEST(CheckOrigin, WithoutWildcardSubDomainsAreRefused) {  // 109
  EXPECT_FALSE(allows(CheckOrigin::list({"//ex.com"}), "http://org1.ex.com"));
}

TEST(CheckOrigin, OriginsWithoutAHostAreRefused) {  // 110
  for (const auto* origin : {"null", "", "file://", "foo"}) {
    EXPECT_FALSE(allows(CheckOrigin::endpoint_host(), origin)) << origin;
    EXPECT_FALSE(allows(CheckOrigin::list({"//ex.com"}), origin)) << origin;
    EXPECT_FALSE(allows(CheckOrigin::same_as_request(), origin)) << origin;
  }
}

TEST(CheckOrigin, AFunctionDecidesAlsoWithoutAHost) {  // 111, 114
  const auto policy = CheckOrigin::function([](const OriginUri& uri) { return uri.host.empty(); });
  EXPECT_TRUE(allows(policy, "null"));
  EXPECT_FALSE(allows(policy, "http://ex.com"));
}

TEST(CheckOrigin, ConnComparesSchemeHostAndPort) {  // 112
  const auto policy = CheckOrigin::same_as_request();
  EXPECT_TRUE(allows(policy, "http://req.example:4000"));
  for (const auto* origin :
       {"https://req.example:4000", "http://other.example:4000", "http://req.example:4001", "http://req.example", "ws://req.example:4000"})
    EXPECT_FALSE(allows(policy, origin)) << origin;
}

TEST(CheckOrigin, MissingPartsOfAnEntryMatchAnything) {  // 113
  const auto policy = CheckOrigin::list({"//host.com", "http://scheme.com", "//port.com:81"});
  for (const auto* origin : {"http://host.com", "https://host.com", "https://host.com:81", "http://scheme.com", "http://scheme.com:80",
                             "http://port.com:81", "https://port.com:81"})
    EXPECT_TRUE(allows(policy, origin)) << origin;
  for (const auto* origin : {"https://scheme.com", "http://scheme.com:8080", "http://port.com", "https://port.com:82"})
    EXPECT_FALSE(allows(policy, origin)) << origin;
}

TEST(CheckOrigin, PoliciesOfTwoMountsAreTheirOwn) {  // 115
  const auto one = CheckOrigin::list({"//one.com"}), two = CheckOrigin::list({"//two.com"});
  EXPECT_TRUE(allows(one, "http://one.com"));
  EXPECT_FALSE(allows(two, "http://one.com"));
  EXPECT_TRUE(allows(two, "http://two.com"));
}

TEST(CheckOrigin, RefusesEntriesWithoutAHost) { EXPECT_THROW(CheckOrigin::list({"ex.com"}), std::invalid_argument); }

}  // namespace
}  // namespace phx::server
