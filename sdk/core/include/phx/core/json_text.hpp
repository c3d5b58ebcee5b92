#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace phx::core {

/// Appends `text` as a JSON string token, quotes included. text must be UTF-8; '/' and non-ASCII are not escaped.
void append_json_string(std::string& out, std::string_view text);

struct JsonLimits {
  std::size_t max_depth = 10'000;  ///< open arrays and objects, at most 10'000; golden text_deep: Phoenix accepts 2000
};

/// Checks one whole JSON value: grammar, UTF-8, depth, lone surrogates, reals that overflow a double (golden bad_frames);
/// integers may have any size (golden text_bignum_int). A byte order mark is refused.
/// The check a server owes its members before forwarding a client's bytes. Cost: see tests/bench/bench_envelope.cpp; no
/// allocation, no recursion.
/// Returns bad_json, or no error.
std::error_code check_json(std::string_view text, const JsonLimits& limits = {}) noexcept;

/// True when a value that passed check_json is an object: what a push or broadcast owes its members (server.md 4.3).
bool is_json_object(std::string_view checked) noexcept;

/// True when text is well-formed UTF-8.
bool is_utf8(std::string_view text) noexcept;

}  // namespace phx::core
