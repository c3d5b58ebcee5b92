#include <phx/core/session_cookie.hpp>

#include <stdexcept>

#include <gtest/gtest.h>

#include <phx/core/json.hpp>
#include <phx/core/message_verifier.hpp>
#include <phx/core/token.hpp>

#include "support/golden.hpp"
#include "token_fixtures.hpp"

namespace phx::core {
namespace {

using etf::Term;
using golden::from_hex;
using golden::to_hex;

const KeyGenerator keys(golden_secret);

std::string vector_secret() {
  std::string out;
  for (int i = 0; i < 8; ++i) out += "abcdef0123456789";
  return out;
}

TEST(SessionCookie, WritesTheSignedVector) {  // server.md 17 S1
  const KeyGenerator vector_keys(vector_secret());
  const SessionCookie cookie(vector_keys, {"signing salt", "", {}});
  CountingRandom unused;
  const Term session = Term::map({{"foo", "baz"}});
  constexpr const char* s1 = "SFMyNTY.g3QAAAABbQAAAANmb29tAAAAA2Jheg.AgtSoWXQBaL08qCW_wxT9Ra6QNBnLeFJN7zNmlSVDrg";
  EXPECT_EQ(to_hex(vector_keys.derive("signing salt")), "b9b9b4147dbfa45932fb115b7e55c2b054d36951f0bf56e9c52b2cfab4822047");
  EXPECT_EQ(cookie.encode(session, unused), s1);
  EXPECT_EQ(cookie.decode(s1), session);
}

TEST(SessionCookie, WritesTheEncryptedVector) {  // server.md 17 S2
  const KeyGenerator vector_keys(vector_secret());
  const SessionCookie cookie(vector_keys, {"signing salt", "encrypted cookie salt", {}});
  CountingRandom iv;
  const Term session = Term::map({{"foo", "baz"}});
  constexpr const char* s2 = "XCP.AAECAwQFBgcICQoLDA0ODxAREhMUFRYX3J3JRZCBbeK9UVS7BXh7XCUf-bf2muZEB_RbRPGHEcb4Kfe2r7Y";
  EXPECT_EQ(cookie.encode(session, iv), s2);
  EXPECT_EQ(cookie.decode(s2), session);
}

SessionSecrets golden_secrets(const std::string& options, const std::string& signing_salt) {
  SessionSecrets out{signing_salt, "", {}};
  if (options.find("peer-enc") != std::string::npos) out.encryption_salt = "peer-enc";
  if (options.find("key_iterations: 1") != std::string::npos) out.key.iterations = 1;
  if (options.find("sha512") != std::string::npos) out.key = {1000, 64, Digest::sha512};
  return out;
}

TEST(SessionCookie, ReadsAndWritesTheGoldenCookies) {  // golden session_cookie signed_*, encrypted_user
  int seen = 0;
  for (const auto& one : golden::load("session_cookie")) {
    if (!one.json.contains("cookie")) continue;
    SCOPED_TRACE(one.name);
    const auto options = one.json.at("options").get<std::string>();
    const auto text = one.json.at("cookie").get<std::string>();
    const auto session = etf::decode(from_hex(one.json.at("etf_hex").get<std::string>())).value();
    const auto serializer = options.find("Jason") == std::string::npos ? etf_session_serializer() : json_session_serializer();
    const auto secrets = golden_secrets(options, "peer-sign");
    const SessionCookie cookie(keys, secrets, {}, serializer);
    EXPECT_EQ(cookie.decode(text), session);
    EXPECT_EQ(to_hex(keys.derive("peer-sign", secrets.key)), one.json.at("signing_key_hex").get<std::string>());
    CountingRandom iv;
    EXPECT_TRUE(!secrets.encryption_salt.empty() || cookie.encode(session, iv) == text);
    const SessionCookie wrong(keys, golden_secrets(options, "wrong"), {}, serializer);
    EXPECT_EQ(wrong.decode(text), one.json.at("decoded_with_wrong_signing_salt") == "%{}" ? Term::empty_map() : session);
    ++seen;
  }
  EXPECT_EQ(seen, 6);
}

TEST(SessionCookie, CookieTokensAreTimeStamped) {  // golden session_cookie put_resp_cookie_*
  int seen = 0;
  for (const auto& one : golden::load("session_cookie")) {
    if (!one.name.starts_with("put_resp_cookie_")) continue;
    const auto salt = one.json.at("key_salt").get<std::string>(), value = one.json.at("value").get<std::string>();
    const TokenCheck check{.max_age = MaxAge::infinity()};
    const auto term = one.name.ends_with("_sign") ? verify_token(keys, salt, value, unix_ms(0), check)
                                                  : decrypt_token(keys, salt, value, unix_ms(0), check);
    EXPECT_EQ(term, Term::map({{"a", 1}})) << one.name;
    ++seen;
  }
  EXPECT_EQ(seen, 2);
}

TEST(SessionCookie, AnythingElseIsAnEmptySession) {  // server.md 10.1, server-behaviours 24
  const SessionCookie signed_cookie(keys, {"sign", "", {}});
  const SessionCookie encrypted_cookie(keys, {"sign", "enc", {}});
  CountingRandom random;
  const auto text = signed_cookie.encode(Term::map({{"user_id", 7}}), random);
  for (const auto& bad :
       {std::string(), std::string("garbage"), text + "x", text.substr(1), sign_message("not etf", keys.derive("sign")),
        sign_message(etf::encode(7), keys.derive("sign")), encrypted_cookie.encode(Term::map({{"user_id", 7}}), random)}) {
    EXPECT_EQ(signed_cookie.decode(bad), Term::empty_map()) << bad;
  }
  EXPECT_EQ(encrypted_cookie.decode(text), Term::empty_map());
}

TEST(SessionCookie, ReadsOlderSecretsAndWritesTheNewest) {  // server-behaviours 24: rotation
  const SessionSecrets first{"one", "", {}}, second{"two", "two-enc", {}}, third{"three", "", {.iterations = 5}};
  const SessionCookie now(keys, third, {first, second});
  const Term session = Term::map({{"user_id", 7}});
  SystemRandom random;
  for (const auto& secrets : {first, second, third}) EXPECT_EQ(now.decode(SessionCookie(keys, secrets).encode(session, random)), session);
  EXPECT_EQ(SessionCookie(keys, third).decode(now.encode(session, random)), session);
  EXPECT_EQ(SessionCookie(keys, third, {second}).decode(SessionCookie(keys, first).encode(session, random)), Term::empty_map());
}

TEST(SessionCookie, NeedsALongSecret) {  // server.md 10.1
  const KeyGenerator short_keys(std::string(63, 'x'));
  EXPECT_THROW(SessionCookie(short_keys, {"sign", "", {}}), std::invalid_argument);
}

TEST(SessionCookie, AJsonSessionNamesWhatItCannotHold) {
  const SessionCookie cookie(keys, {"sign", "", {}}, {}, json_session_serializer());
  CountingRandom unused;
  EXPECT_THROW(cookie.encode(Term::map({{"pair", Term::tuple({1, 2})}}), unused), std::invalid_argument);
}

}  // namespace
}  // namespace phx::core
