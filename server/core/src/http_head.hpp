#pragma once

#include <string>
#include <string_view>

#include <phx/server/conn.hpp>

namespace phx::server::detail {

std::string lower_case(std::string_view text);

/// Whether a comma-separated header has this token, in any case.
bool has_token(std::string_view header, std::string_view token);

/// Request target into path, path_info and query_string; of an absolute one (`http://host/x`) also scheme and host.
void read_target(std::string_view target, Conn& conn);

/// `host:port` into host and port.
void read_authority(std::string_view authority, Conn& conn);

/// False where two readers could disagree about the end of the body (request smuggling): Content-Length more than once or beside
/// Transfer-Encoding, any coding but one `chunked`, a coding in HTTP/1.0.
bool framing_is_sound(const HeaderList& headers, bool http_1_0);

}  // namespace phx::server::detail
