#pragma once

#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/scenario/pattern.hpp>

namespace phx::scenario {

enum class PatternKind : std::uint8_t {
  any,
  absent,
  present,
  equal,
  text,
  object,
  list,
  regex,
  type,
  compare,
  negate,
  one_of,
  all_of,
  contains,
  length,
  where,
  capture
};

struct Pattern::Node {
  PatternKind kind = PatternKind::any;
  Json value = nullptr;   // equal, compare
  std::string name = {};  // type, operator, capture, source of regex and where
  Template text = {};     // a string with templates
  std::optional<std::regex> expression = {};
  std::optional<Matcher> condition = {};
  std::vector<std::pair<std::string, Pattern>> fields = {};
  std::vector<Pattern> parts = {};
};

/// nullptr: no such type.
bool (*type_check(std::string_view name))(const Json&);
constexpr std::string_view type_names[] = {"string", "number", "integer", "boolean", "object", "list", "null", "binary"};
constexpr std::string_view comparison_names[] = {"<", "<=", ">", ">=", "==", "!="};

}  // namespace phx::scenario
