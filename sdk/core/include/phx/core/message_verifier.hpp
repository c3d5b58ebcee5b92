#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <phx/core/key_generator.hpp>

namespace phx::core {

/// Signs bytes: base64url(header) "." base64url(message) "." base64url(HMAC of the text before). The message is readable
/// by anybody. digest: sha256 (header HS256), sha384 or sha512; sha1 throws std::invalid_argument.
/// Source: Plug.Crypto.MessageVerifier; spec server.md 9.2.
std::string sign_message(std::string_view message, std::string_view key, Digest digest = Digest::sha256);

/// The message, if signed with this key. Compares in constant time.
std::optional<std::string> verify_message(std::string_view signed_message, std::string_view key);

}  // namespace phx::core
