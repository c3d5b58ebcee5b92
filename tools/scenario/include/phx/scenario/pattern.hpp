#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/scenario/matcher.hpp>
#include <phx/scenario/template.hpp>

namespace phx::scenario {

/// One difference between a pattern and a value.
struct Mismatch {
  std::string path;      ///< "/user/name"; "" is the whole value
  std::string expected;  ///< "\"ada\"", "text matching /^hi /", "nothing"
  std::string actual;    ///< JSON, cut when long; "nothing" when absent
  bool operator==(const Mismatch&) const = default;
};

/// What a value should look like, as Elixir's `%{body: "hi"} = payload`: objects may have further keys, lists match element by element,
/// everything else is equal (1 and 1.0 too); and at any place one of the special patterns below. Their tags in YAML:
///
///     !any   !absent   !present                   anything; the key is not there; there and not null
///     !regex "^hi "                               text in which the ECMAScript expression is found
///     !type string                                string number integer boolean object list null binary
///     !gt 3   !gte 3   !lt 3   !lte 3             numbers with numbers, text with text
///     !not X   !one_of [X, Y]   !all_of [X, Y]    of any patterns
///     !contains X                                 a list with an element like X; text with X in it
///     !length 3                                   of a list, object or text (characters); or !length ">= 3"
///     !exactly {a: 1}                             equal: no further keys, at any depth
///     !where "n >= 3 and not deleted"             a condition on the value here (matcher.hpp)
///     !capture name                               anything; remembered under that name
///
/// Text may be a template. Immutable, cheap to copy, safe to share between threads.
class Pattern {
 public:
  /// Throws FileError.
  static Pattern from_yaml(const Yaml& value, const TemplateNames& names);
  /// The expression language of flags: throws std::invalid_argument with its column.
  static Pattern from_expression(std::string_view expression);

  static Pattern any();
  static Pattern absent();
  static Pattern present();
  static Pattern subset(const Json& value);
  static Pattern exactly(const Json& value);
  static Pattern object(std::vector<std::pair<std::string, Pattern>> fields);
  static Pattern list(std::vector<Pattern> elements);
  static Pattern regex(const std::string& expression);            ///< throws std::invalid_argument
  static Pattern type(std::string_view name);                     ///< throws std::invalid_argument
  static Pattern compare(std::string_view op, const Json& with);  ///< < <= > >= == !=
  static Pattern negate(Pattern p);
  static Pattern one_of(std::vector<Pattern> patterns);
  static Pattern all_of(std::vector<Pattern> patterns);
  static Pattern contains(Pattern element);
  static Pattern length(Pattern size);
  static Pattern where(Matcher condition);
  static Pattern capture(std::string name, Pattern p);

  Pattern();  ///< any()

  bool matches(const Json& value) const;
  bool matches(const Json& value, const TemplateScope& scope) const;
  /// Empty: it matches, and captures are in `captured` (untouched otherwise).
  std::vector<Mismatch> explain(const Json& value, const TemplateScope& scope = {}, Variables* captured = nullptr) const;
  /// One line: {"event": "new_msg", "n": > 3}
  std::string describe() const;
  bool is_any() const noexcept;

  struct Node;
  const Node& node() const noexcept { return *node_; }  ///< of the library's own

 private:
  explicit Pattern(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  static Pattern make(Node node);
  std::shared_ptr<const Node> node_;
};

/// "  /body: expected \"hi\", got \"ho\"" per difference.
std::string to_text(const std::vector<Mismatch>& mismatches, std::string_view indent = "  ");

/// The value at a JSON pointer ("/user/id", "" is the whole); null when there is none. Throws std::invalid_argument for what is no pointer.
const Json* find_pointer(const Json& value, std::string_view pointer);

}  // namespace phx::scenario
