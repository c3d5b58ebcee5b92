#include "conformance/frames.hpp"

#include <array>
#include <stdexcept>

namespace phx::conformance {

namespace {

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

}  // namespace

std::string write_frame(const Frame& frame, bool masked) {
  constexpr std::array<unsigned char, 4> mask{0x01, 0x02, 0x03, 0x04};  // that of the recorder
  std::string out(1, static_cast<char>((frame.fin ? 0x80 : 0) | frame.rsv << 4 | frame.opcode));
  const std::size_t size = frame.payload.size();
  const int mask_bit = masked ? 0x80 : 0;
  if (size < 126) {
    out += static_cast<char>(mask_bit | static_cast<int>(size));
  } else if (size < 65'536) {
    out += static_cast<char>(mask_bit | 126);
    append_big_endian(out, size, 2);
  } else {
    out += static_cast<char>(mask_bit | 127);
    append_big_endian(out, size, 8);
  }
  if (!masked) return out + frame.payload;
  out.append(mask.begin(), mask.end());
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(static_cast<unsigned char>(frame.payload[i]) ^ mask[i % 4]);
  return out;
}

std::optional<Frame> take_frame(std::string& bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  if ((second & 0x80) != 0) throw std::runtime_error("the server sent a masked frame");
  std::size_t header = 2;
  std::uint64_t size = second;
  if (second >= 126) {
    const std::size_t length_bytes = second == 126 ? 2 : 8;
    header += length_bytes;
    if (bytes.size() < header) return std::nullopt;
    size = big_endian(std::string_view(bytes).substr(2, length_bytes));
  }
  if (bytes.size() - header < size) return std::nullopt;
  Frame frame{.opcode = static_cast<std::uint8_t>(first & 0x0f),
              .fin = (first & 0x80) != 0,
              .rsv = static_cast<std::uint8_t>(first >> 4 & 7),
              .payload = bytes.substr(header, static_cast<std::size_t>(size))};
  bytes.erase(0, header + static_cast<std::size_t>(size));
  return frame;
}

std::string close_body(std::optional<std::uint16_t> code, std::string_view reason) {
  if (!code) return {};
  std::string out;
  append_big_endian(out, *code, 2);
  return out.append(reason);
}

}  // namespace phx::conformance
