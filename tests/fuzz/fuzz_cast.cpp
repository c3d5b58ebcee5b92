// Params of a client on their way into typed fields: timestamps, and JSON for every type.
#include <phx/core/json.hpp>
#include <phx/store/detail/cast.hpp>

#include <cstdint>
#include <string_view>

#include "invariant.hpp"

using namespace phx::store;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = parse_timestamp(text)) PHX_INVARIANT(parse_timestamp(format_timestamp(*time)) == time);
  const auto json = phx::parse_json(text);
  if (!json || json->is_null()) return 0;
  for (const Type type : {Type::integer, Type::real, Type::boolean, Type::text, Type::timestamp, Type::json, Type::blob}) {
    const auto value = detail::cast_param(type, *json);
    if (!value) continue;
    PHX_INVARIANT(!value->is_null());
    if (const auto* kept = value->get_if<std::string>()) PHX_INVARIANT(kept->find('\0') == std::string::npos);
    if (type == Type::json) PHX_INVARIANT(value->json() == *json);
  }
  return 0;
}
