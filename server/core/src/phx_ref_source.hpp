#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include <phx/core/base64.hpp>

namespace phx::server {

/// Makes every phx_ref of one node: 8 bytes of wall clock, 2 of the node, 2 of a counter (spec server.md 8.2). The clock part never repeats.
class PhxRefSource {
 public:
  /// wall_clock_ns: empty for the system's.
  PhxRefSource(const std::string& node, std::function<std::uint64_t()> wall_clock_ns)
      : clock_(wall_clock_ns ? std::move(wall_clock_ns) : system_clock_ns),
        node_hash_(static_cast<std::uint16_t>(std::hash<std::string>{}(node))) {}

  std::string next() {
    last_time_ = std::max(last_time_ + 1, clock_());
    const std::uint16_t count = ++count_;
    std::string bytes;
    const auto put = [&](std::uint64_t value, int width) {
      while (width-- > 0) bytes.push_back(static_cast<char>(value >> (8 * width)));
    };
    put(last_time_, 8);
    put(node_hash_, 2);
    put(count, 2);
    return core::base64url_encode(bytes);
  }

  std::uint64_t wall_clock_ns() const { return clock_(); }

 private:
  static std::uint64_t system_clock_ns() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
  }

  std::function<std::uint64_t()> clock_;
  std::uint64_t last_time_ = 0;
  std::uint16_t node_hash_, count_ = 0;
};

}  // namespace phx::server
