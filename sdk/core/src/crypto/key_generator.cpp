#include <phx/core/key_generator.hpp>

#include <openssl/crypto.h>

#include <mutex>
#include <stdexcept>

namespace phx::core {
namespace {

constexpr std::size_t max_cached_keys = 256;

void wipe(std::string& secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

}  // namespace

KeyGenerator::KeyGenerator(std::string secret_key_base, std::size_t min_bytes) : secret_key_base_(std::move(secret_key_base)) {
  if (secret_key_base_.size() < min_bytes) {
    throw std::invalid_argument("secret_key_base must have at least " + std::to_string(min_bytes) + " bytes");
  }
}

KeyGenerator::~KeyGenerator() {
  wipe(secret_key_base_);
  for (auto& [options, key] : cache_) wipe(key);
}

std::string KeyGenerator::derive(std::string_view salt, const KeyOptions& options) const {
  std::pair<std::string, KeyOptions> id(salt, options);
  {
    const std::shared_lock lock(mutex_);
    if (const auto known = cache_.find(id); known != cache_.end()) return known->second;
  }
  std::string key = derive_once(salt, options);
  const std::unique_lock lock(mutex_);
  if (cache_.size() < max_cached_keys) cache_.emplace(std::move(id), key);
  return key;
}

std::string KeyGenerator::derive_once(std::string_view salt, const KeyOptions& options) const {
  return pbkdf2(secret_key_base_, salt, options);
}

}  // namespace phx::core
