#pragma once

#include <nlohmann/json_fwd.hpp>

namespace phx {

/// The JSON value of the public APIs. Include <phx/core/json.hpp> where one is looked into.
using Json = nlohmann::json;

}  // namespace phx
