#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace phx::core {

/// Where nonces, states and masks come from; an argument wherever bytes must not be guessed. Tests give fixed bytes.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(std::span<unsigned char> out) = 0;

  std::string bytes(std::size_t n) {
    std::string out(n, '\0');
    fill({reinterpret_cast<unsigned char*>(out.data()), out.size()});
    return out;
  }
};

/// OpenSSL's generator, seeded by the system; safe from any thread. Throws std::runtime_error should it ever fail.
class SystemRandom final : public RandomSource {
 public:
  void fill(std::span<unsigned char> out) override;
};

}  // namespace phx::core
