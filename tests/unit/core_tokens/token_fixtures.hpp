#pragma once

#include <string>
#include <string_view>

#include <phx/core/random.hpp>
#include <phx/core/token.hpp>

namespace phx::core {

/// The secret at the top of golden tokens.json and session_cookie.json.
inline constexpr const char* golden_secret = "peer-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";
inline constexpr const char* golden_other_secret = "another-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL";

constexpr UnixTime unix_ms(std::int64_t ms) { return UnixTime(std::chrono::milliseconds(ms)); }

/// Bytes first, first + 1, ... : the iv 00..17 of vectors X1 and S2.
class CountingRandom final : public RandomSource {
 public:
  explicit CountingRandom(unsigned char first = 0) : next_(first) {}
  void fill(std::span<unsigned char> out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  unsigned char next_;
};

}  // namespace phx::core
