#include <stdexcept>

#include <gtest/gtest.h>

#include <phx/core/base64.hpp>
#include <phx/core/message_encryptor.hpp>
#include <phx/core/message_verifier.hpp>

#include "crypto/primitives.hpp"
#include "support/golden.hpp"
#include "token_fixtures.hpp"

using namespace std::literals;

namespace phx::core {
namespace {

using golden::from_hex;
using golden::to_hex;

constexpr const char* v1 = "SFMyNTY.aGVsbG8gd29ybGQ.k_zLAG_uMdIoLoQlm7legV0eIm0J2LmyIU4MH-J6at4";
constexpr const char* v2 = "SFMzODQ.aGVsbG8gd29ybGQ.PCw0yiO0vi7-wds7lLoBIux9RHlymZdrKMclDExTVTxbXyFocR9whLWpKhXFkI2b";
constexpr const char* v3 = "SFM1MTI.aGVsbG8gd29ybGQ.a-dpSuSXolEEWuPI-sudc6IJiAGm_OGJAzec33nlskr3MhEoHdPrsEbjwwPYHrzgd5X7AVoILsh9XbNZTcOXmA";

TEST(MessageVerifier, SignsAndVerifiesTheVectors) {  // server.md 17 V1 to V3
  EXPECT_EQ(sign_message("hello world", "secret"), v1);
  EXPECT_EQ(sign_message("hello world", "secret", Digest::sha384), v2);
  EXPECT_EQ(sign_message("hello world", "secret", Digest::sha512), v3);
  for (const auto* text : {v1, v2, v3}) EXPECT_EQ(verify_message(text, "secret"), "hello world");
  for (const auto* text : {v1, v2, v3}) EXPECT_FALSE(verify_message(text, "Secret"));
  EXPECT_THROW(sign_message("m", "k", Digest::sha1), std::invalid_argument);
}

TEST(MessageVerifier, MatchesTheGoldenMessages) {  // golden session_cookie message_verifier_*
  int seen = 0;
  for (const auto& one : golden::load("session_cookie")) {
    if (!one.name.starts_with("message_verifier_")) continue;
    const auto digest = one.json.at("digest") == "sha512" ? Digest::sha512 : Digest::sha256;
    const auto message = one.json.at("message").get<std::string>(), key = one.json.at("key").get<std::string>();
    EXPECT_EQ(sign_message(message, key, digest), one.json.at("signed").get<std::string>()) << one.name;
    EXPECT_EQ(verify_message(one.json.at("signed").get<std::string>(), key), message) << one.name;
    ++seen;
  }
  EXPECT_EQ(seen, 3);
}

TEST(MessageVerifier, RefusesAnyChangeAndAnyCut) {
  const std::string good = v1;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    const bool left_over_bits = i + 1 == good.size();  // server.md 9.2: the last character may differ in unused bits
    EXPECT_TRUE(left_over_bits || !verify_message(bad, "secret")) << i;
    EXPECT_FALSE(verify_message(good.substr(0, i), "secret")) << i;
  }
  for (const auto* text : {"", ".", "..", "...", "a.b", "SFMyNTY.aGVsbG8gd29ybGQ", "SFMyNTY..", "HS256.aGVsbG8gd29ybGQ.AA"}) {
    EXPECT_FALSE(verify_message(text, "secret")) << text;
  }
  EXPECT_FALSE(verify_message(good + ".", "secret"));
  EXPECT_FALSE(verify_message(good + ".AA", "secret"));
}

TEST(MessageVerifier, TakesAnEmptyKey) { EXPECT_EQ(verify_message(sign_message("m", ""), ""), "m"); }

TEST(MessageEncryptor, DerivesHChaCha20) {  // server.md 17 H1: draft-irtf-cfrg-xchacha 2.2.1
  EXPECT_EQ(to_hex(crypto::hchacha20(from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
                                     from_hex("000000090000004a0000000031415927"))),
            "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc");
}

TEST(MessageEncryptor, SealsAsTheXChaChaDraft) {  // draft-irtf-cfrg-xchacha A.3.1, by way of its subkey
  const auto key = from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  const auto subkey = crypto::hchacha20(key, from_hex("404142434445464748494a4b4c4d4e4f"));
  const auto sealed =
      crypto::seal(crypto::Aead::chacha20_poly1305, subkey, from_hex("000000005051525354555657"), from_hex("50515253c0c1c2c3c4c5c6c7"),
                   "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
                   "sunscreen would be it.");
  EXPECT_EQ(to_hex(sealed.tag), "c0875924c1c7987947deafd8780acf49");
  EXPECT_EQ(to_hex(sealed.ciphertext).substr(0, 32), "bd6d179d3e83d43b9576579493c0e939");
}

constexpr const char* x1 = "XCP.AAECAwQFBgcICQoLDA0ODxAREhMUFRYX1HTlujQGuLl71PpOsbDZDkbQ3LAmo8qmasCmpg";
const std::string x1_key = from_hex("d64b01089ec07a91d9e78a8f7ab93aaf5b1bcfb9172b5635b29ea5566df5161c");
const std::string x1_message = from_hex("836803610161006200015180");

TEST(MessageEncryptor, EncryptsTheVector) {  // server.md 17 X1
  CountingRandom iv;
  EXPECT_EQ(encrypt_message(x1_message, x1_key, iv), x1);
  EXPECT_EQ(decrypt_message(x1, x1_key), x1_message);
  EXPECT_EQ(decrypt_message(x1, x1_key + "beyond 32 bytes"), x1_message);
  EXPECT_FALSE(decrypt_message(x1, x1_key, {}, "other aad"));
}

TEST(MessageEncryptor, DecryptsTheOldForm) {  // server.md 17 X2
  constexpr std::string_view x2 =
      "QTEyOEdDTQ.L85cCXPvSqswNJoxmP5QTopFY83qCPj9czxkwct8b0HDHdC8Qwruhkq3SWw.mmqfbc2dfaMMi6Xi.n1qvYhAUYI0r7-QB6Vw."
      "0jV2tT3U-AQMAQSch2rNsw";
  const std::string secret = "abcdefghabcdefghabcdefghabcdefgh";
  const auto message = "\0heł\u0142oworld\0"sv;
  EXPECT_EQ(decrypt_message(x2, secret, secret, "right aad"), message);
  EXPECT_FALSE(decrypt_message(x2, secret, secret, "wrong aad"));
  EXPECT_FALSE(decrypt_message(x2, secret, "wrong", "right aad"));
  for (std::size_t size = 0; size < x2.size(); ++size) {
    const bool only_left_over_bits = size + 1 > x2.size();
    EXPECT_FALSE(!only_left_over_bits && decrypt_message(x2.substr(0, size), secret, secret, "right aad")) << size;
  }
  EXPECT_FALSE(decrypt_message(std::string(x2) + ".AA", secret, secret, "right aad"));
}

TEST(MessageEncryptor, RefusesAnyChangeAndAnyCut) {
  const std::string good = x1;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(i + 1 == good.size() || !decrypt_message(bad, x1_key)) << i;
    EXPECT_FALSE(decrypt_message(good.substr(0, i), x1_key)) << i;
  }
}

TEST(MessageEncryptor, TakesAnEmptyMessage) {
  CountingRandom iv;
  EXPECT_EQ(decrypt_message(encrypt_message("", x1_key, iv), x1_key), "");
}

TEST(MessageEncryptor, RefusesShortSecrets) {
  CountingRandom iv;
  EXPECT_THROW(encrypt_message("m", "short", iv), std::invalid_argument);
  EXPECT_THROW(decrypt_message(x1, "short"), std::invalid_argument);
}

TEST(SystemRandom, FillsWithDifferentBytes) {
  SystemRandom random;
  EXPECT_NE(random.bytes(24), random.bytes(24));
  EXPECT_EQ(random.bytes(0), "");
}

}  // namespace
}  // namespace phx::core
