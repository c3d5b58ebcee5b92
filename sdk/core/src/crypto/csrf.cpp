#include <phx/core/csrf.hpp>

#include <algorithm>
#include <stdexcept>

#include <phx/core/base64.hpp>
#include <phx/core/message_verifier.hpp>

#include "primitives.hpp"

namespace phx::core {
namespace {

constexpr std::size_t state_bytes = 18;
constexpr std::size_t state_characters = 24;
constexpr std::size_t masked_characters = 32;

std::string exclusive_or(std::string_view a, std::string_view b) {
  std::string out(a);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ b[i]);
  return out;
}

bool host_allowed(std::string_view host, std::string_view entry) { return entry.starts_with('.') ? host.ends_with(entry) : host == entry; }

}  // namespace

std::string make_csrf_state(RandomSource& random) { return base64url_encode(random.bytes(state_bytes)); }

std::string mask_csrf_state(std::string_view state, std::string_view mask) {
  if (state.size() != state_characters || mask.size() != state_characters)
    throw std::invalid_argument("CSRF state and mask have 24 characters");
  return base64url_encode(exclusive_or(state, mask)) + std::string(mask);
}

bool csrf_token_matches(std::string_view state, std::string_view token) {
  if (state.size() != state_characters || token.size() != masked_characters + state_characters) return false;
  const auto masked = base64url_decode(token.substr(0, masked_characters));
  if (!masked || masked->size() != state_characters) return false;
  return crypto::equal(exclusive_or(*masked, token.substr(masked_characters)), state);
}

std::string make_csrf_host_token(const KeyGenerator& keys, std::string_view state, std::string_view host, RandomSource& random) {
  return sign_message(make_csrf_state(random) + std::string(host), keys.derive_once(state));
}

bool csrf_host_token_matches(const KeyGenerator& keys, std::string_view state, std::string_view token, std::string_view request_host,
                             std::span<const std::string> allowed_hosts) {
  if (state.size() != state_characters) return false;
  const auto message = verify_message(token, keys.derive_once(state));
  if (!message || message->size() < state_characters) return false;
  const std::string_view host = std::string_view(*message).substr(state_characters);
  return host == request_host ||
         std::any_of(allowed_hosts.begin(), allowed_hosts.end(), [&](const std::string& entry) { return host_allowed(host, entry); });
}

}  // namespace phx::core
