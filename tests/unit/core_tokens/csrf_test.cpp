#include <phx/core/csrf.hpp>

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "token_fixtures.hpp"

namespace phx::core {
namespace {

constexpr const char* c1_state = "AAECAwQFBgcICQoLDA0ODxAR";
constexpr const char* c1_mask = "ZGVmZ2hpamtsbW5vcHFyc3R1";
constexpr const char* c1_token = "GwYTLhtFOTYjChc6IQZaOicJdjYnSxNjZGVmZ2hpamtsbW5vcHFyc3R1";

TEST(Csrf, MasksTheVector) {  // server.md 17 C1
  CountingRandom state_bytes, mask_bytes('d');
  EXPECT_EQ(make_csrf_state(state_bytes), c1_state);
  EXPECT_EQ(make_csrf_state(mask_bytes), c1_mask);
  EXPECT_EQ(mask_csrf_state(c1_state, c1_mask), c1_token);
  EXPECT_TRUE(csrf_token_matches(c1_state, c1_token));
}

TEST(Csrf, AcceptsARealPair) {  // server.md 17 C2
  EXPECT_TRUE(csrf_token_matches("hfmg9McJ9pU4J2fnzkLkJ_fp", "RT8PUUwAVCd4OCEHKUgcXxURexJzCCQ9-Yb6uM7mAHt3czz1oz7y9WBM"));
}

TEST(Csrf, DiffersAtEachRendering) {  // server-behaviours 23
  SystemRandom random;
  const auto state = make_csrf_state(random);
  const auto first = mask_csrf_state(state, make_csrf_state(random));
  const auto second = mask_csrf_state(state, make_csrf_state(random));
  EXPECT_NE(first, second);
  EXPECT_EQ(first.size(), 56u);
  EXPECT_TRUE(csrf_token_matches(state, first) && csrf_token_matches(state, second));
}

TEST(Csrf, RefusesOtherStatesAndShapes) {
  EXPECT_FALSE(csrf_token_matches("hfmg9McJ9pU4J2fnzkLkJ_fp", c1_token));
  EXPECT_FALSE(csrf_token_matches("", c1_token));
  EXPECT_FALSE(csrf_token_matches("", ""));
  EXPECT_FALSE(csrf_token_matches(c1_state, c1_state)) << "the state itself is no token";
  const std::string good = c1_token;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(csrf_token_matches(c1_state, bad)) << i;
    EXPECT_FALSE(csrf_token_matches(c1_state, good.substr(0, i))) << i;
  }
  EXPECT_FALSE(csrf_token_matches(c1_state, good + "A"));
  EXPECT_THROW(mask_csrf_state("short", c1_mask), std::invalid_argument);
}

TEST(CsrfHost, IsGoodForItsHostOnly) {  // server.md 10.2, server-behaviours 23
  const KeyGenerator keys(golden_secret);
  CountingRandom random;
  const auto token = make_csrf_host_token(keys, c1_state, "www.example.com", random);
  EXPECT_TRUE(token.starts_with("SFMyNTY."));
  EXPECT_TRUE(csrf_host_token_matches(keys, c1_state, token, "www.example.com"));
  EXPECT_FALSE(csrf_host_token_matches(keys, c1_state, token, "example.com"));
  EXPECT_FALSE(csrf_host_token_matches(keys, c1_mask, token, "www.example.com")) << "another session";
  EXPECT_FALSE(csrf_host_token_matches(KeyGenerator(golden_other_secret), c1_state, token, "www.example.com"));
  EXPECT_FALSE(csrf_host_token_matches(keys, "", token, "www.example.com"));
}

TEST(CsrfHost, TakesAllowedHosts) {
  const KeyGenerator keys(golden_secret);
  CountingRandom random;
  const auto token = make_csrf_host_token(keys, c1_state, "www.example.com", random);
  const auto allowed = [&](std::vector<std::string> hosts) { return csrf_host_token_matches(keys, c1_state, token, "other", hosts); };
  EXPECT_TRUE(allowed({"a", "www.example.com"}));
  EXPECT_TRUE(allowed({".example.com"}));
  EXPECT_FALSE(allowed({"example.com"}));
  EXPECT_FALSE(allowed({".ww.example.com"}));
  EXPECT_FALSE(allowed({}));
}

}  // namespace
}  // namespace phx::core
