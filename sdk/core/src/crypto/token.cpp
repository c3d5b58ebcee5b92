#include <phx/core/token.hpp>

#include <cmath>
#include <limits>

#include <phx/core/message_encryptor.hpp>
#include <phx/core/message_verifier.hpp>

namespace phx::core {
namespace {

class TokenCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "phx.token"; }
  std::string message(int code) const override {
    switch (static_cast<TokenError>(code)) {
      case TokenError::missing: return "token missing";
      case TokenError::invalid: return "token invalid";
      case TokenError::expired: return "token expired";
      case TokenError::malformed: return "token authentic, but its content is not a token payload";
    }
    return "unknown token error";
  }
};

const TokenCategory category;

struct Payload {
  etf::Term data;
  std::int64_t signed_ms = 0;
  MaxAge max_age = default_max_age_seconds;
};

std::string encode_payload(const etf::Term& data, UnixTime signed_at, const TokenOptions& options) {
  const std::int64_t ms = signed_at.time_since_epoch().count();
  return etf::encode(etf::Term::tuple({data, ms, options.max_age.to_term()}), options.dialect);
}

std::optional<Payload> payload_of(const etf::Term* data, const etf::Term* signed_at, const etf::Term* max_age) {
  const auto* ms = signed_at ? signed_at->get<std::int64_t>() : nullptr;
  const auto age = max_age ? MaxAge::from_term(*max_age) : MaxAge(default_max_age_seconds);
  if (!data || !ms || !age) return std::nullopt;
  return Payload{*data, *ms, *age};
}

/// {data, signed, max_age}; older Phoenix wrote {data, signed} and %{data: data, signed: signed}.
std::optional<Payload> decode_payload(std::string_view bytes, const etf::Limits& limits) {
  const auto term = etf::decode(bytes, limits);
  if (!term) return std::nullopt;
  if (const auto* tuple = term->get<etf::Tuple>()) {
    const auto& parts = tuple->elements;
    if (parts.size() == 3) return payload_of(&parts[0], &parts[1], &parts[2]);
    if (parts.size() == 2) return payload_of(&parts[0], &parts[1], nullptr);
  }
  if (const auto* map = term->get<etf::Map>()) return payload_of(map->find(etf::Atom{"data"}), map->find(etf::Atom{"signed"}), nullptr);
  return std::nullopt;
}

/// The order of these steps is Phoenix's: spec server.md 9.2.
Result<etf::Term> check_payload(std::string_view bytes, UnixTime now, const TokenCheck& check) {
  auto payload = decode_payload(bytes, check.limits);
  if (!payload) return tl::unexpected(make_error_code(TokenError::malformed));
  const MaxAge max_age = check.max_age.value_or(payload->max_age);
  if (max_age.is_infinite()) return std::move(payload->data);
  if (!max_age.is_positive()) return tl::unexpected(make_error_code(TokenError::expired));
  const std::int64_t now_ms = now.time_since_epoch().count();
  if (payload->signed_ms > now_ms) return tl::unexpected(make_error_code(TokenError::invalid));
  const auto age_ms = static_cast<std::uint64_t>(now_ms) - static_cast<std::uint64_t>(payload->signed_ms);
  if (max_age.is_exceeded_by(age_ms)) return tl::unexpected(make_error_code(TokenError::expired));
  return std::move(payload->data);
}

Result<etf::Term> check_opened(const std::optional<std::string>& bytes, UnixTime now, const TokenCheck& check) {
  if (!bytes) return tl::unexpected(make_error_code(TokenError::invalid));
  return check_payload(*bytes, now, check);
}

}  // namespace

std::error_code make_error_code(TokenError e) noexcept { return {static_cast<int>(e), category}; }

std::optional<MaxAge> MaxAge::from_term(const etf::Term& term) {
  if (const auto* seconds = term.get<std::int64_t>()) return MaxAge(*seconds);
  if (const auto* seconds = term.get<double>()) return MaxAge(*seconds);
  if (term.is_atom("infinity")) return infinity();
  return std::nullopt;
}

etf::Term MaxAge::to_term() const {
  if (const auto* seconds = std::get_if<std::int64_t>(&value_)) return *seconds;
  if (const auto* seconds = std::get_if<double>(&value_)) return *seconds;
  return etf::Term::atom("infinity");
}

bool MaxAge::is_positive() const noexcept {
  if (const auto* seconds = std::get_if<std::int64_t>(&value_)) return *seconds > 0;
  if (const auto* seconds = std::get_if<double>(&value_)) return *seconds > 0;
  return true;
}

bool MaxAge::is_exceeded_by(std::uint64_t age_ms) const noexcept {
  constexpr std::int64_t most_seconds = std::numeric_limits<std::int64_t>::max() / 1000;
  if (const auto* seconds = std::get_if<std::int64_t>(&value_)) {
    return *seconds <= most_seconds && (*seconds < 0 || static_cast<std::uint64_t>(*seconds) * 1000 < age_ms);
  }
  if (const auto* seconds = std::get_if<double>(&value_)) return std::trunc(*seconds * 1000) < static_cast<double>(age_ms);
  return false;
}

std::string sign_token(const KeyGenerator& keys, std::string_view salt, const etf::Term& data, UnixTime signed_at,
                       const TokenOptions& options) {
  return sign_message(encode_payload(data, signed_at, options), keys.derive(salt, options.key));
}

Result<etf::Term> verify_token(const KeyGenerator& keys, std::string_view salt, std::optional<std::string_view> token, UnixTime now,
                               const TokenCheck& check) {
  if (!token) return tl::unexpected(make_error_code(TokenError::missing));
  return check_opened(verify_message(*token, keys.derive(salt, check.key)), now, check);
}

std::string encrypt_token(const KeyGenerator& keys, std::string_view salt, const etf::Term& data, UnixTime signed_at, RandomSource& random,
                          const TokenOptions& options) {
  return encrypt_message(encode_payload(data, signed_at, options), keys.derive(salt, options.key), random);
}

Result<etf::Term> decrypt_token(const KeyGenerator& keys, std::string_view salt, std::optional<std::string_view> token, UnixTime now,
                                const TokenCheck& check) {
  if (!token) return tl::unexpected(make_error_code(TokenError::missing));
  return check_opened(decrypt_message(*token, keys.derive(salt, check.key)), now, check);
}

}  // namespace phx::core
