#include <phx/core/token.hpp>

#include <limits>

#include <gtest/gtest.h>

#include <phx/core/message_encryptor.hpp>
#include <phx/core/message_verifier.hpp>

#include "token_fixtures.hpp"

namespace phx::core {
namespace {

using etf::Term;

constexpr const char* t1 = "SFMyNTY.g2gDYQFhAGIAAVGA.KXdBHt_mqSOGliRNUFeDbTg4AIlwgDAyz6NZFjYMFDQ";
constexpr UnixTime today = unix_ms(1'790'000'000'000);
const KeyGenerator abc123("abc123", 1);  // the vectors use Plug.Crypto, which takes short secrets

std::error_code error_of(const Result<Term>& result) { return result ? std::error_code() : result.error(); }

Result<Term> verify(std::string_view token, UnixTime now, std::optional<MaxAge> max_age = {}, std::string_view salt = "id") {
  return verify_token(abc123, salt, token, now, {.max_age = max_age});
}

TEST(Token, SignsAndVerifiesT1) {  // server.md 17 T1
  EXPECT_EQ(sign_token(abc123, "id", 1, unix_ms(0)), t1);
  EXPECT_EQ(error_of(verify(t1, today)), TokenError::expired);
  EXPECT_EQ(verify(t1, today, MaxAge::infinity()), Term(1));
  EXPECT_EQ(error_of(verify(t1, today, MaxAge::infinity(), "not_id")), TokenError::invalid);
  EXPECT_EQ(error_of(verify_token(abc123, "id", std::nullopt, today)), TokenError::missing);
  EXPECT_EQ(error_of(verify("garbage", today)), TokenError::invalid);
}

TEST(Token, SignsTheOtherVectors) {  // server.md 17 T2 to T5
  const KeyGenerator long_secret("abc123abc123abc123abc123abc123");
  EXPECT_EQ(sign_token(long_secret, "user auth", "abc", unix_ms(1'700'000'000'123)),
            "SFMyNTY.g2gDbQAAAANhYmNuBgB7aOXPiwFiAAFRgA.gaovFqXq7a5PUIfRKp49IqGGu7OZL0xWer2Fjs_WHus");
  EXPECT_EQ(sign_token(abc123, "id", Term::map({{"roles", Term::list({"a", "b"})}, {"user_id", 7}}), unix_ms(0)),
            "SFMyNTY.g2gDdAAAAAJtAAAABXJvbGVzbAAAAAJtAAAAAWFtAAAAAWJqbQAAAAd1c2VyX2lkYQdhAGIAAVGA.I45LBMIuDi7UVkxyb5XWdzQkMc_OGar87JHK-"
            "HHzTsU");
  const Term atoms = Term::map({{Term::atom("f"), 1.5}, {Term::atom("n"), Term()}, {Term::atom("ok"), true}, {Term::atom("user_id"), 7}});
  EXPECT_EQ(
      sign_token(abc123, "id", atoms, unix_ms(0), {.dialect = etf::Dialect::otp25}),
      "SFMyNTY.g2gDdAAAAARkAAFmRj_4AAAAAAAAZAABbmQAA25pbGQAAm9rZAAEdHJ1ZWQAB3VzZXJfaWRhB2EAYgABUYA.yHPMOQlKO-riqDaI4TM3DBrPJRezr3QONBi6n"
      "Uakggk");
  const Term tuple = Term::tuple({Term::atom("user"), 7, Term::list({'a', 'b', 'c'}), -5, 5'000'000'000});
  EXPECT_EQ(sign_token(abc123, "id", tuple, unix_ms(0), {.max_age = MaxAge::infinity(), .dialect = etf::Dialect::otp25}),
            "SFMyNTY.g2gDaAVkAAR1c2VyYQdrAANhYmNi____-24FAADyBSoBYQBkAAhpbmZpbml0eQ.yTyefh1AI2iZ36aPzuMiFkIRwcGhcmN4f2ofkRhwi-0");
}

TEST(Token, ExpiresStrictlyAfterMaxAge) {  // server.md 9.2: strictly less
  const auto token = sign_token(abc123, "id", 1, unix_ms(1000), {.max_age = 60});
  EXPECT_TRUE(verify(token, unix_ms(61'000)));
  EXPECT_EQ(error_of(verify(token, unix_ms(61'001))), TokenError::expired);
  EXPECT_TRUE(verify(token, unix_ms(62'500), 61.5));
  EXPECT_EQ(error_of(verify(token, unix_ms(62'501), 61.5)), TokenError::expired);
  EXPECT_TRUE(verify(token, unix_ms(1'001), 0.0019)) << "truncated to 1 ms";
  EXPECT_EQ(error_of(verify(token, unix_ms(1'002), 0.0019)), TokenError::expired);
}

TEST(Token, FollowsTheOrderOfChecks) {  // server.md 9.2, table "Verify, in this order"
  const auto future = sign_token(abc123, "id", 1, unix_ms(5000));
  EXPECT_EQ(error_of(verify(future, unix_ms(4999))), TokenError::invalid);
  EXPECT_TRUE(verify(future, unix_ms(5000)));
  EXPECT_TRUE(verify(future, unix_ms(4999), MaxAge::infinity()));
  EXPECT_EQ(error_of(verify(future, unix_ms(4999), 0)), TokenError::expired) << "max_age before the future";
  EXPECT_EQ(error_of(verify(future, unix_ms(6000), -1)), TokenError::expired);
  EXPECT_EQ(error_of(verify(future, unix_ms(6000), -0.5)), TokenError::expired);
  std::string forged = t1;
  forged.back() = 'A';
  forged[forged.size() - 2] = 'A';
  EXPECT_EQ(error_of(verify(forged, today)), TokenError::invalid) << "a bad signature is never expired";
}

TEST(Token, SurvivesExtremeTimes) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  const auto ancient = sign_token(abc123, "id", 1, unix_ms(least));
  EXPECT_EQ(error_of(verify(ancient, unix_ms(most))), TokenError::expired);
  EXPECT_TRUE(verify(ancient, unix_ms(most), most));
  EXPECT_TRUE(verify(ancient, unix_ms(most), 1e300));
  EXPECT_EQ(error_of(verify(sign_token(abc123, "id", 1, unix_ms(most)), unix_ms(0))), TokenError::invalid);
}

std::string signed_payload(const Term& payload) { return sign_message(etf::encode(payload), abc123.derive("id")); }

TEST(Token, ReadsOlderPayloads) {  // server.md 9.2: 2-tuple and map, max_age 86400
  const auto tuple = signed_payload(Term::tuple({"old", 1000}));
  const auto map = signed_payload(Term::map({{Term::atom("data"), "old"}, {Term::atom("signed"), 1000}}));
  for (const auto& token : {tuple, map}) {
    EXPECT_EQ(verify(token, unix_ms(1000 + 86'400'000)), Term("old"));
    EXPECT_EQ(error_of(verify(token, unix_ms(1001 + 86'400'000))), TokenError::expired);
  }
}

TEST(Token, AuthenticButForeignPayloadsAreMalformed) {
  for (const auto& payload : {Term(1), Term::tuple({1}), Term::tuple({1, 2, 3, 4}), Term::tuple({1, "now", 3}), Term::tuple({1, 2, "3"}),
                              Term::map({{"data", 1}, {"signed", 2}}), Term::empty_map()}) {
    EXPECT_EQ(error_of(verify(signed_payload(payload), today, MaxAge::infinity())), TokenError::malformed);
  }
}

TEST(Token, EncryptsAndDecrypts) {
  SystemRandom random;
  const Term data = Term::map({{"user_id", 7}});
  const auto token = encrypt_token(abc123, "id", data, unix_ms(0), random);
  EXPECT_NE(token, encrypt_token(abc123, "id", data, unix_ms(0), random)) << "a nonce is never used twice";
  EXPECT_EQ(decrypt_token(abc123, "id", token, unix_ms(86'400'000)), data);
  EXPECT_EQ(error_of(decrypt_token(abc123, "id", token, unix_ms(86'400'001))), TokenError::expired);
  EXPECT_EQ(error_of(decrypt_token(abc123, "other", token, unix_ms(0))), TokenError::invalid);
  EXPECT_EQ(error_of(decrypt_token(abc123, "id", std::nullopt, unix_ms(0))), TokenError::missing);
  EXPECT_EQ(error_of(verify(token, unix_ms(0))), TokenError::invalid);
}

TEST(Token, EncryptsX1) {  // server.md 17 X1
  CountingRandom iv;
  EXPECT_EQ(encrypt_token(abc123, "secret", 1, unix_ms(0), iv),
            "XCP.AAECAwQFBgcICQoLDA0ODxAREhMUFRYX1HTlujQGuLl71PpOsbDZDkbQ3LAmo8qmasCmpg");
}

TEST(Token, ErrorsSayNothingOfTheToken) {
  for (const auto e : {TokenError::missing, TokenError::invalid, TokenError::expired, TokenError::malformed}) {
    EXPECT_TRUE(make_error_code(e).message().starts_with("token "));
  }
  EXPECT_STREQ(make_error_code(TokenError::expired).category().name(), "phx.token");
}

}  // namespace
}  // namespace phx::core
