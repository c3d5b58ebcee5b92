#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace phx::app {

/// Argon2id. Hashing takes tens of milliseconds and `memory_kib` of memory on purpose: on pool threads only. Thread-safe.
class Passwords {
 public:
  struct Cost {
    std::uint32_t memory_kib = 19'456;  ///< OWASP's second choice
    std::uint32_t passes = 2;
  };
  explicit Passwords(Cost cost);

  /// "$argon2id$v=19$m=...": the cost and a salt of its own are in it.
  std::string hash(std::string_view password) const;
  bool verify(std::string_view password, const std::string& hash) const;
  /// Takes as long as verify: so nobody learns from the clock who has an account.
  void verify_nobody(std::string_view password) const;

 private:
  Cost cost_;
  std::string nobody_;
};

}  // namespace phx::app
