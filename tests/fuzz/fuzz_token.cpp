// Text that pretends to be a token, a cookie or a CSRF token; and content that is signed but not what it should be.
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/base64.hpp>
#include <phx/core/csrf.hpp>
#include <phx/core/message_encryptor.hpp>
#include <phx/core/message_verifier.hpp>
#include <phx/core/session_cookie.hpp>
#include <phx/core/token.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::core;

namespace {

const KeyGenerator keys("peer-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP");
constexpr KeyOptions fast{.iterations = 1};
constexpr UnixTime now{std::chrono::milliseconds(1'700'000'000'000)};

void check_base64(std::string_view text) {
  PHX_INVARIANT(base64_decode(base64_encode(text)) == text);
  PHX_INVARIANT(base64url_decode(base64url_encode(text)) == text);
  if (const auto bytes = base64_decode(text)) PHX_INVARIANT(base64_encode(*bytes).size() == text.size());
  if (const auto bytes = base64url_decode(text)) PHX_INVARIANT(bytes->size() <= text.size());
}

/// The text as it comes from a client: only what was really signed may pass.
void check_foreign(std::string_view text) {
  const TokenCheck check{.max_age = MaxAge::infinity(), .key = fast};
  const auto verified = verify_token(keys, "user socket", text, now, check);
  PHX_INVARIANT(verified || verified.error() == TokenError::invalid || verified.error() == TokenError::malformed);
  PHX_INVARIANT(!verified || verify_message(text, keys.derive("user socket", fast)).has_value());
  (void)decrypt_token(keys, "enc salt", text, now, check);
  const SessionCookie cookie(keys, {"sign", "", fast}, {{"sign", "enc", fast}});
  PHX_INVARIANT(cookie.decode(text).get<etf::Map>() != nullptr);
  (void)csrf_token_matches("AAECAwQFBgcICQoLDA0ODxAR", text);
}

/// The same bytes as the content of an authentic token.
void check_content(std::string_view bytes) {
  const auto token = sign_message(bytes, keys.derive("user socket", fast));
  PHX_INVARIANT(verify_message(token, keys.derive("user socket", fast)) == bytes);
  const auto data = verify_token(keys, "user socket", token, now, {.key = fast});
  PHX_INVARIANT(data || data.error().category() == make_error_code(TokenError::invalid).category());
  const SessionCookie cookie(keys, {"user socket", "", fast});
  PHX_INVARIANT(cookie.decode(token).get<etf::Map>() != nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_base64(text);
  check_foreign(text);
  check_content(text);
  return 0;
}
