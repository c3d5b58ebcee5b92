#include <phx/core/session_cookie.hpp>

#include <stdexcept>

#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>
#include <phx/core/message_encryptor.hpp>
#include <phx/core/message_verifier.hpp>

namespace phx::core {
namespace {

constexpr std::size_t min_secret_bytes = 64;

std::string encode_json(const etf::Term& session) {
  const auto json = etf::to_json(session);
  if (!json) throw std::invalid_argument("a JSON session cannot hold " + json.error().what);
  return to_json_text(*json);
}

std::optional<etf::Term> decode_json(std::string_view bytes) {
  const auto json = parse_json(bytes);
  if (!json) return std::nullopt;
  auto term = etf::from_json(*json);
  return term ? std::optional(*std::move(term)) : std::nullopt;
}

std::optional<etf::Term> decode_etf(std::string_view bytes) {
  auto term = etf::decode(bytes);
  return term ? std::optional(*std::move(term)) : std::nullopt;
}

}  // namespace

SessionSerializer etf_session_serializer(etf::Dialect dialect) {
  return {[dialect](const etf::Term& session) { return etf::encode(session, dialect); }, decode_etf};
}

SessionSerializer json_session_serializer() { return {encode_json, decode_json}; }

SessionCookie::SessionCookie(const KeyGenerator& keys, SessionSecrets secrets, std::vector<SessionSecrets> older,
                             SessionSerializer serializer)
    : keys_(keys), secrets_(std::move(secrets)), older_(std::move(older)), serializer_(std::move(serializer)) {
  if (keys.secret_bytes() < min_secret_bytes) throw std::invalid_argument("cookie sessions need a secret_key_base of at least 64 bytes");
}

std::string SessionCookie::encode(const etf::Term& session, RandomSource& random) const {
  const std::string bytes = serializer_.encode(session);
  if (secrets_.encryption_salt.empty()) return sign_message(bytes, keys_.derive(secrets_.signing_salt, secrets_.key));
  return encrypt_message(bytes, keys_.derive(secrets_.encryption_salt, secrets_.key), random);
}

std::optional<std::string> SessionCookie::open(std::string_view cookie, const SessionSecrets& secrets) const {
  const std::string signing_key = keys_.derive(secrets.signing_salt, secrets.key);
  if (secrets.encryption_salt.empty()) return verify_message(cookie, signing_key);
  return decrypt_message(cookie, keys_.derive(secrets.encryption_salt, secrets.key), signing_key);
}

etf::Term SessionCookie::decode(std::string_view cookie) const {
  auto bytes = open(cookie, secrets_);
  for (auto secrets = older_.begin(); !bytes && secrets != older_.end(); ++secrets) bytes = open(cookie, *secrets);
  if (!bytes) return etf::Term::empty_map();
  auto session = serializer_.decode(*bytes);
  return session && session->get<etf::Map>() ? *std::move(session) : etf::Term::empty_map();
}

}  // namespace phx::core
