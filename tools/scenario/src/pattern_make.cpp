// How patterns are made: factories, YAML with its tags; and how they describe themselves.
#include "pattern_node.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace phx::scenario {
namespace {

using Kind = PatternKind;

std::string joined(const std::vector<Pattern>& parts, std::string_view between) {
  std::string out;
  for (const Pattern& p : parts) out += (out.empty() ? "" : std::string(between)) + p.describe();
  return out;
}

struct Tag {
  std::string_view name;
  Pattern (*make)(const Yaml&, const TemplateNames&);
};

/// The same value without its tag, as when it stood alone.
std::vector<Pattern> parts(const Yaml& list, const TemplateNames& names) {
  if (!list.is_sequence()) list.fail("!" + list.tag() + " needs a list, as in !" + list.tag() + " [1, 2]");
  std::vector<Pattern> out;
  const Yaml plain = list.untagged();
  for (const Yaml& item : plain.items()) out.push_back(Pattern::from_yaml(item, names));
  return out;
}

template <class Make>
Pattern checked(const Yaml& y, Make make) {
  try {
    return make();
  } catch (const std::invalid_argument& e) { y.fail(e.what()); }
}

const Yaml& scalar(const Yaml& y, std::string_view example) {
  if (!y.is_scalar() || y.text().empty()) y.fail("!" + y.tag() + " needs a value, as in " + std::string(example));
  return y;
}

Pattern bound(const Yaml& y, std::string_view op) {
  const Json with = scalar(y, "!" + y.tag() + " 3").scalar_json();
  if (!with.is_number() && !with.is_string()) y.fail("!" + y.tag() + " compares with a number or text");
  return Pattern::compare(op, with);
}

/// `!length 3` or `!length {...}`; YAML allows one tag, so a comparison is written as text: !length ">= 3"
Pattern length(const Yaml& y, const TemplateNames&) {
  const std::string& text = scalar(y, "!length 3 or !length \">= 3\"").text();
  const std::size_t begin = text.find_first_of("0123456789");
  std::string op = text.substr(0, std::min(begin, text.size()));
  op.erase(std::remove(op.begin(), op.end(), ' '), op.end());
  const bool digits =
      begin != std::string::npos && text.find_first_not_of("0123456789", begin) == std::string::npos && text.size() - begin < 10;
  if (!digits || (!op.empty() && std::ranges::find(comparison_names, op) == std::end(comparison_names)))
    y.fail("!length needs a number, as in !length 3 or !length \">= 3\"");
  return Pattern::length(Pattern::compare(op.empty() ? "==" : op, std::stoll(text.substr(begin))));
}

constexpr std::array tags = {
    Tag{"any", [](const Yaml&, const TemplateNames&) { return Pattern::any(); }},
    Tag{"absent", [](const Yaml&, const TemplateNames&) { return Pattern::absent(); }},
    Tag{"present", [](const Yaml&, const TemplateNames&) { return Pattern::present(); }},
    Tag{"regex", [](const Yaml& y,
                    const TemplateNames&) { return checked(y, [&] { return Pattern::regex(scalar(y, "!regex \"^hi \"").text()); }); }},
    Tag{"type",
        [](const Yaml& y, const TemplateNames&) { return checked(y, [&] { return Pattern::type(scalar(y, "!type string").text()); }); }},
    Tag{"gt", [](const Yaml& y, const TemplateNames&) { return bound(y, ">"); }},
    Tag{"gte", [](const Yaml& y, const TemplateNames&) { return bound(y, ">="); }},
    Tag{"lt", [](const Yaml& y, const TemplateNames&) { return bound(y, "<"); }},
    Tag{"lte", [](const Yaml& y, const TemplateNames&) { return bound(y, "<="); }},
    Tag{"not", [](const Yaml& y, const TemplateNames& n) { return Pattern::negate(Pattern::from_yaml(y.untagged(), n)); }},
    Tag{"one_of", [](const Yaml& y, const TemplateNames& n) { return Pattern::one_of(parts(y, n)); }},
    Tag{"all_of", [](const Yaml& y, const TemplateNames& n) { return Pattern::all_of(parts(y, n)); }},
    Tag{"contains", [](const Yaml& y, const TemplateNames& n) { return Pattern::contains(Pattern::from_yaml(y.untagged(), n)); }},
    Tag{"length", &length},
    Tag{"exactly", [](const Yaml& y, const TemplateNames&) { return Pattern::exactly(y.untagged().json()); }},
    Tag{"where",
        [](const Yaml& y,
           const TemplateNames&) { return checked(y, [&] { return Pattern::from_expression(scalar(y, "!where \"n >= 3\"").text()); }); }},
    Tag{"capture",
        [](const Yaml& y, const TemplateNames&) { return Pattern::capture(scalar(y, "!capture name").text(), Pattern::any()); }}};

Pattern tagged(const Yaml& y, const TemplateNames& names) {
  const auto tag = std::ranges::find(tags, y.tag(), &Tag::name);
  if (tag != tags.end()) return tag->make(y, names);
  std::vector<std::string_view> known;
  for (const Tag& t : tags) known.push_back(t.name);
  y.fail("unknown pattern !" + y.tag() + suggestion(y.tag(), known));
}

}  // namespace

bool (*type_check(std::string_view name))(const Json&) {
  if (name == "string") return [](const Json& v) { return v.is_string(); };
  if (name == "number") return [](const Json& v) { return v.is_number(); };
  if (name == "integer") return [](const Json& v) { return v.is_number_integer(); };
  if (name == "boolean") return [](const Json& v) { return v.is_boolean(); };
  if (name == "object") return [](const Json& v) { return v.is_object(); };
  if (name == "list") return [](const Json& v) { return v.is_array(); };
  if (name == "null") return [](const Json& v) { return v.is_null(); };
  if (name == "binary") return [](const Json& v) { return v.is_object() && v.size() == 1 && v.contains("$binary"); };
  return nullptr;
}

Pattern Pattern::make(Node node) { return Pattern(std::make_shared<const Node>(std::move(node))); }
Pattern Pattern::any() { return make({}); }
Pattern Pattern::absent() { return make({.kind = Kind::absent}); }
Pattern Pattern::present() { return make({.kind = Kind::present}); }
Pattern Pattern::object(std::vector<std::pair<std::string, Pattern>> fields) {
  return make({.kind = Kind::object, .fields = std::move(fields)});
}
Pattern Pattern::list(std::vector<Pattern> elements) { return make({.kind = Kind::list, .parts = std::move(elements)}); }
Pattern Pattern::negate(Pattern p) { return make({.kind = Kind::negate, .parts = {std::move(p)}}); }
Pattern Pattern::one_of(std::vector<Pattern> patterns) { return make({.kind = Kind::one_of, .parts = std::move(patterns)}); }
Pattern Pattern::all_of(std::vector<Pattern> patterns) { return make({.kind = Kind::all_of, .parts = std::move(patterns)}); }
Pattern Pattern::contains(Pattern element) { return make({.kind = Kind::contains, .parts = {std::move(element)}}); }
Pattern Pattern::length(Pattern size) { return make({.kind = Kind::length, .parts = {std::move(size)}}); }
Pattern Pattern::where(Matcher condition) { return make({.kind = Kind::where, .name = "a condition", .condition = std::move(condition)}); }
Pattern Pattern::capture(std::string name, Pattern p) {
  return make({.kind = Kind::capture, .name = std::move(name), .parts = {std::move(p)}});
}

Pattern Pattern::subset(const Json& value) {
  if (value.is_object()) {
    Node node{.kind = Kind::object};
    for (const auto& [key, field] : value.items()) node.fields.emplace_back(key, subset(field));
    return make(std::move(node));
  }
  if (!value.is_array()) return make({.kind = Kind::equal, .value = value});
  Node node{.kind = Kind::list};
  for (const Json& element : value) node.parts.push_back(subset(element));
  return make(std::move(node));
}

Pattern Pattern::exactly(const Json& value) { return make({.kind = Kind::equal, .value = value}); }

Pattern Pattern::regex(const std::string& expression) {
  try {
    return make({.kind = Kind::regex, .name = expression, .expression = std::regex(expression)});
  } catch (const std::regex_error& e) { throw std::invalid_argument("bad regular expression '" + expression + "': " + e.what()); }
}

Pattern Pattern::type(std::string_view name) {
  if (type_check(name) == nullptr) throw std::invalid_argument("unknown type '" + std::string(name) + "'" + suggestion(name, type_names));
  return make({.kind = Kind::type, .name = std::string(name)});
}

Pattern Pattern::compare(std::string_view op, const Json& with) {
  if (std::ranges::find(comparison_names, op) == std::end(comparison_names))
    throw std::invalid_argument("unknown comparison '" + std::string(op) + "'");
  return make({.kind = Kind::compare, .value = with, .name = std::string(op)});
}

Pattern Pattern::from_expression(std::string_view expression) {
  auto matcher = Matcher::parse(expression);
  if (!matcher) throw std::invalid_argument("in \"" + std::string(expression) + "\", " + matcher.error().message);
  return make({.kind = Kind::where, .name = std::string(expression), .condition = std::move(*matcher)});
}

Pattern Pattern::from_yaml(const Yaml& value, const TemplateNames& names) {
  if (value.tag() == "binary") return exactly(value.json());
  if (!value.tag().empty()) return tagged(value, names);
  if (value.is_mapping()) {
    Node node{.kind = Kind::object};
    for (const Yaml::Entry& entry : value.entries()) node.fields.emplace_back(entry.key, from_yaml(entry.value, names));
    return make(std::move(node));
  }
  if (value.is_sequence()) {
    Node node{.kind = Kind::list};
    for (const Yaml& item : value.items()) node.parts.push_back(from_yaml(item, names));
    return make(std::move(node));
  }
  Json scalar = value.scalar_json();
  if (!scalar.is_string()) return make({.kind = Kind::equal, .value = std::move(scalar)});
  Template text = Template::from_yaml(value, names);
  if (text.is_literal()) return make({.kind = Kind::equal, .value = text.text({})});
  return make({.kind = Kind::text, .text = std::move(text)});
}

std::string Pattern::describe() const {
  const Node& n = *node_;
  switch (n.kind) {
    case Kind::any: return "anything";
    case Kind::absent: return "nothing";
    case Kind::present: return "anything but null";
    case Kind::equal: return n.value.dump(-1, ' ', false, Json::error_handler_t::replace);
    case Kind::text: return Json(n.text.source()).dump();
    case Kind::regex: return "text matching /" + n.name + "/";
    case Kind::type: return std::string(n.name == "integer" || n.name == "object" ? "an " : n.name == "null" ? "" : "a ") + n.name;
    case Kind::compare: return n.name + " " + n.value.dump();
    case Kind::negate: return "not " + n.parts[0].describe();
    case Kind::one_of: return "one of " + joined(n.parts, ", ");
    case Kind::all_of: return joined(n.parts, " and ");
    case Kind::contains: return "containing " + n.parts[0].describe();
    case Kind::length: return "of length " + n.parts[0].describe();
    case Kind::where: return "a value where " + n.name;
    case Kind::capture: return n.parts[0].describe();
    case Kind::list: return "[" + joined(n.parts, ", ") + "]";
    case Kind::object: break;
  }
  std::string out = "{";
  for (const auto& [key, field] : n.fields) out += (out.size() > 1 ? ", " : "") + Json(key).dump() + ": " + field.describe();
  return out + "}";
}

}  // namespace phx::scenario
