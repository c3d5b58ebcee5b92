#pragma once

#include <span>
#include <string>
#include <string_view>

#include <phx/core/key_generator.hpp>
#include <phx/core/random.hpp>

/// Tokens against cross-site request forgery: a state in the session, its masked copies in forms and meta tags.
/// Source: Plug.CSRFProtection; spec server.md 10.2.
namespace phx::core {

/// A new state for the session key `_csrf_token`: base64url of 18 random bytes, 24 characters. Masks are made alike.
std::string make_csrf_state(RandomSource& random);

/// What clients get: base64url(state XOR mask), then the mask; 56 characters. XOR is on the text, not on the raw bytes.
/// Both 24 characters, else std::invalid_argument. A new mask for every rendering.
std::string mask_csrf_state(std::string_view state, std::string_view mask);

/// token: from the body or the x-csrf-token header. Compares in constant time; false for anything of another shape.
bool csrf_token_matches(std::string_view state, std::string_view token);

/// A token good for requests to one host only, also when another host renders the form.
std::string make_csrf_host_token(const KeyGenerator& keys, std::string_view state, std::string_view host, RandomSource& random);

/// True for a token of request_host or of an allowed host: exact, or any host with that ending where the entry starts with
/// a dot (".example.com").
bool csrf_host_token_matches(const KeyGenerator& keys, std::string_view state, std::string_view token, std::string_view request_host,
                             std::span<const std::string> allowed_hosts = {});

}  // namespace phx::core
