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

}  // namespace phx::conformance
