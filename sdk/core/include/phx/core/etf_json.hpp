#pragma once

#include <string>

#include <tl/expected.hpp>

#include <phx/core/etf.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::core::etf {

/// Names the part without a JSON form by its kind ("a tuple of 2 elements"), never by its content: it may be secret.
struct NoJsonForm {
  std::string what;
  bool operator==(const NoJsonForm&) const = default;
};

/// | Term | Json |
/// |---|---|
/// | atoms nil, true, false | null, true, false |
/// | other atom | its name as a string (so :admin comes back as "admin") |
/// | integer of 64 bits, signed or unsigned | integer |
/// | float | float |
/// | binary of UTF-8 | string |
/// | proper list | array |
/// | map with keys of text, atoms or integers, different as text | object |
/// | DateTime struct | string, ISO 8601 |
/// | anything else: tuple, wider integer, other bytes, improper list, other struct, pid, reference, ... | NoJsonForm |
tl::expected<Json, NoJsonForm> to_json(const Term& term);

/// Strings become binaries, objects maps with binary keys in key order, null the atom nil.
/// Errors: EtfError::limit for JSON nested deeper than decode() takes by default.
Result<Term> from_json(const Json& json);

}  // namespace phx::core::etf
