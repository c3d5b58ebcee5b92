#include <phx/core/client/backoff.hpp>

#include <algorithm>
#include <cmath>

namespace phx::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Duration ceiling_of(const Backoff::Table& table, std::uint32_t attempt) {
  if (table.delays.empty()) return Duration::zero();
  const std::size_t index = std::min<std::size_t>(std::max(attempt, 1U) - 1, table.delays.size() - 1);
  return table.delays[index];
}

Duration ceiling_of(const Backoff::Exponential& shape, std::uint32_t attempt) {
  const double steps = std::pow(shape.factor, static_cast<double>(std::max(attempt, 1U) - 1));
  const double ticks = static_cast<double>(shape.base.count()) * steps;
  if (!(ticks < static_cast<double>(shape.cap.count()))) return shape.cap;
  return Duration(static_cast<Duration::rep>(ticks));
}

Duration ceiling_of(const Backoff::Fixed& shape, std::uint32_t) { return shape.delay; }

}  // namespace

Duration Jitter::between(Duration low, Duration high) noexcept {
  const double span = static_cast<double>((high - low).count());
  return low + Duration(static_cast<Duration::rep>(span * unit()));
}

double SeededJitter::unit() noexcept {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

Duration Backoff::ceiling(std::uint32_t attempt) const {
  return std::visit([attempt](const auto& s) { return ceiling_of(s, attempt); }, shape);
}

Duration Backoff::cap() const {
  if (const auto* table = std::get_if<Table>(&shape))
    return table->delays.empty() ? Duration::zero() : *std::max_element(table->delays.begin(), table->delays.end());
  if (const auto* exponential = std::get_if<Exponential>(&shape)) return exponential->cap;
  return std::get<Fixed>(shape).delay;
}

Duration Backoff::delay(std::uint32_t attempt, Duration previous, Jitter& jitter) const {
  const Duration top = ceiling(attempt);
  switch (spread) {
    case Spread::none: return top;
    case Spread::full: return jitter.between(Duration::zero(), top);
    case Spread::equal: return jitter.between(top / 2, top);
    case Spread::decorrelated: {
      const Duration first = ceiling(1);
      return std::min(cap(), jitter.between(first, std::max(first, previous * 3)));
    }
  }
  return top;
}

namespace backoff {

Backoff phoenix_js() {
  return {Backoff::Table{{milliseconds(10), milliseconds(50), milliseconds(100), milliseconds(150), milliseconds(200), milliseconds(250),
                          milliseconds(500), milliseconds(1000), milliseconds(2000), milliseconds(5000)}},
          Backoff::Spread::none};
}

Backoff phoenix_js_rejoin() { return {Backoff::Table{{seconds(1), seconds(2), seconds(5), seconds(10)}}, Backoff::Spread::none}; }

Backoff reconnect() { return exponential(milliseconds(100), seconds(5), Backoff::Spread::full); }

Backoff rejoin() { return exponential(seconds(1), seconds(10), Backoff::Spread::full); }

Backoff fixed(Duration delay) { return {Backoff::Fixed{delay}, Backoff::Spread::none}; }

Backoff exponential(Duration base, Duration cap, Backoff::Spread spread) {
  return {Backoff::Exponential{.base = base, .cap = cap}, spread};
}

}  // namespace backoff
}  // namespace phx::core
