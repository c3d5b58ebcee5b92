#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace phx::load {

/// One question to another clock: asked and answered by ours, received and sent by the other. ns.
struct ClockSample {
  std::int64_t asked = 0, received = 0, sent = 0, answered = 0;
};

/// The other clock shows `ns` more than ours, to within `error_ns`.
struct ClockOffset {
  std::int64_t ns = 0, error_ns = std::numeric_limits<std::int64_t>::max();
  bool operator==(const ClockOffset&) const = default;
};

/// The offset as NTP reckons it (RFC 5905, section 8): half of the way there and back is taken for the way there, so half of it is the most that
/// the offset can be wrong. The quickest of the last exchanges counts.
class ClockOffsetEstimator {
 public:
  void add(const ClockSample& sample) noexcept {
    const std::int64_t way = (sample.answered - sample.asked) - (sample.sent - sample.received);
    if (way < 0) return;  // a clock was set, or somebody lies
    const std::int64_t offset = ((sample.received - sample.asked) + (sample.sent - sample.answered)) / 2;
    last_[count_++ % last_.size()] = {offset, way / 2 + 1};
  }
  std::size_t count() const noexcept { return count_; }
  ClockOffset best() const noexcept {
    ClockOffset out;
    for (const ClockOffset& one : last_)
      if (one.error_ns < out.error_ns) out = one;
    return out;
  }

 private:
  std::array<ClockOffset, 16> last_;
  std::size_t count_ = 0;
};

}  // namespace phx::load
