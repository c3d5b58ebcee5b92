#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace phx::core {

/// Appends `text` as a JSON string token, quotes included. text must be UTF-8; '/' and non-ASCII are not escaped.
void append_json_string(std::string& out, std::string_view text);

struct JsonLimits {
  std::size_t max_depth = 10'000;  ///< golden text_deep: Phoenix accepts 2000 nested arrays
};

/// Checks one whole JSON value: grammar, UTF-8, depth, lone surrogates, numbers that overflow a double (golden bad_frames).
/// The check a server owes its members before forwarding a client's bytes. Cost: about 80 ns for 128 bytes, no allocation.
/// Returns bad_json, or no error.
std::error_code check_json(std::string_view text, const JsonLimits& limits = {}) noexcept;

/// True when text is well-formed UTF-8.
bool is_utf8(std::string_view text) noexcept;

}  // namespace phx::core
