#include "http_gzip.hpp"

#include <cstdint>
#include <stdexcept>

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>

#include "http_head.hpp"

namespace phx::server::detail {

namespace zlib = boost::beast::zlib;

namespace {

constexpr std::string_view header{"\x1f\x8b\x08\0\0\0\0\0\0\x03", 10};  // deflate, no name, no time, Unix

void append_le32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(static_cast<unsigned char>(value >> shift)));
}

bool takes_gzip(std::string_view accept) {
  while (!accept.empty()) {
    auto entry = lower_case(accept.substr(0, accept.find(',')));
    accept.remove_prefix(std::min(entry.size() + 1, accept.size()));
    std::erase_if(entry, [](char c) { return c == ' ' || c == '\t'; });
    const auto name = entry.substr(0, entry.find(';'));
    if (name != "gzip" && name != "x-gzip" && name != "*") continue;
    return entry.find(";q=0") == std::string::npos || entry.find_first_of("123456789", entry.find(";q=0")) != std::string::npos;
  }
  return false;
}

}  // namespace

std::string gzip(std::string_view bytes) {
  zlib::deflate_stream stream;
  stream.reset(6, 15, 8, zlib::Strategy::normal);
  std::string out(header);
  out.resize(header.size() + stream.upper_bound(bytes.size()) + 16);
  zlib::z_params params;
  params.next_in = bytes.data();
  params.avail_in = bytes.size();
  params.next_out = out.data() + header.size();
  params.avail_out = out.size() - header.size();
  boost::beast::error_code ec;
  stream.write(params, zlib::Flush::finish, ec);
  if (ec != zlib::error::end_of_stream) throw std::logic_error("deflate did not finish: " + ec.message());
  out.resize(header.size() + params.total_out);
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  append_le32(out, crc.checksum());
  append_le32(out, static_cast<std::uint32_t>(bytes.size()));
  return out;
}

void compress_response(Conn& conn, std::string_view accept_encoding) {
  if (conn.resp_body.empty() || conn.status < 200 || conn.status == 204 || conn.status == 304 || !takes_gzip(accept_encoding)) return;
  if (conn.resp_header("content-encoding") || conn.resp_header("content-range")) return;
  const auto etag = conn.resp_header("etag");
  if (etag && !etag->starts_with("W/")) return;
  if (has_token(conn.resp_header("cache-control").value_or(""), "no-transform")) return;
  conn.resp_body = gzip(conn.resp_body);
  conn.content_encoding = "gzip";
}

}  // namespace phx::server::detail
