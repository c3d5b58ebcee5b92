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

namespace {

// The placeholder at the beginning of a text: <name> or <name:N>, of the names in tests/golden/README.md. Empty: none.
std::string_view placeholder_at(std::string_view text) {
  for (const std::string_view name : {"phx_ref", "token", "enc_token", "lv_id", "csrf", "date", "request-id"}) {
    if (!text.starts_with('<') || !text.substr(1).starts_with(name)) continue;
    const std::size_t end = text.find_first_not_of("0123456789:", 1 + name.size());
    if (end != std::string_view::npos && text[end] == '>') return text.substr(0, end + 1);
  }
  return {};
}

std::size_t next_placeholder(std::string_view text) {
  std::size_t at = 0;
  while ((at = text.find('<', at)) != std::string_view::npos && placeholder_at(text.substr(at)).empty()) ++at;
  return at;
}

}  // namespace

// Texts with placeholders in them: a value ends where the text behind its placeholder begins.
bool Bindings::same_text(std::string_view expected, std::string_view got, Values& values) {
  for (;;) {
    const std::size_t literal = next_placeholder(expected);
    if (literal == std::string_view::npos) return expected == got;
    if (got.substr(0, literal) != expected.substr(0, literal)) return false;
    expected.remove_prefix(literal);
    got.remove_prefix(std::min(literal, got.size()));
    const auto placeholder = placeholder_at(expected);
    expected.remove_prefix(placeholder.size());
    const auto behind = expected.substr(0, next_placeholder(expected));
    const std::size_t end = behind.empty() ? got.size() : got.find(behind);
    if (end == std::string_view::npos || !bind(placeholder, got.substr(0, end), values)) return false;
    got.remove_prefix(end);
  }
}

// Equal placeholders are equal values, different ones different values.
bool Bindings::bind(std::string_view placeholder, std::string_view got, Values& values) {
  if (got.empty()) return false;
  if (placeholder == "<date>" || placeholder == "<request-id>") return true;
  const auto known = values.find(placeholder);
  if (known != values.end()) return known->second == got;
  const bool taken = std::any_of(values.begin(), values.end(), [&](const auto& entry) { return entry.second == got; });
  if (taken) return false;
  values.emplace(placeholder, got);
  return true;
}

}  // namespace phx::conformance
