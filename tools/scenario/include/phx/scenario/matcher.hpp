#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <phx/core/json_fwd.hpp>

#include <tl/expected.hpp>

namespace phx::scenario {

/// Where an expression is wrong, and what would be right.
struct MatcherError {
  std::size_t column = 0;  ///< from 1, in bytes
  std::string message;     ///< "column 9: expected a value after '=='"
};

/// True when `pattern` is contained in `value`, as Elixir's `%{body: "hi"} = payload`: objects may have further keys, everything else
/// (numbers 1 and 1.0 are equal, lists element by element and of one length) must be equal.
bool matches_subset(const Json& pattern, const Json& value);

/// The matcher language of tests, gates, `--where` and inspector filters: a condition on one JSON document.
///
///     payload.body == "hi" and payload.n >= 3          comparison: == != < <= > >=
///     event in ["new_msg", "typing"] or not payload.ok  a path alone: present, not null, not false
///     payload.text =~ "^hi"                             ECMAScript regular expression, searched
///     payload matches {"user": {"id": 7}}               subset
///     {"event": "new_msg"}                              subset of the whole document
///     join.p99 < 200ms                                  numbers with a unit: us ms s (as microseconds), %
///
/// Paths are keys joined by dots, with [0] for list elements and ["any key"]; a missing path equals null and orders with nothing.
/// `not` binds tighter than `and`, `and` tighter than `or`. Immutable, cheap to copy, safe to share between threads.
class Matcher {
 public:
  static tl::expected<Matcher, MatcherError> parse(std::string_view expression);

  bool operator()(const Json& document) const;

  struct Node;

 private:
  explicit Matcher(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

}  // namespace phx::scenario
