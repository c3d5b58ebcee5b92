#include "pattern_node.hpp"

#include <algorithm>
#include <charconv>

namespace phx::scenario {
namespace {

using Kind = PatternKind;

std::string shown(const Json* value) {
  if (value == nullptr) return "nothing";
  std::string text = value->dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 200) text.replace(197, std::string::npos, "...");
  return text;
}

std::string escaped(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool ordered(const std::string& op, const Json& value, const Json& with) {
  if (op == "==") return value == with;
  if (op == "!=") return value != with;
  if (!(value.is_number() && with.is_number()) && !(value.is_string() && with.is_string())) return false;
  if (op == "<") return value < with;
  if (op == "<=") return value <= with;
  return op == ">" ? value > with : value >= with;
}

/// One comparison of a pattern with a value: differences and captures.
class Trial {
 public:
  explicit Trial(const TemplateScope& scope) : scope_(scope) {}

  std::vector<Mismatch> mismatches;
  Variables captures;

  void check(const Pattern::Node& n, const Json* value, const std::string& path, const Pattern& p) {
    if (value == nullptr) return missing(n, path, p);
    switch (n.kind) {
      case Kind::any: return;
      case Kind::absent: return miss(path, "nothing", value);
      case Kind::present: return expect(!value->is_null(), path, p, value);
      case Kind::equal: return expect(*value == n.value, path, p, value);
      case Kind::text: return text(n, *value, path);
      case Kind::object: return object(n, *value, path, p);
      case Kind::list: return list(n, *value, path, p);
      case Kind::regex:
        return expect(value->is_string() && std::regex_search(value->get_ref<const std::string&>(), *n.expression), path, p, value);
      case Kind::type: return expect(type_check(n.name)(*value), path, p, value);
      case Kind::compare: return expect(ordered(n.name, *value, n.value), path, p, value);
      case Kind::where: return expect((*n.condition)(*value), path, p, value);
      case Kind::negate: return expect(!fits(n.parts[0], value), path, p, value);
      case Kind::one_of: return one_of(n, value, path, p);
      case Kind::all_of: return all_of(n, value, path);
      case Kind::contains: return contains(n, *value, path, p);
      case Kind::length: return length(n, *value, path, p);
      case Kind::capture: check(n.parts[0].node(), value, path, n.parts[0]); captures[n.name] = *value;
    }
  }

 private:
  void miss(const std::string& path, std::string expected, const Json* value) {
    mismatches.push_back({path, std::move(expected), shown(value)});
  }
  void expect(bool holds, const std::string& path, const Pattern& p, const Json* value) {
    if (!holds) miss(path, p.describe(), value);
  }

  void missing(const Pattern::Node& n, const std::string& path, const Pattern& p) {
    if (n.kind == Kind::absent) return;
    if (n.kind == Kind::negate) return expect(!fits(n.parts[0], nullptr), path, p, nullptr);
    if (n.kind == Kind::one_of) return one_of(n, nullptr, path, p);
    if (n.kind == Kind::all_of) return all_of(n, nullptr, path);
    miss(path, p.describe(), nullptr);
  }

  /// Without a trace when it does not fit; with its captures when it does.
  bool fits(const Pattern& p, const Json* value) {
    Trial inner(scope_);
    inner.check(p.node(), value, "", p);
    if (!inner.mismatches.empty()) return false;
    for (auto& [name, captured] : inner.captures) captures[name] = std::move(captured);
    return true;
  }

  void text(const Pattern::Node& n, const Json& value, const std::string& path) {
    const Json wanted = n.text.value(scope_);
    if (value != wanted) miss(path, shown(&wanted), &value);
  }

  void object(const Pattern::Node& n, const Json& value, const std::string& path, const Pattern& p) {
    if (!value.is_object()) return miss(path, p.describe(), &value);
    for (const auto& [key, field] : n.fields) {
      const auto it = value.find(key);
      check(field.node(), it == value.end() ? nullptr : &*it, path + "/" + escaped(key), field);
    }
  }

  void list(const Pattern::Node& n, const Json& value, const std::string& path, const Pattern& p) {
    if (!value.is_array()) return miss(path, p.describe(), &value);
    if (value.size() != n.parts.size()) return miss(path, "a list of " + std::to_string(n.parts.size()) + ": " + p.describe(), &value);
    for (std::size_t i = 0; i < n.parts.size(); ++i) check(n.parts[i].node(), &value[i], path + "/" + std::to_string(i), n.parts[i]);
  }

  void one_of(const Pattern::Node& n, const Json* value, const std::string& path, const Pattern& p) {
    expect(std::ranges::any_of(n.parts, [&](const Pattern& part) { return fits(part, value); }), path, p, value);
  }

  void all_of(const Pattern::Node& n, const Json* value, const std::string& path) {
    for (const Pattern& part : n.parts) check(part.node(), value, path, part);
  }

  void contains(const Pattern::Node& n, const Json& value, const std::string& path, const Pattern& p) {
    if (value.is_array()) return expect(std::ranges::any_of(value, [&](const Json& e) { return fits(n.parts[0], &e); }), path, p, &value);
    const Pattern::Node& part = n.parts[0].node();
    const Json wanted = part.kind == Kind::text ? part.text.value(scope_) : part.value;
    expect(value.is_string() && wanted.is_string() &&
               value.get_ref<const std::string&>().find(wanted.get_ref<const std::string&>()) != std::string::npos,
           path, p, &value);
  }

  void length(const Pattern::Node& n, const Json& value, const std::string& path, const Pattern& p) {
    if (!value.is_structured() && !value.is_string()) return miss(path, p.describe(), &value);
    const Json size = value.is_string() ? characters(value.get_ref<const std::string&>()) : value.size();
    if (!fits(n.parts[0], &size)) miss(path, p.describe(), &value);
  }

  const TemplateScope& scope_;
};

}  // namespace

Pattern::Pattern() : Pattern(any()) {}

bool Pattern::is_any() const noexcept { return node_->kind == Kind::any; }

bool Pattern::matches(const Json& value) const { return matches(value, {}); }

bool Pattern::matches(const Json& value, const TemplateScope& scope) const {
  Trial trial(scope);
  trial.check(*node_, &value, "", *this);
  return trial.mismatches.empty();
}

std::vector<Mismatch> Pattern::explain(const Json& value, const TemplateScope& scope, Variables* captured) const {
  Trial trial(scope);
  trial.check(*node_, &value, "", *this);
  if (trial.mismatches.empty() && captured != nullptr)
    for (auto& [name, json] : trial.captures) (*captured)[name] = std::move(json);
  return std::move(trial.mismatches);
}

std::string to_text(const std::vector<Mismatch>& mismatches, std::string_view indent) {
  std::string out;
  for (const Mismatch& m : mismatches)
    out += std::string(indent) + (m.path.empty() ? "" : m.path + ": ") + "expected " + m.expected + ", got " + m.actual + "\n";
  return out;
}

const Json* find_pointer(const Json& value, std::string_view pointer) {
  const Json* at = &value;
  if (!pointer.empty() && pointer[0] != '/') throw std::invalid_argument("a JSON pointer begins with '/', as in /user/id");
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    std::string key;
    for (std::size_t i = 0; i < step.size(); ++i) key += step[i] == '~' && i + 1 < step.size() ? (step[++i] == '1' ? '/' : '~') : step[i];
    std::size_t index = 0;
    if (at->is_object() && at->contains(key))
      at = &(*at)[key];
    else if (at->is_array() && std::from_chars(key.data(), key.data() + key.size(), index).ptr == key.data() + key.size() && !key.empty() &&
             index < at->size())
      at = &(*at)[index];
    else
      return nullptr;
  }
  return at;
}

}  // namespace phx::scenario
