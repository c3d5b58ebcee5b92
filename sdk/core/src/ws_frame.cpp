#include <phx/core/ws/frame.hpp>

#include <bit>
#include <cstring>

namespace phx::core::ws {
namespace {

void put_big_endian(char* to, std::uint64_t value, std::size_t bytes) noexcept {
  for (std::size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
}

/// The mask twice, as a word whose bytes in memory are the mask bytes in wire order.
std::uint64_t mask_word(std::uint32_t mask, std::size_t offset) noexcept {
  mask = std::rotl(mask, static_cast<int>(8 * (offset % 4)));
  std::array<char, 8> wire;
  put_big_endian(wire.data(), mask, 4);
  put_big_endian(wire.data() + 4, mask, 4);
  return std::bit_cast<std::uint64_t>(wire);
}

void xor8(char* p, std::uint64_t word) noexcept {
  std::uint64_t data;
  std::memcpy(&data, p, sizeof data);
  data ^= word;
  std::memcpy(p, &data, sizeof data);
}

}  // namespace

FrameHeader make_header(FrameOp op, std::size_t length, std::optional<std::uint32_t> mask, bool fin, bool rsv1) noexcept {
  FrameHeader header;
  char* p = header.bytes.data();
  const unsigned masked = mask ? 0x80u : 0u;
  *p++ = static_cast<char>((fin ? 0x80u : 0u) | (rsv1 ? 0x40u : 0u) | static_cast<unsigned>(op));
  if (length <= 125) {
    *p++ = static_cast<char>(masked | length);
  } else if (length <= 0xFFFF) {
    *p++ = static_cast<char>(masked | 126u);
    put_big_endian(p, length, 2);
    p += 2;
  } else {
    *p++ = static_cast<char>(masked | 127u);
    put_big_endian(p, length, 8);
    p += 8;
  }
  if (mask) {
    put_big_endian(p, *mask, 4);
    p += 4;
  }
  header.size = static_cast<std::size_t>(p - header.bytes.data());
  return header;
}

void apply_mask(std::span<char> data, std::uint32_t mask, std::size_t offset) noexcept {
  if (mask == 0) return;
  const std::uint64_t word = mask_word(mask, offset);
  char* p = data.data();
  std::size_t left = data.size();
  for (; left >= 32; left -= 32, p += 32) {
    xor8(p, word);
    xor8(p + 8, word);
    xor8(p + 16, word);
    xor8(p + 24, word);
  }
  for (; left >= 8; left -= 8, p += 8) xor8(p, word);
  const auto key = std::bit_cast<std::array<char, 8>>(word);
  for (std::size_t i = 0; i < left; ++i) p[i] = static_cast<char>(p[i] ^ key[i]);
}

void append_frame(std::string& out, FrameOp op, std::string_view payload, std::optional<std::uint32_t> mask, bool fin, bool rsv1) {
  out += make_header(op, payload.size(), mask, fin, rsv1).view();
  const std::size_t start = out.size();
  out += payload;
  if (mask) apply_mask(std::span(out).subspan(start), *mask);
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  constexpr std::size_t max_reason = 123;
  if (code == 1005) return {};
  if (reason.size() > max_reason) {
    std::size_t cut = max_reason;
    while (cut > 0 && (static_cast<unsigned char>(reason[cut]) & 0xC0) == 0x80) --cut;
    reason = reason.substr(0, cut);
  }
  std::string payload(2, '\0');
  put_big_endian(payload.data(), code, 2);
  payload += reason;
  return payload;
}

}  // namespace phx::core::ws
