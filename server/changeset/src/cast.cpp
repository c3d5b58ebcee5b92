#include <phx/store/detail/cast.hpp>

#include <phx/core/json.hpp>
#include <phx/core/ws/utf8.hpp>

#include <charconv>
#include <cmath>

namespace phx::store::detail {

namespace {

template <class Number>
std::optional<Value> read_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Value(number);
}

std::optional<Value> cast_integer(const Json& param) {
  if (param.is_string()) return read_number<std::int64_t>(param.get_ref<const std::string&>());
  if (param.is_number_unsigned() && param.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  if (param.is_number_integer()) return Value(param.get<std::int64_t>());
  return std::nullopt;
}

std::optional<Value> cast_real(const Json& param) {
  if (param.is_number()) return Value(param.get<double>());
  if (!param.is_string()) return std::nullopt;
  auto read = read_number<double>(param.get_ref<const std::string&>());
  if (read && !std::isfinite(*read->get_if<double>())) return std::nullopt;
  return read;
}

std::optional<Value> cast_boolean(const Json& param) {
  if (param.is_boolean()) return Value(param.get<bool>());
  if (param == "true" || param == "1") return Value(true);
  if (param == "false" || param == "0") return Value(false);
  return std::nullopt;
}

std::optional<Value> cast_text(const Json& param) {
  if (!param.is_string()) return std::nullopt;
  const auto& text = param.get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos || !core::ws::Utf8Checker::check(text)) return std::nullopt;  // PostgreSQL keeps no NUL
  return Value(text);
}

std::optional<Value> cast_timestamp(const Json& param) {
  if (!param.is_string()) return std::nullopt;
  const auto time = parse_timestamp(param.get_ref<const std::string&>());
  return time ? std::optional(Value(*time)) : std::nullopt;
}

/// jsonb keeps no \u0000.
bool storable(const Json& json) {
  if (json.is_string()) return json.get_ref<const std::string&>().find('\0') == std::string::npos;
  for (const auto& [key, value] : json.items())
    if (json.is_structured() && (key.find('\0') != std::string::npos || !storable(value))) return false;
  return true;
}

}  // namespace

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos; }

std::optional<Value> cast_param(Type type, const Json& param) {
  switch (type) {
    case Type::integer: return cast_integer(param);
    case Type::real: return cast_real(param);
    case Type::boolean: return cast_boolean(param);
    case Type::text: return cast_text(param);
    case Type::timestamp: return cast_timestamp(param);
    case Type::json: return storable(param) ? std::optional(Value(param)) : std::nullopt;
    case Type::blob: return param.is_string() ? std::optional(Value(Blob{param.get<std::string>()})) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace phx::store::detail
