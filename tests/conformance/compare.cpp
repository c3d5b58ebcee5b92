#include "conformance/compare.hpp"

#include <algorithm>

namespace phx::conformance {

bool Bindings::matches(const Json& expected, const Json& got) {
  Values values = values_;
  if (!same(expected, got, values)) return false;
  values_ = std::move(values);
  return true;
}

bool Bindings::matches_text(std::string_view expected, std::string_view got) {
  Values values = values_;
  if (!same_text(expected, got, values)) return false;
  values_ = std::move(values);
  return true;
}

std::string Bindings::fill(std::string text) const {
  for (const auto& [placeholder, value] : values_) {
    for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += value.size()) {
      text.replace(at, placeholder.size(), value);
    }
  }
  return text;
}

bool Bindings::same(const Json& expected, const Json& got, Values& values) {
  if (expected.is_string() && got.is_string()) {
    return same_text(expected.get_ref<const std::string&>(), got.get_ref<const std::string&>(), values);
  }
  if (expected.is_array() && got.is_array()) {
    return std::equal(expected.begin(), expected.end(), got.begin(), got.end(),
                      [&](const Json& e, const Json& g) { return same(e, g, values); });
  }
  if (expected.is_object() && got.is_object()) {
    if (expected.size() != got.size()) return false;
    for (const auto& [key, value] : expected.items()) {
      const auto at = got.find(key);
      if (at == got.end() || !same(value, *at, values)) return false;
    }
    return true;
  }
  return expected == got;
}

// A placeholder is a whole text: <name> or <name:N>. Equal placeholders are equal values, different ones different values.
bool Bindings::same_text(std::string_view expected, std::string_view got, Values& values) {
  if (expected.size() < 3 || expected.front() != '<' || expected.back() != '>') return expected == got;
  if (got.empty()) return false;
  if (expected == "<date>" || expected == "<request-id>") return true;
  const auto known = values.find(expected);
  if (known != values.end()) return known->second == got;
  const bool taken = std::any_of(values.begin(), values.end(), [&](const auto& entry) { return entry.second == got; });
  if (taken) return false;
  values.emplace(expected, got);
  return true;
}

}  // namespace phx::conformance
