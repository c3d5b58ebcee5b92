#include "passwords.hpp"

#include <argon2.h>

#include <phx/core/random.hpp>

#include <array>
#include <stdexcept>

namespace phx::app {

Passwords::Passwords(Cost cost) : cost_(cost), nobody_(hash("nobody has this password")) {}

std::string Passwords::hash(std::string_view password) const {
  const std::string salt = core::SystemRandom().bytes(16);
  std::array<char, 256> encoded{};
  const int error = argon2id_hash_encoded(cost_.passes, cost_.memory_kib, 1, password.data(), password.size(), salt.data(), salt.size(), 32,
                                          encoded.data(), encoded.size());
  if (error != ARGON2_OK) throw std::runtime_error(std::string("argon2: ") + argon2_error_message(error));
  return encoded.data();
}

bool Passwords::verify(std::string_view password, const std::string& hash) const {
  const int answer = argon2id_verify(hash.c_str(), password.data(), password.size());
  if (answer != ARGON2_OK && answer != ARGON2_VERIFY_MISMATCH)
    throw std::runtime_error(std::string("argon2: ") + argon2_error_message(answer));
  return answer == ARGON2_OK;
}

void Passwords::verify_nobody(std::string_view password) const { (void)verify(password, nobody_); }

}  // namespace phx::app
