#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Steps of a JSON reader over [p, end). Each takes p at the first byte of its thing (p < end) and returns the byte behind
// it, or nullptr when the text is wrong. None allocates, recurses or throws. Grammar: RFC 8259, as strict as Phoenix's
// decoder (golden bad_frames).
namespace phx::core::detail {

inline const char* skip_space(const char* p, const char* end) noexcept {
  while (p != end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) ++p;
  return p;
}

inline constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;

constexpr std::uint64_t repeat(char c) noexcept { return ones * static_cast<unsigned char>(c); }
constexpr unsigned byte(char c) noexcept { return static_cast<unsigned char>(c); }

inline bool ends_plain_run(char c) noexcept { return byte(c) < 0x20 || byte(c) >= 0x80 || c == '"' || c == '\\'; }

/// First byte that is a quote, a backslash, a control character or not ASCII; eight bytes at a time.
/// The subtractions may flag bytes wrongly, but only above one that is flagged rightly, and the lowest is taken.
inline const char* skip_plain(const char* p, const char* end) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    while (end - p >= 8) {
      std::uint64_t w;
      std::memcpy(&w, p, 8);
      const auto hits = ((w - repeat(' ')) | ((w ^ repeat('"')) - ones) | ((w ^ repeat('\\')) - ones) | w) & highs;
      if (hits != 0) return p + (std::countr_zero(hits) >> 3);
      p += 8;
    }
  }
  while (p != end && !ends_plain_run(*p)) ++p;
  return p;
}

/// The multi-byte UTF-8 sequence at p; Unicode table 3-7.
const char* scan_utf8(const char* p, const char* end) noexcept;

/// The four digits behind \u, or -1.
int hex4(const char* p, const char* end) noexcept;

constexpr bool is_high_surrogate(int unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool is_low_surrogate(int unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }

/// A string with its quotes: UTF-8, escapes and surrogate pairs checked.
const char* scan_string(const char* p, const char* end) noexcept;

/// A whole value, fully checked; leading space allowed.
const char* scan_value(const char* p, const char* end, std::size_t max_depth) noexcept;

inline bool is_string_token(std::string_view token) noexcept { return !token.empty() && token.front() == '"'; }
inline bool has_escapes(std::string_view token) noexcept { return token.find('\\') != std::string_view::npos; }

/// Replaces `out` with the text of a checked string token.
void unescape(std::string_view token, std::string& out);

/// The text of a checked string token; borrowed from the token, or from `storage` where it has escapes.
std::string_view string_text(std::string_view token, std::string& storage);

}  // namespace phx::core::detail
