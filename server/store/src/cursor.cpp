#include "cursor.hpp"

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/store/detail/cast.hpp>

namespace phx::store::detail {

namespace {

constexpr std::size_t max_cursor_bytes = 8192;

Json to_json(const Value& value) {
  if (const auto* number = value.get_if<std::int64_t>()) return *number;
  if (const auto* real = value.get_if<double>()) return *real;
  if (const auto* flag = value.get_if<bool>()) return *flag;
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* time = value.get_if<Timestamp>()) return format_timestamp(*time);
  throw std::invalid_argument("pages can be ordered by numbers, booleans, text and timestamps that are not NULL");
}

}  // namespace

std::string encode_cursor(std::span<const Field* const> order, const std::vector<Value>& values) {
  Json array = Json::array();
  for (std::size_t i = 0; i < order.size(); ++i) array.push_back(to_json(values.at(i)));
  return core::base64url_encode(to_json_text(array));
}

std::optional<std::vector<Value>> decode_cursor(std::span<const Field* const> order, std::string_view cursor) {
  if (cursor.size() > max_cursor_bytes) return std::nullopt;
  const auto text = core::base64url_decode(cursor);
  if (!text) return std::nullopt;
  const auto array = parse_json(*text);
  if (!array || !array->is_array() || array->size() != order.size()) return std::nullopt;
  std::vector<Value> out;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Json& part = (*array)[i];
    auto value = part.is_null() ? std::nullopt : cast_param(order[i]->type, part);
    if (!value) return std::nullopt;
    out.push_back(std::move(*value));
  }
  return out;
}

}  // namespace phx::store::detail
