#include "primitives.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <climits>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include <phx/core/random.hpp>

namespace phx::core {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed");
}

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* octets(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

int checked_int(std::size_t size) {
  if (size > INT_MAX) throw std::invalid_argument("too long for OpenSSL");
  return static_cast<int>(size);
}

const EVP_MD* method(Digest digest) {
  switch (digest) {
    case Digest::sha1: return EVP_sha1();
    case Digest::sha256: return EVP_sha256();
    case Digest::sha384: return EVP_sha384();
    case Digest::sha512: return EVP_sha512();
  }
  throw std::invalid_argument("unknown digest");
}

const EVP_CIPHER* method(crypto::Aead kind, std::size_t key_bytes) {
  if (kind == crypto::Aead::chacha20_poly1305) return key_bytes == 32 ? EVP_chacha20_poly1305() : nullptr;
  switch (key_bytes) {
    case 16: return EVP_aes_128_gcm();
    case 24: return EVP_aes_192_gcm();
    case 32: return EVP_aes_256_gcm();
    default: return nullptr;
  }
}

/// A context with key, nonce and aad set; null: lengths no cipher takes.
CipherContext start(crypto::Aead kind, std::string_view key, std::string_view nonce, std::string_view aad, bool encrypt) {
  const EVP_CIPHER* cipher = method(kind, key.size());
  if (!cipher || nonce.size() != crypto::aead_nonce_bytes) return nullptr;
  CipherContext context(EVP_CIPHER_CTX_new());
  require(context && EVP_CipherInit_ex(context.get(), cipher, nullptr, octets(key), octets(nonce), encrypt ? 1 : 0) == 1);
  int written = 0;
  if (!aad.empty()) require(EVP_CipherUpdate(context.get(), nullptr, &written, octets(aad), checked_int(aad.size())) == 1);
  return context;
}

std::uint32_t load32(std::string_view bytes, std::size_t word) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[word * 4 + i]);
  return value;
}

void append32(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i, value >>= 8) out += static_cast<char>(value & 0xff);
}

}  // namespace

void SystemRandom::fill(std::span<unsigned char> out) { require(RAND_bytes(out.data(), checked_int(out.size())) == 1); }

std::string pbkdf2(std::string_view secret, std::string_view salt, const KeyOptions& options) {
  if (options.iterations < 1 || options.length < 1) throw std::invalid_argument("key iterations and length must be at least 1");
  std::string key(options.length, '\0');
  require(PKCS5_PBKDF2_HMAC(secret.data(), checked_int(secret.size()), octets(salt), checked_int(salt.size()), options.iterations,
                            method(options.digest), checked_int(key.size()), octets(key)) == 1);
  return key;
}

namespace crypto {

std::string hmac(Digest digest, std::string_view key, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  const char none = 0;  // OpenSSL takes a null key for "the last key"
  const auto* bytes = key.empty() ? reinterpret_cast<const unsigned char*>(&none) : octets(key);
  require(HMAC(method(digest), bytes, checked_int(key.size()), octets(text), text.size(), octets(out), &size) != nullptr);
  out.resize(size);
  return out;
}

bool equal(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

Sealed seal(Aead kind, std::string_view key, std::string_view nonce, std::string_view aad, std::string_view message) {
  const CipherContext context = start(kind, key, nonce, aad, true);
  if (!context) throw std::invalid_argument("wrong length of key or nonce");
  Sealed out{std::string(aead_tag_bytes, '\0'), std::string(message.size(), '\0')};
  int written = 0;
  if (!message.empty()) {
    require(EVP_CipherUpdate(context.get(), octets(out.ciphertext), &written, octets(message), checked_int(message.size())) == 1);
  }
  std::array<unsigned char, EVP_MAX_BLOCK_LENGTH> rest{};
  require(EVP_CipherFinal_ex(context.get(), rest.data(), &written) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, checked_int(aead_tag_bytes), out.tag.data()) == 1);
  return out;
}

std::optional<std::string> open(Aead kind, std::string_view key, std::string_view nonce, std::string_view aad, const Sealed& sealed) {
  if (sealed.tag.size() != aead_tag_bytes || sealed.ciphertext.size() > INT_MAX) return std::nullopt;
  const CipherContext context = start(kind, key, nonce, aad, false);
  if (!context) return std::nullopt;
  std::string message(sealed.ciphertext.size(), '\0');
  std::string tag = sealed.tag;
  int written = 0;
  if (!message.empty()) {
    require(EVP_CipherUpdate(context.get(), octets(message), &written, octets(sealed.ciphertext), checked_int(message.size())) == 1);
  }
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, checked_int(tag.size()), tag.data()) == 1);
  std::array<unsigned char, EVP_MAX_BLOCK_LENGTH> rest{};
  if (EVP_CipherFinal_ex(context.get(), rest.data(), &written) != 1) {
    OPENSSL_cleanse(message.data(), message.size());
    return std::nullopt;
  }
  return message;
}

/// HChaCha20 is the ChaCha20 block function without its last addition of the input, so the key stream of OpenSSL's ChaCha20
/// (whose 16-byte IV is counter and nonce, the same four words) less that input gives it, with no permutation of our own.
std::string hchacha20(std::string_view key, std::string_view nonce) {
  if (key.size() != 32 || nonce.size() != 16) throw std::invalid_argument("wrong length of key or nonce");
  constexpr std::string_view constants = "expand 32-byte k";
  const std::string zeros(64, '\0');
  std::string block(64, '\0');
  const CipherContext context(EVP_CIPHER_CTX_new());
  int written = 0;
  require(context && EVP_EncryptInit_ex(context.get(), EVP_chacha20(), nullptr, octets(key), octets(nonce)) == 1);
  require(EVP_EncryptUpdate(context.get(), octets(block), &written, octets(zeros), 64) == 1);
  std::string out;
  for (std::size_t i = 0; i < 4; ++i) append32(out, load32(block, i) - load32(constants, i));
  for (std::size_t i = 0; i < 4; ++i) append32(out, load32(block, 12 + i) - load32(nonce, i));
  OPENSSL_cleanse(block.data(), block.size());
  return out;
}

}  // namespace crypto
}  // namespace phx::core
