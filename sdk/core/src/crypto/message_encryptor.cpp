#include <phx/core/message_encryptor.hpp>

#include <array>
#include <stdexcept>

#include <phx/core/base64.hpp>

#include "primitives.hpp"

namespace phx::core {
namespace {

using crypto::aead_nonce_bytes;
using crypto::aead_tag_bytes;

constexpr std::string_view prefix = "XCP.";
constexpr std::string_view old_header = "QTEyOEdDTQ";  // base64url of "A128GCM"
constexpr std::size_t secret_size = 32;
constexpr std::size_t xnonce_bytes = 24;

struct Subkey {
  std::string key;
  std::string nonce;
};

Subkey xchacha20_subkey(std::string_view secret, std::string_view xnonce) {
  return {crypto::hchacha20(secret, xnonce.substr(0, 16)), std::string(4, '\0') + std::string(xnonce.substr(16))};
}

std::string_view checked_secret(std::string_view secret) {
  if (secret.size() < secret_size) throw std::invalid_argument("the secret of an encrypted message has at least 32 bytes");
  return secret.substr(0, secret_size);
}

std::optional<std::string> decrypt_xchacha(std::string_view text, std::string_view secret, std::string_view aad) {
  const auto bytes = base64url_decode(text);
  if (!bytes || bytes->size() < xnonce_bytes + aead_tag_bytes) return std::nullopt;
  const auto [key, nonce] = xchacha20_subkey(secret, std::string_view(*bytes).substr(0, xnonce_bytes));
  const crypto::Sealed sealed{bytes->substr(xnonce_bytes, aead_tag_bytes), bytes->substr(xnonce_bytes + aead_tag_bytes)};
  return crypto::open(crypto::Aead::chacha20_poly1305, key, nonce, aad, sealed);
}

/// header.enc_key.iv.ciphertext.tag: the four parts behind the header, decoded.
std::optional<std::array<std::string, 4>> old_parts(std::string_view text) {
  std::array<std::string, 4> out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto dot = text.find('.');
    if ((dot == text.npos) != (i == 3)) return std::nullopt;
    auto part = base64url_decode(text.substr(0, dot));
    if (!part) return std::nullopt;
    out[i] = *std::move(part);
    if (dot != text.npos) text.remove_prefix(dot + 1);
  }
  return out;
}

/// wrapped: ciphertext (16, 24 or 32 bytes), tag, nonce.
std::optional<std::string> unwrap_key(std::string_view wrapped, std::string_view secret, std::string_view sign_secret) {
  const std::size_t overhead = aead_tag_bytes + aead_nonce_bytes;
  if (wrapped.size() < overhead) return std::nullopt;
  const std::size_t key_bytes = wrapped.size() - overhead;
  if (key_bytes != 16 && key_bytes != 24 && key_bytes != 32) return std::nullopt;
  const crypto::Sealed sealed{std::string(wrapped.substr(key_bytes, aead_tag_bytes)), std::string(wrapped.substr(0, key_bytes))};
  return crypto::open(crypto::Aead::aes_gcm, secret, wrapped.substr(key_bytes + aead_tag_bytes), sign_secret, sealed);
}

std::optional<std::string> decrypt_old(std::string_view text, std::string_view secret, std::string_view sign_secret, std::string_view aad) {
  const auto parts = old_parts(text);
  if (!parts) return std::nullopt;
  const auto& [wrapped, nonce, ciphertext, tag] = *parts;
  const auto key = unwrap_key(wrapped, secret, sign_secret);
  if (!key) return std::nullopt;
  return crypto::open(crypto::Aead::aes_gcm, *key, nonce, aad, {tag, ciphertext});
}

}  // namespace

std::string encrypt_message(std::string_view message, std::string_view secret, RandomSource& random, std::string_view aad) {
  const std::string xnonce = random.bytes(xnonce_bytes);
  const auto [key, nonce] = xchacha20_subkey(checked_secret(secret), xnonce);
  const auto sealed = crypto::seal(crypto::Aead::chacha20_poly1305, key, nonce, aad, message);
  return std::string(prefix) + base64url_encode(xnonce + sealed.tag + sealed.ciphertext);
}

std::optional<std::string> decrypt_message(std::string_view encrypted, std::string_view secret, std::string_view sign_secret,
                                           std::string_view aad) {
  secret = checked_secret(secret);
  if (encrypted.starts_with(prefix)) return decrypt_xchacha(encrypted.substr(prefix.size()), secret, aad);
  if (!encrypted.starts_with(old_header)) return std::nullopt;
  encrypted.remove_prefix(old_header.size());
  if (!encrypted.starts_with('.')) return std::nullopt;
  return decrypt_old(encrypted.substr(1), secret, sign_secret, aad);
}

}  // namespace phx::core
