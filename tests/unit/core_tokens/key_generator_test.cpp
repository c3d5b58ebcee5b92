#include <phx/core/key_generator.hpp>

#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/golden.hpp"
#include "token_fixtures.hpp"

using namespace std::literals;

namespace phx::core {
namespace {

using golden::to_hex;

std::string key_hex(std::string_view secret, std::string_view salt, const KeyOptions& options = {}) {
  return to_hex(pbkdf2(secret, salt, options));
}

TEST(KeyGenerator, DerivesTheVectors) {  // server.md 17 K1 to K9
  const auto sha1 = [](int iterations, std::size_t length) { return KeyOptions{iterations, length, Digest::sha1}; };
  EXPECT_EQ(key_hex("password", "salt", sha1(1, 20)), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  EXPECT_EQ(key_hex("password", "salt", sha1(2, 20)), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
  EXPECT_EQ(key_hex("password", "salt", sha1(4096, 20)), "4b007901b765489abead49d926f721d065a429c1");
  EXPECT_EQ(key_hex("passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", sha1(4096, 25)),
            "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
  EXPECT_EQ(key_hex("pass\0word"sv, "sa\0lt"sv, sha1(4096, 16)), "56fa6aa75548099dcc37d7f03425e0c3");
  EXPECT_EQ(key_hex("password", "salt"), "632c2812e46d4604102ba7618e9d6d7d2f8128f6266b4a03264d2a0460b7dcb3");
  EXPECT_EQ(key_hex("password", "salt", {1, 16, Digest::sha256}), "120fb6cffcf8b32c43e7225256c4f837");
  EXPECT_EQ(key_hex("password", "salt", {1, 16, Digest::sha384}), "c0e14f06e49e32d73f9f52ddf1d0c5c7");
  EXPECT_EQ(key_hex("password", "salt", {1, 16, Digest::sha512}), "867f70cf1ade02cff3752599a3a53dc4");
  EXPECT_EQ(key_hex("abc123", "id"), "7cb997f23c9acf95a579c68648b674d6054ed582be49723702d2409e7a6156fb");
}

TEST(KeyGenerator, DerivesTheGoldenKeys) {  // golden session_cookie pbkdf2_*
  int seen = 0;
  for (const auto& one : golden::load("session_cookie")) {
    if (!one.name.starts_with("pbkdf2_")) continue;
    const auto digest = one.json.at("digest").get<std::string>();
    const KeyOptions options{one.json.at("iterations").get<int>(), one.json.at("length").get<std::size_t>(),
                             digest == "sha"      ? Digest::sha1
                             : digest == "sha512" ? Digest::sha512
                                                  : Digest::sha256};
    EXPECT_EQ(key_hex(one.json.at("secret").get<std::string>(), one.json.at("salt").get<std::string>(), options),
              one.json.at("key_hex").get<std::string>())
        << one.name;
    ++seen;
  }
  EXPECT_EQ(seen, 5);
}

TEST(KeyGenerator, RefusesOptionsOutOfRangeAndShortSecrets) {  // server.md 9.1
  EXPECT_THROW(pbkdf2("s", "s", {.iterations = 0}), std::invalid_argument);
  EXPECT_THROW(pbkdf2("s", "s", {.length = 0}), std::invalid_argument);
  EXPECT_THROW(KeyGenerator("nineteen-bytes-here"), std::invalid_argument);
  EXPECT_NO_THROW(KeyGenerator("exactly-twenty-bytes"));
  try {
    KeyGenerator("hunter2");
  } catch (const std::invalid_argument& e) {
    EXPECT_EQ(std::string(e.what()).find("hunter2"), std::string::npos) << "secrets stay out of texts";
  }
}

TEST(KeyGenerator, KeepsKeysApartBySaltAndOptions) {
  const KeyGenerator keys(golden_secret);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(keys.derive("a"), pbkdf2(golden_secret, "a"));
    EXPECT_EQ(keys.derive("b"), pbkdf2(golden_secret, "b"));
    EXPECT_EQ(keys.derive("a", {.iterations = 2}), pbkdf2(golden_secret, "a", {.iterations = 2}));
    EXPECT_EQ(keys.derive("a", {.length = 33}), pbkdf2(golden_secret, "a", {.length = 33}));
    EXPECT_EQ(keys.derive("a", {.digest = Digest::sha512}), pbkdf2(golden_secret, "a", {.digest = Digest::sha512}));
  }
}

TEST(KeyGenerator, ManySaltsStillDeriveRight) {
  const KeyGenerator keys(golden_secret);
  for (int i = 0; i < 300; ++i) {
    const auto salt = std::to_string(i);
    ASSERT_EQ(keys.derive(salt, {.iterations = 1}), pbkdf2(golden_secret, salt, {.iterations = 1}));
  }
}

TEST(KeyGenerator, IsSafeFromAnyThread) {
  const KeyGenerator keys(golden_secret);
  std::vector<std::thread> threads;
  std::vector<std::string> last(4);
  for (std::size_t t = 0; t < last.size(); ++t) {
    threads.emplace_back([&keys, &out = last[t]] {
      for (int i = 0; i < 200; ++i) out = keys.derive(std::to_string(i % 10), {.iterations = 1});
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& key : last) EXPECT_EQ(key, pbkdf2(golden_secret, "9", {.iterations = 1}));
}

}  // namespace
}  // namespace phx::core
