#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <phx/store/query.hpp>

namespace phx::store::detail {

/// The values of the order fields of a row, as text for a client: base64url of a JSON array.
std::string encode_cursor(std::span<const Field* const> order, const std::vector<Value>& values);
/// nullopt: not a cursor over these fields. Its values have the types of the fields and are not NULL. At most 8 KiB.
std::optional<std::vector<Value>> decode_cursor(std::span<const Field* const> order, std::string_view cursor);

}  // namespace phx::store::detail
