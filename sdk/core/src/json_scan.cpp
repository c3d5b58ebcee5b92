#include "json_scan.hpp"

#include <phx/core/json_text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace phx::core::detail {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool in_range(char c, unsigned low, unsigned high) noexcept { return byte(c) >= low && byte(c) <= high; }
bool is_continuation(char c) noexcept { return in_range(c, 0x80, 0xBF); }

const char* scan_escape(const char* p, const char* end) noexcept {
  if (end - p < 2) return nullptr;
  if (p[1] != 'u') return std::string_view("\"\\/bfnrt").find(p[1]) != std::string_view::npos ? p + 2 : nullptr;
  const int unit = hex4(p + 2, end);
  if (unit < 0 || is_low_surrogate(unit)) return nullptr;
  p += 6;
  if (!is_high_surrogate(unit)) return p;
  if (end - p < 6 || p[0] != '\\' || p[1] != 'u' || !is_low_surrogate(hex4(p + 2, end))) return nullptr;
  return p + 6;
}

const char* skip_digits(const char* p, const char* end) noexcept {
  while (p != end && is_digit(*p)) ++p;
  return p;
}

/// A number as d.ddd x 10^exponent with d not 0, or zero.
struct Magnitude {
  bool zero;
  long long exponent;
};

Magnitude magnitude(std::string_view whole, std::string_view fraction, long long exponent) noexcept {
  if (whole != "0") return {false, static_cast<long long>(whole.size()) - 1 + exponent};
  const auto first = fraction.find_first_not_of('0');
  if (first == std::string_view::npos) return {true, 0};
  return {false, exponent - static_cast<long long>(first) - 1};
}

bool fits_double(std::string_view token, Magnitude m) noexcept {
  if (m.zero || m.exponent < 308) return true;
  if (m.exponent > 308) return false;
  double value = 0;  // 1e308 to 1e309: only rounding tells, and out of range can only mean overflow
  return std::from_chars(token.data(), token.data() + token.size(), value).ec == std::errc{};
}

/// Behind the whole digits of a number: fraction and exponent. Refuses what overflows a double (golden text_bignum).
const char* scan_real(const char* start, const char* whole, const char* p, const char* end) noexcept {
  const char* const whole_end = p;
  if (*p == '.') {
    const char* const digits = ++p;
    p = skip_digits(p, end);
    if (p == digits) return nullptr;
  }
  const char* const fraction_end = p;
  long long exponent = 0;
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool negative = p != end && *p == '-';
    if (p != end && (*p == '-' || *p == '+')) ++p;
    const char* const digits = p;
    for (; p != end && is_digit(*p); ++p) exponent = std::min(exponent * 10 + (*p - '0'), 1'000'000'000'000LL);
    if (p == digits) return nullptr;
    if (negative) exponent = -exponent;
  }
  const auto text = [](const char* from, const char* to) { return std::string_view(from, static_cast<std::size_t>(to - from)); };
  const auto fraction = fraction_end == whole_end ? std::string_view{} : text(whole_end + 1, fraction_end);
  return fits_double(text(start, p), magnitude(text(whole, whole_end), fraction, exponent)) ? p : nullptr;
}

/// Integers may have any size: Phoenix has no limit either (golden text_bignum_int).
const char* scan_number(const char* p, const char* end) noexcept {
  const char* const start = p;
  if (*p == '-') ++p;
  const char* const whole = p;
  p = p != end && *p == '0' ? p + 1 : skip_digits(p, end);
  if (p == whole) return nullptr;
  return p != end && (*p == '.' || *p == 'e' || *p == 'E') ? scan_real(start, whole, p, end) : p;
}

const char* scan_word(const char* p, const char* end, std::string_view word) noexcept {
  const auto left = static_cast<std::size_t>(end - p);
  return left >= word.size() && std::memcmp(p, word.data(), word.size()) == 0 ? p + word.size() : nullptr;
}

const char* scan_scalar(const char* p, const char* end) noexcept {
  switch (*p) {
    case '"': return scan_string(p, end);
    case 't': return scan_word(p, end, "true");
    case 'f': return scan_word(p, end, "false");
    case 'n': return scan_word(p, end, "null");
    default: return scan_number(p, end);
  }
}

/// Open arrays and objects, one bit each.
class Nesting {
 public:
  explicit Nesting(std::size_t max_depth) noexcept : max_depth_(std::min(max_depth, JsonLimits{}.max_depth)) {}

  bool empty() const noexcept { return depth_ == 0; }
  bool in_object() const noexcept { return in_object_; }

  bool push(bool object) noexcept {
    if (depth_ == max_depth_) return false;
    auto& word = outer_[depth_ / 64];
    const auto bit = std::uint64_t{1} << (depth_ % 64);
    word = in_object_ ? word | bit : word & ~bit;
    ++depth_;
    in_object_ = object;
    return true;
  }

  void pop() noexcept {
    --depth_;
    in_object_ = ((outer_[depth_ / 64] >> (depth_ % 64)) & 1) != 0;
  }

 private:
  std::size_t max_depth_;
  std::size_t depth_ = 0;
  bool in_object_ = false;
  std::array<std::uint64_t, JsonLimits{}.max_depth / 64 + 1> outer_;  // a bit is written before it is read
};

/// Space, key, space, colon.
const char* scan_key(const char* p, const char* end) noexcept {
  p = skip_space(p, end);
  if (p == end || *p != '"' || (p = scan_string(p, end)) == nullptr) return nullptr;
  p = skip_space(p, end);
  return p != end && *p == ':' ? p + 1 : nullptr;
}

/// Behind a value inside a container: closes what ends here. Stops before the next element, or when all is closed.
const char* scan_closers(const char* p, const char* end, Nesting& nesting) noexcept {
  while (!nesting.empty()) {
    p = skip_space(p, end);
    if (p == end) return nullptr;
    if (*p == ',') return nesting.in_object() ? scan_key(p + 1, end) : p + 1;
    if (*p != (nesting.in_object() ? '}' : ']')) return nullptr;
    nesting.pop();
    ++p;
  }
  return p;
}

}  // namespace

const char* scan_utf8(const char* p, const char* end) noexcept {
  const unsigned lead = byte(*p);
  const auto left = end - p;
  if (lead < 0xC2 || lead > 0xF4) return nullptr;
  if (lead < 0xE0) return left >= 2 && is_continuation(p[1]) ? p + 2 : nullptr;
  if (lead < 0xF0) {
    const bool ok = left >= 3 && in_range(p[1], lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && is_continuation(p[2]);
    return ok ? p + 3 : nullptr;
  }
  const bool ok =
      left >= 4 && in_range(p[1], lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && is_continuation(p[2]) && is_continuation(p[3]);
  return ok ? p + 4 : nullptr;
}

int hex4(const char* p, const char* end) noexcept {
  if (end - p < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = p[i], lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      value = value * 16 + (c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + (lower - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

const char* scan_string(const char* p, const char* end) noexcept {
  for (++p;;) {
    p = skip_plain(p, end);
    if (p == end || byte(*p) < 0x20) return nullptr;
    if (*p == '"') return p + 1;
    p = *p == '\\' ? scan_escape(p, end) : scan_utf8(p, end);
    if (p == nullptr) return nullptr;
  }
}

const char* scan_value(const char* p, const char* end, std::size_t max_depth) noexcept {
  Nesting nesting(max_depth);
  do {
    p = skip_space(p, end);
    if (p == end) return nullptr;
    const bool object = *p == '{';
    if (object || *p == '[') {
      if (!nesting.push(object)) return nullptr;
      const char* const inner = skip_space(p + 1, end);
      if (inner == end) return nullptr;
      if (*inner != (object ? '}' : ']')) {
        p = object ? scan_key(inner, end) : inner;
        continue;
      }
      nesting.pop();
      p = inner + 1;
    } else if ((p = scan_scalar(p, end)) == nullptr) {
      return nullptr;
    }
    p = scan_closers(p, end, nesting);
  } while (p != nullptr && !nesting.empty());
  return p;
}

}  // namespace phx::core::detail
