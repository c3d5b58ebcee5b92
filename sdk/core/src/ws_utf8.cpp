#include <phx/core/ws/utf8.hpp>

#include <cstddef>
#include <cstring>

namespace phx::core::ws {
namespace {

using Byte = unsigned char;

constexpr std::uint64_t high_bits = 0x8080808080808080ULL;

std::uint64_t load8(const Byte* p) noexcept {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

const Byte* skip_ascii(const Byte* p, const Byte* end) noexcept {
  while (end - p >= 32) {
    if (((load8(p) | load8(p + 8) | load8(p + 16) | load8(p + 24)) & high_bits) != 0) break;
    p += 32;
  }
  while (end - p >= 8 && (load8(p) & high_bits) == 0) p += 8;
  while (p != end && *p < 0x80) ++p;
  return p;
}

constexpr bool is_tail(Byte b) noexcept { return (b & 0xC0) == 0x80; }

/// Length of the whole character at p, 0 when it is invalid. At least four bytes can be read.
std::size_t character(const Byte* p) noexcept {
  const Byte a = p[0];
  if (a < 0x80) return 1;
  if (a < 0xC2) return 0;
  if (!is_tail(p[1])) return 0;
  if (a < 0xE0) return 2;
  if (!is_tail(p[2])) return 0;
  if (a < 0xF0) return (a == 0xE0 && p[1] < 0xA0) || (a == 0xED && p[1] > 0x9F) ? 0 : 3;
  if (a > 0xF4 || !is_tail(p[3])) return 0;
  return (a == 0xF0 && p[1] < 0x90) || (a == 0xF4 && p[1] > 0x8F) ? 0 : 4;
}

}  // namespace

bool Utf8Checker::feed(std::string_view piece) noexcept {
  const Byte* p = reinterpret_cast<const Byte*>(piece.data());
  const Byte* const end = p + piece.size();
  while (p != end) {
    if (pending_ == 0) {
      p = *p < 0x80 ? skip_ascii(p, end) : p;
      while (end - p >= 4 && *p >= 0x80) {
        const std::size_t n = character(p);
        if (n == 0) return false;
        p += n;
      }
      if (p == end) return true;
      if (end - p >= 4) continue;  // ASCII again
    }
    const Byte b = *p++;
    if (pending_ != 0) {
      if (b < low_ || b > high_) return false;
      --pending_;
      low_ = 0x80;
      high_ = 0xBF;
    } else if (b >= 0x80) {
      if (b < 0xC2 || b > 0xF4) return false;
      pending_ = static_cast<std::uint8_t>(b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3);
      low_ = static_cast<std::uint8_t>(b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80);
      high_ = static_cast<std::uint8_t>(b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF);
    }
  }
  return true;
}

}  // namespace phx::core::ws
