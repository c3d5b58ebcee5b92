#include "conformance/inflater.hpp"

#include <array>
#include <stdexcept>

#include <boost/beast/zlib/inflate_stream.hpp>

namespace phx::conformance {

namespace zlib = boost::beast::zlib;

struct Inflater::Impl {
  zlib::inflate_stream stream;
};

Inflater::Inflater() : impl_(std::make_unique<Impl>()) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

std::string Inflater::inflate(std::string_view payload) {
  const std::string whole = std::string(payload) + std::string("\0\0\xff\xff", 4);
  std::string out;
  std::array<char, 4096> buffer;
  zlib::z_params zs;
  zs.next_in = whole.data();
  zs.avail_in = whole.size();
  do {
    zs.next_out = buffer.data();
    zs.avail_out = buffer.size();
    boost::system::error_code ec;
    impl_->stream.write(zs, zlib::Flush::sync, ec);
    if (ec && ec != zlib::error::need_buffers) throw std::runtime_error("a compressed frame cannot be inflated: " + ec.message());
    out.append(buffer.data(), buffer.size() - zs.avail_out);
  } while (zs.avail_in != 0 || zs.avail_out == 0);
  return out;
}

std::string gunzip(std::string_view bytes) {
  constexpr std::size_t head = 10, tail = 8;
  if (bytes.size() < head + tail || !bytes.starts_with(std::string_view("\x1f\x8b\x08\0", 4))) throw std::runtime_error("no gzip");
  zlib::inflate_stream stream;
  stream.reset(15);
  std::string out(1 << 20, '\0');
  zlib::z_params zs;
  zs.next_in = bytes.data() + head;
  zs.avail_in = bytes.size() - head - tail;
  zs.next_out = out.data();
  zs.avail_out = out.size();
  boost::system::error_code ec;
  stream.write(zs, zlib::Flush::finish, ec);
  if (ec != zlib::error::end_of_stream) throw std::runtime_error("gzip does not end: " + ec.message());
  out.resize(zs.total_out);
  return out;
}

}  // namespace phx::conformance
