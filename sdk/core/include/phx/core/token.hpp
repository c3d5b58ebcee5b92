#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

#include <phx/core/error.hpp>
#include <phx/core/etf.hpp>
#include <phx/core/key_generator.hpp>
#include <phx/core/random.hpp>

/// Phoenix.Token: data that comes back unchanged and not too old. spec server.md 9.2 to 9.4.
namespace phx::core {

using UnixTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// How long a token is good, in seconds: whole, with a fraction, or for ever. Zero or less: expired at once.
class MaxAge {
 public:
  template <std::integral I>
  constexpr MaxAge(I seconds) : value_(static_cast<std::int64_t>(seconds)) {}
  constexpr MaxAge(std::chrono::seconds seconds) : value_(static_cast<std::int64_t>(seconds.count())) {}
  constexpr MaxAge(double seconds) : value_(seconds) {}
  static constexpr MaxAge infinity() { return MaxAge(Infinity{}); }

  /// As it stands in a token: an integer, a float or the atom infinity. nullopt: another term.
  static std::optional<MaxAge> from_term(const etf::Term& term);
  etf::Term to_term() const;

  bool is_infinite() const noexcept { return std::holds_alternative<Infinity>(value_); }
  bool is_positive() const noexcept;
  /// Whole milliseconds have passed since signing.
  bool is_exceeded_by(std::uint64_t age_ms) const noexcept;

 private:
  struct Infinity {};
  constexpr explicit MaxAge(Infinity value) : value_(value) {}
  std::variant<std::int64_t, double, Infinity> value_;
};

inline constexpr std::int64_t default_max_age_seconds = 86'400;

enum class TokenError {
  missing = 1,  ///< there is no token
  invalid,      ///< not a token, signed or encrypted with another secret or salt, or signed in the future
  expired,      ///< older than max_age
  malformed,    ///< authentic, but its content is no token payload; Phoenix raises here
};
std::error_code make_error_code(TokenError) noexcept;  // category "phx.token"

struct TokenOptions {
  MaxAge max_age = default_max_age_seconds;  ///< goes into the token, for verifiers that give none
  KeyOptions key = {};
  etf::Dialect dialect = etf::Dialect::otp26;
};

struct TokenCheck {
  std::optional<MaxAge> max_age = {};  ///< nullopt: the one in the token
  KeyOptions key = {};
  etf::Limits limits = {};
};

/// A token that everybody can read and nobody can change. (secret_key_base, salt) identifies what it is for.
std::string sign_token(const KeyGenerator& keys, std::string_view salt, const etf::Term& data, UnixTime signed_at,
                       const TokenOptions& options = {});

/// The data. token: nullopt when the client sent none. Errors: TokenError.
Result<etf::Term> verify_token(const KeyGenerator& keys, std::string_view salt, std::optional<std::string_view> token, UnixTime now,
                               const TokenCheck& check = {});

/// A token that only the owner of the secret can read.
std::string encrypt_token(const KeyGenerator& keys, std::string_view salt, const etf::Term& data, UnixTime signed_at, RandomSource& random,
                          const TokenOptions& options = {});

/// As verify_token, for encrypt_token's.
Result<etf::Term> decrypt_token(const KeyGenerator& keys, std::string_view salt, std::optional<std::string_view> token, UnixTime now,
                                const TokenCheck& check = {});

}  // namespace phx::core

template <>
struct std::is_error_code_enum<phx::core::TokenError> : std::true_type {};
