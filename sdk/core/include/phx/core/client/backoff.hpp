#pragma once

#include <chrono>
#include <cstdint>
#include <variant>
#include <vector>

#include <phx/core/time.hpp>

namespace phx::core {

/// Source of randomness for delays. Borrowed by the machines that are given one; one thread at a time.
class Jitter {
 public:
  virtual ~Jitter() = default;
  /// Uniform in [0, 1).
  virtual double unit() noexcept = 0;

  /// Uniform in [low, high).
  Duration between(Duration low, Duration high) noexcept;
};

/// SplitMix64: small, seeded, repeatable. Not for secrets.
class SeededJitter final : public Jitter {
 public:
  explicit SeededJitter(std::uint64_t seed) noexcept : state_(seed) {}
  double unit() noexcept override;

 private:
  std::uint64_t state_;
};

/// How long to wait before attempt 1, 2, 3, ...: a shape (the ceiling of each attempt) and a way to spread it.
/// A value: compare, copy, print. Rules: spec client-semantics 3.1, D-11.
struct Backoff {
  struct Table {  ///< delays by attempt; the last one for ever after
    std::vector<Duration> delays;
    bool operator==(const Table&) const = default;
  };
  struct Exponential {  ///< base, base * factor, ... up to cap
    Duration base{};
    Duration cap{};
    double factor = 2.0;
    bool operator==(const Exponential&) const = default;
  };
  struct Fixed {
    Duration delay{};
    bool operator==(const Fixed&) const = default;
  };
  using Shape = std::variant<Table, Exponential, Fixed>;

  enum class Spread : std::uint8_t {
    none,          ///< the ceiling itself
    full,          ///< uniform in [0, ceiling)
    equal,         ///< half the ceiling plus uniform in [0, half)
    decorrelated,  ///< uniform in [first ceiling, 3 * previous delay), at most the cap
  };

  Shape shape;
  Spread spread = Spread::full;

  bool operator==(const Backoff&) const = default;

  /// The longest wait before `attempt` (1, 2, ...).
  Duration ceiling(std::uint32_t attempt) const;
  /// The longest wait before any attempt.
  Duration cap() const;
  /// The wait before `attempt`; `previous` is the last delay given (zero at first), used by `decorrelated` only.
  Duration delay(std::uint32_t attempt, Duration previous, Jitter& jitter) const;
};

namespace backoff {

/// phoenix.js: 10, 50, 100, 150, 200, 250, 500, 1000, 2000 ms, then 5 s for ever; no jitter.
Backoff phoenix_js();
/// phoenix.js channels: 1, 2, 5 s, then 10 s for ever; no jitter.
Backoff phoenix_js_rejoin();
/// Full jitter below 100 ms, 200 ms, ... 5 s.
Backoff reconnect();
/// Full jitter below 1, 2, 4, 8, then 10 s.
Backoff rejoin();
Backoff fixed(Duration delay);
Backoff exponential(Duration base, Duration cap, Backoff::Spread spread);

}  // namespace backoff
}  // namespace phx::core
