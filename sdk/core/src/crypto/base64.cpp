#include <phx/core/base64.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace phx::core {
namespace {

using Alphabet = std::array<char, 64>;
using Values = std::array<std::uint8_t, 256>;
constexpr std::uint8_t no_value = 0xff;

constexpr Alphabet make_alphabet(char c62, char c63) {
  Alphabet out{};
  for (std::size_t i = 0; i < 26; ++i) {
    out[i] = static_cast<char>('A' + i);
    out[26 + i] = static_cast<char>('a' + i);
  }
  for (std::size_t i = 0; i < 10; ++i) out[52 + i] = static_cast<char>('0' + i);
  out[62] = c62;
  out[63] = c63;
  return out;
}

constexpr Values make_values(const Alphabet& alphabet) {
  Values out{};
  out.fill(no_value);
  for (std::size_t i = 0; i < alphabet.size(); ++i) out[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return out;
}

constexpr Alphabet standard = make_alphabet('+', '/');
constexpr Alphabet url_safe = make_alphabet('-', '_');
constexpr Values standard_values = make_values(standard);
constexpr Values url_safe_values = make_values(url_safe);

std::string encode(std::string_view bytes, const Alphabet& alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xffffff;
    for (count += 8; count >= 6; count -= 6) out += alphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) out += alphabet[bits << (6 - count) & 63];
  if (pad) out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

/// The text without its padding; nullopt: padding is missing, too short or too long.
std::optional<std::string_view> strip_padding(std::string_view text, Padding padding) {
  std::string_view body = text;
  while (!body.empty() && body.back() == '=' && text.size() - body.size() < 2) body.remove_suffix(1);
  const bool padded = body.size() != text.size();
  if ((padded || padding == Padding::required) && text.size() % 4 != 0) return std::nullopt;
  if (body.size() % 4 == 1) return std::nullopt;
  return body;
}

std::optional<std::string> decode(std::string_view text, const Values& values, Padding padding) {
  const auto body = strip_padding(text, padding);
  if (!body) return std::nullopt;
  std::string out;
  out.reserve(body->size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : *body) {
    const std::uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == no_value) return std::nullopt;
    bits = (bits << 6 | value) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

}  // namespace

std::string base64_encode(std::string_view bytes) { return encode(bytes, standard, true); }

std::optional<std::string> base64_decode(std::string_view text, Padding padding) { return decode(text, standard_values, padding); }

std::string base64url_encode(std::string_view bytes) { return encode(bytes, url_safe, false); }

std::optional<std::string> base64url_decode(std::string_view text, Padding padding) { return decode(text, url_safe_values, padding); }

}  // namespace phx::core
