#include "etf_inflate.hpp"

#include <boost/beast/zlib/inflate_stream.hpp>

#include <cstdint>

namespace phx::core::etf {
namespace {

constexpr std::size_t max_ratio = 1032;  // deflate's best: 258 bytes for 2 bits

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t low = 1;
  std::uint32_t high = 0;
  for (const char c : bytes) {
    low = (low + static_cast<unsigned char>(c)) % 65521;
    high = (high + low) % 65521;
  }
  return high << 16 | low;
}

bool zlib_header(std::string_view stream) {
  const unsigned method = static_cast<unsigned char>(stream[0]);
  const unsigned flags = static_cast<unsigned char>(stream[1]);
  return (method & 15) == 8 && method >> 4 <= 7 && (flags & 0x20) == 0 && (method << 8 | flags) % 31 == 0;
}

std::uint32_t big_endian32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

std::optional<std::string> inflate_zlib(std::string_view stream, std::size_t plain_bytes) {
  namespace zlib = boost::beast::zlib;
  if (stream.size() < 8 || !zlib_header(stream) || plain_bytes / max_ratio > stream.size()) return std::nullopt;
  std::string out(plain_bytes + 1, '\0');  // room for one byte more, so that too long a stream shows
  zlib::inflate_stream inflater;
  zlib::z_params z{};
  z.next_in = stream.data() + 2;
  z.avail_in = stream.size() - 2;
  z.next_out = out.data();
  z.avail_out = out.size();
  boost::beast::error_code ec;
  inflater.write(z, zlib::Flush::finish, ec);
  if (ec != zlib::error::end_of_stream || z.total_out != plain_bytes || z.avail_in < 4) return std::nullopt;
  out.resize(plain_bytes);
  if (big_endian32({static_cast<const char*>(z.next_in), 4}) != adler32(out)) return std::nullopt;
  return out;
}

}  // namespace phx::core::etf
