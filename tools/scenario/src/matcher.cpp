#include <phx/scenario/matcher.hpp>

#include "matcher_node.hpp"

#include <algorithm>
#include <optional>

namespace phx::scenario {
namespace {

const Json* find(const Json& document, const Path& path) {
  const Json* at = &document;
  for (const PathStep& step : path) {
    if (const auto* key = std::get_if<std::string>(&step)) {
      if (!at->is_object()) return nullptr;
      const auto it = at->find(*key);
      if (it == at->end()) return nullptr;
      at = &*it;
    } else {
      const std::size_t index = std::get<std::size_t>(step);
      if (!at->is_array() || index >= at->size()) return nullptr;
      at = &(*at)[index];
    }
  }
  return at;
}

/// Only numbers with numbers and strings with strings have an order.
std::optional<bool> less(const Json& a, const Json& b) {
  if ((a.is_number() && b.is_number()) || (a.is_string() && b.is_string())) return a < b;
  return std::nullopt;
}

bool compare(const Json& value, Comparison op, const Json& with) {
  switch (op) {
    case Comparison::equal: return value == with;
    case Comparison::not_equal: return value != with;
    case Comparison::less: return less(value, with).value_or(false);
    case Comparison::greater: return less(with, value).value_or(false);
    case Comparison::less_equal: return less(with, value).has_value() && !*less(with, value);
    case Comparison::greater_equal: return less(value, with).has_value() && !*less(value, with);
    case Comparison::in: return with.is_array() && std::find(with.begin(), with.end(), value) != with.end();
    case Comparison::matches: return matches_subset(with, value);
  }
  return false;
}

bool evaluate(const Matcher::Node& node, const Json& document);

struct Evaluate {
  const Json& document;

  bool operator()(const Truthy& n) const {
    const Json* value = find(document, n.path);
    return value != nullptr && !value->is_null() && *value != Json(false);
  }
  bool operator()(const Compare& n) const {
    static const Json missing;
    const Json* value = find(document, n.path);
    return compare(value != nullptr ? *value : missing, n.op, n.value);
  }
  bool operator()(const Regex& n) const {
    const Json* value = find(document, n.path);
    return value != nullptr && value->is_string() && std::regex_search(value->get_ref<const std::string&>(), n.regex);
  }
  bool operator()(const Not& n) const { return !evaluate(*n.operand, document); }
  bool operator()(const And& n) const { return evaluate(*n.left, document) && evaluate(*n.right, document); }
  bool operator()(const Or& n) const { return evaluate(*n.left, document) || evaluate(*n.right, document); }
};

bool evaluate(const Matcher::Node& node, const Json& document) { return std::visit(Evaluate{document}, node.kind); }

}  // namespace

bool Matcher::operator()(const Json& document) const { return evaluate(*root_, document); }

bool matches_subset(const Json& pattern, const Json& value) {
  if (pattern.is_object()) {
    if (!value.is_object()) return false;
    for (const auto& [key, expected] : pattern.items()) {
      const auto it = value.find(key);
      if (it == value.end() || !matches_subset(expected, *it)) return false;
    }
    return true;
  }
  if (pattern.is_array()) {
    if (!value.is_array() || value.size() != pattern.size()) return false;
    for (std::size_t i = 0; i < pattern.size(); ++i)
      if (!matches_subset(pattern[i], value[i])) return false;
    return true;
  }
  return pattern == value;
}

}  // namespace phx::scenario
