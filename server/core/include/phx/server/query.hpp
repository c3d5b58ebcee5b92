#pragma once

#include <string>
#include <string_view>

#include <phx/core/error.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::server {

/// Percent-decodes; bad escapes stay as they are (golden path_param_bad_encoding). plus_is_space: in queries and forms.
std::string percent_decode(std::string_view text, bool plus_is_space = false);

/// Parameters of a query string or urlencoded body (server.md 11.2): `a[b]=1` nests, `l[]=1&l[]=2` collects, the last value
/// of a name wins also against another shape, no `=` means "", empty pairs are skipped. Values are strings.
/// Errors: invalid_utf8.
Result<Json> decode_query(std::string_view query);

}  // namespace phx::server
