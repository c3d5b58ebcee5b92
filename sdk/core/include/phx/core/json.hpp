#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <phx/core/error.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx {

/// obj("k", v, "k2", v2): an object without braces (g++ 12 rejects braced lists inside co_await).
inline Json obj() { return Json::object(); }
template <class V, class... Rest>
Json obj(std::string_view key, V&& value, Rest&&... rest) {
  Json out = obj(std::forward<Rest>(rest)...);
  out[std::string(key)] = std::forward<V>(value);
  return out;
}

/// Parses text. Of equal keys the first wins, as in Phoenix (golden duplicate_keys_and_unicode). Integers beyond 64 bits
/// become doubles. Errors: bad_json, also for an integer beyond the range of double.
Result<Json> parse_json(std::string_view text);

/// Compact text. Throws std::invalid_argument naming the reason for a value with no JSON form (invalid UTF-8, NaN, infinity).
std::string to_json_text(const Json& value);

}  // namespace phx
