#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <phx/core/random.hpp>

namespace phx::core {

/// The AAD text of tokens and cookies, whatever the cipher.
inline constexpr std::string_view default_aad = "A128GCM";

/// "XCP." + base64url(nonce 24, tag 16, ciphertext): XChaCha20-Poly1305. secret: at least 32 bytes, the first 32 count;
/// shorter throws std::invalid_argument. Source: Plug.Crypto.MessageEncryptor; spec server.md 9.3.
std::string encrypt_message(std::string_view message, std::string_view secret, RandomSource& random, std::string_view aad = default_aad);

/// The message, if encrypted with this secret and aad. Also reads the older form (five parts, AES-GCM), whose content key
/// is bound to sign_secret: empty for tokens, the signing key for cookies.
std::optional<std::string> decrypt_message(std::string_view encrypted, std::string_view secret, std::string_view sign_secret = {},
                                           std::string_view aad = default_aad);

}  // namespace phx::core
