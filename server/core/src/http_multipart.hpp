#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/error.hpp>

namespace phx::server::detail {

/// One part; views borrow from the body.
struct MultipartPart {
  std::string name;
  std::optional<std::string> filename;  ///< set, maybe empty: a file
  std::string content_type;
  std::string_view body;
};

/// The parameter of a header value like `form-data; name="a"; filename="b\"c"`; names in any case.
std::optional<std::string> header_parameter(std::string_view value, std::string_view name);

/// A whole multipart body (RFC 2046, 7578). Parts without a name are skipped. Errors: bad_request for a body whose structure is broken:
/// no boundary line, no end, a part's head without end, a head of more than 16 KiB, more parts than max_parts.
Result<std::vector<MultipartPart>> parse_multipart(std::string_view body, std::string_view boundary, std::size_t max_parts);

}  // namespace phx::server::detail
