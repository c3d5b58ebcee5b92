#pragma once

#include <optional>

#include <phx/core/json_fwd.hpp>
#include <phx/store/value.hpp>

namespace phx::store::detail {

/// Turns a param into the type of a field as Ecto.Type.cast does: numbers and booleans also from text, timestamps from ISO 8601. nullopt: it cannot be.
/// The param is not null.
std::optional<Value> cast_param(Type type, const Json& param);

/// Whitespace or nothing.
bool blank(std::string_view text);

}  // namespace phx::store::detail
