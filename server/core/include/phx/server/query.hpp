#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <phx/core/error.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::server {

/// Percent-decodes; bad escapes stay as they are (golden path_param_bad_encoding). plus_is_space: in queries and forms.
std::string percent_decode(std::string_view text, bool plus_is_space = false);

/// Nothing sensible nests deeper or has more parts; what does is an attack.
struct QueryLimits {
  std::size_t depth = 100;
  std::size_t pairs = 10'000;
};

/// Parameters of a query string or urlencoded body (server.md 11.2): `a[b]=1` nests, `l[]=1&l[]=2` collects, the last value
/// of a name wins also against another shape, no `=` means "", empty pairs are skipped. Values are strings.
/// Errors: invalid_utf8; bad_request beyond the limits.
Result<Json> decode_query(std::string_view query, const QueryLimits& limits = {});

/// One such pair into an object; false: it nests deeper than the limit, nothing was put.
bool put_param(Json& into, std::string_view key, std::string value, std::size_t max_depth = QueryLimits().depth);

}  // namespace phx::server
