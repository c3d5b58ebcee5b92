#pragma once

#include <string>

namespace phx::demo {

/// Registers a user through the JSON API at `base` (http://host:port) and logs in. Returns the token. Throws std::runtime_error.
std::string sign_up_and_in(const std::string& base, const std::string& name);
/// Logs in a user who is registered.
std::string sign_in(const std::string& base, const std::string& name);

}  // namespace phx::demo
