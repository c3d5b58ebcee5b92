#pragma once

#include <string>
#include <string_view>

namespace phx::scenario {

/// `%41` is A; what is no such escape stays as it is.
std::string percent_decoded(std::string_view text);
/// A name or value of a query: `+` is a blank too.
std::string form_decoded(std::string_view text);

}  // namespace phx::scenario
