// Every case of golden tokens.json.
#include <set>

#include <gtest/gtest.h>

#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>
#include <phx/core/message_encryptor.hpp>
#include <phx/core/token.hpp>

#include "support/golden.hpp"
#include "token_fixtures.hpp"

namespace phx::core {
namespace {

using etf::Term;
using golden::from_hex;
using golden::to_hex;

constexpr UnixTime recorded_at = unix_ms(1'790'000'000'000);  // years after signed_at 1700000000, as when it was recorded

struct Options {
  std::optional<MaxAge> max_age;
  KeyOptions key;
};

std::string after(const std::string& text, const std::string& label) {
  const auto at = text.find(label + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + label.size() + 2;
  return text.substr(begin, text.find_first_of(",]", begin) - begin);
}

/// "[max_age: :infinity, key_iterations: 1]"
Options read_options(const Json& one) {
  const auto text = one.value("options", "[]");
  Options out;
  if (const auto age = after(text, "max_age"); age == ":infinity") {
    out.max_age = MaxAge::infinity();
  } else if (age.find('.') != std::string::npos) {
    out.max_age = std::stod(age);
  } else if (!age.empty()) {
    out.max_age = std::stoll(age);
  }
  if (const auto n = after(text, "key_iterations"); !n.empty()) out.key.iterations = std::stoi(n);
  if (const auto n = after(text, "key_length"); !n.empty()) out.key.length = std::stoul(n);
  if (after(text, "key_digest") == ":sha") out.key.digest = Digest::sha1;
  return out;
}

class GoldenToken : public testing::Test {
 public:
  void each(const std::set<std::string>& ops, void (GoldenToken::*check)(const Json&)) {
    int seen = 0;
    for (const auto& one : golden::load("tokens")) {
      if (!ops.contains(one.json.at("op").get<std::string>())) continue;
      SCOPED_TRACE(one.name);
      (this->*check)(one.json);
      ++seen;
    }
    EXPECT_GT(seen, 0);
  }

  void check_sign(const Json& one);
  void check_encrypt(const Json& one);
  void check_outcome(const Json& one);
  void expect(const Result<Term>& result, const Json& outcome, const Json& one);

  KeyGenerator keys_{golden_secret};
  KeyGenerator other_keys_{golden_other_secret};
};

/// What Phoenix raises for is `malformed` here.
void GoldenToken::expect(const Result<Term>& result, const Json& outcome, const Json& one) {
  const auto kind = outcome.at("result").get<std::string>();
  if (kind == "ok") {
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_TRUE(outcome.at("term") != "42" || *result == Term(42));
    const auto bytes = to_hex(etf::encode(*result, etf::Dialect::otp25));
    EXPECT_EQ(one.value("data_etf_hex", bytes), bytes);
  } else if (kind == "raise") {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), TokenError::malformed);
  } else {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message(), "token " + outcome.at("reason").get<std::string>());
  }
}

void GoldenToken::check_sign(const Json& one) {
  const auto payload = etf::decode(from_hex(one.at("etf_hex").get<std::string>()));
  ASSERT_TRUE(payload);
  const Options options = read_options(one);
  const auto salt = one.at("salt").get<std::string>();
  const auto token = one.at("token").get<std::string>();
  const auto signed_at = unix_ms(static_cast<std::int64_t>(one.at("signed_at").get<double>() * 1000));
  const TokenOptions how{options.max_age.value_or(default_max_age_seconds), options.key, etf::Dialect::otp25};
  EXPECT_EQ(sign_token(keys_, salt, payload->get<etf::Tuple>()->elements[0], signed_at, how), token);
  const auto key = to_hex(keys_.derive(salt, options.key));
  EXPECT_EQ(one.value("key_hex", key), key);
  expect(verify_token(keys_, salt, token, recorded_at, {.key = options.key}), one.at("verify_default"), one);
  expect(verify_token(keys_, salt, token, recorded_at, {.max_age = MaxAge::infinity(), .key = options.key}), one.at("verify_infinity"),
         one);
}

void GoldenToken::check_encrypt(const Json& one) {
  const auto salt = one.at("salt").get<std::string>();
  const auto token = one.at("token").get<std::string>();
  const auto key = keys_.derive(salt);
  EXPECT_EQ(to_hex(key), one.at("key_hex").get<std::string>());
  EXPECT_EQ(to_hex(decrypt_message(token, key).value()), one.at("plaintext_etf_hex").get<std::string>());
  expect(decrypt_token(keys_, salt, token, recorded_at), one.at("decrypt_default"), one);
  expect(decrypt_token(keys_, salt, token, recorded_at, {.max_age = MaxAge::infinity()}), one.at("decrypt_infinity"), one);
}

void GoldenToken::check_outcome(const Json& one) {
  if (one.at("name") == "verify_max_age_nil") return;  // max_age: nil cannot be written in C++
  const Options options = read_options(one);
  const auto& keys = one.at("secret") == "other" ? other_keys_ : keys_;
  const auto salt = one.at("salt").get<std::string>();
  const auto text = one.at("token").is_null() ? std::string() : one.at("token").get<std::string>();
  const auto token = one.at("token").is_null() ? std::nullopt : std::optional<std::string_view>(text);
  const TokenCheck check{options.max_age, options.key, {}};
  const bool verify = one.at("op") == "verify";
  expect(verify ? verify_token(keys, salt, token, recorded_at, check) : decrypt_token(keys, salt, token, recorded_at, check),
         one.at("outcome"), one);
}

TEST_F(GoldenToken, SignsTheSameBytesAndVerifies) { each({"sign"}, &GoldenToken::check_sign); }
TEST_F(GoldenToken, DecryptsToTheSameBytes) { each({"encrypt"}, &GoldenToken::check_encrypt); }
TEST_F(GoldenToken, VerifyAndDecryptHaveTheRecordedOutcome) { each({"verify", "decrypt"}, &GoldenToken::check_outcome); }

TEST_F(GoldenToken, CutShortIsInvalid) {
  for (const auto& one : golden::load("tokens")) {
    const auto op = one.json.at("op");
    if (op != "sign" && op != "encrypt") continue;
    const auto token = one.json.at("token").get<std::string>();
    const auto key = read_options(one.json).key;
    for (std::size_t size = 0; size < token.size(); ++size) {
      const TokenCheck check{MaxAge::infinity(), key, {}};
      const auto cut = std::string_view(token).substr(0, size);
      const auto salt = one.json.at("salt").get<std::string>();
      const auto result =
          op == "sign" ? verify_token(keys_, salt, cut, recorded_at, check) : decrypt_token(keys_, salt, cut, recorded_at, check);
      ASSERT_FALSE(result) << one.name << " cut to " << size;
      EXPECT_EQ(result.error(), TokenError::invalid);
    }
  }
}

}  // namespace
}  // namespace phx::core
