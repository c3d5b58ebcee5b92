#pragma once

#include <string>
#include <string_view>

#include <phx/server/conn.hpp>

namespace phx::server::detail {

/// RFC 1952, one member.
std::string gzip(std::string_view bytes);

/// Compresses the body as bandit does (golden gzip): for a peer that takes gzip, not when the answer has an encoding, a strong etag, a
/// content-range, `cache-control: no-transform` or no body.
void compress_response(Conn& conn, std::string_view accept_encoding);

}  // namespace phx::server::detail
