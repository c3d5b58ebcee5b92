#include <phx/core/etf_json.hpp>

#include <limits>
#include <optional>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>

#include "etf_datetime.hpp"

namespace phx::core::etf {
namespace {

using Converted = tl::expected<Json, NoJsonForm>;

tl::unexpected<NoJsonForm> no_form(std::string what) { return tl::unexpected(NoJsonForm{std::move(what)}); }

std::string counted(std::string_view what, std::size_t n, std::string_view unit) {
  return std::string(what) + " of " + std::to_string(n) + " " + std::string(unit) + (n == 1 ? "" : "s");
}

Converted convert(const Atom& atom) {
  if (atom.name == "nil") return Json(nullptr);
  if (atom.name == "true") return Json(true);
  if (atom.name == "false") return Json(false);
  return Json(atom.name);
}

Converted convert(std::int64_t value) { return Json(value); }

Converted convert(const BigInt& value) {
  if (value.negative || value.magnitude.size() > 8) return no_form(counted("an integer", value.magnitude.size(), "byte"));
  std::uint64_t out = 0;
  for (auto byte = value.magnitude.rbegin(); byte != value.magnitude.rend(); ++byte) out = out << 8 | static_cast<unsigned char>(*byte);
  return Json(out);
}

Converted convert(double value) { return Json(value); }

Converted convert(const std::string& binary) {
  if (!is_utf8(binary)) return no_form(counted("a binary that is not UTF-8,", binary.size(), "byte"));
  return Json(binary);
}

Converted convert(const List& list) {
  if (!list.tail.empty()) return no_form("an improper list");
  Json out = Json::array();
  for (const Term& element : list.elements) {
    auto json = to_json(element);
    if (!json) return json;
    out.push_back(*std::move(json));
  }
  return out;
}

Converted convert(const Tuple& tuple) { return no_form(counted("a tuple", tuple.elements.size(), "element")); }

std::optional<std::string> key_text(const Term& key) {
  if (const auto* text = key.get<std::string>(); text && is_utf8(*text)) return *text;
  if (const auto* atom = key.get<Atom>()) return atom->name;
  if (const auto* number = key.get<std::int64_t>()) return std::to_string(*number);
  return std::nullopt;
}

Converted convert(const Map& map) {
  if (map.find(Atom{"__struct__"})) {
    if (auto text = iso8601(map)) return Json(*std::move(text));
    return no_form("a struct other than DateTime");
  }
  Json out = Json::object();
  for (const auto& [key, value] : map.entries) {
    auto name = key_text(key);
    if (!name) return no_form("a map key other than text, atom or integer");
    auto json = to_json(value);
    if (!json) return json;
    if (!out.emplace(*std::move(name), *std::move(json)).second) return no_form("a map with two keys of the same text");
  }
  return out;
}

Converted convert(const Opaque& opaque) {
  switch (opaque.kind) {
    case OpaqueKind::pid: return no_form("a pid");
    case OpaqueKind::port: return no_form("a port");
    case OpaqueKind::reference: return no_form("a reference");
    case OpaqueKind::bit_string: return no_form("a bit string");
  }
  return no_form("an opaque term");
}

Result<Term> from(const Json& json, std::size_t depth_left);

Result<Term> from_object(const Json& json, std::size_t depth_left) {
  Map out;
  for (const auto& [key, element] : json.items()) {
    auto value = from(element, depth_left);
    if (!value) return value;
    out.entries.emplace_back(key, *std::move(value));
  }
  return Term(Term::Value(std::move(out)));
}

Result<Term> from_array(const Json& json, std::size_t depth_left) {
  std::vector<Term> out;
  out.reserve(json.size());
  for (const Json& element : json) {
    auto value = from(element, depth_left);
    if (!value) return value;
    out.push_back(*std::move(value));
  }
  return Term::list(std::move(out));
}

Result<Term> from(const Json& json, std::size_t depth_left) {
  if (depth_left == 0) return tl::unexpected(make_error_code(EtfError::limit));
  switch (json.type()) {
    case Json::value_t::boolean: return Term(json.get<bool>());
    case Json::value_t::number_integer: return Term(json.get<std::int64_t>());
    case Json::value_t::number_unsigned: return Term(json.get<std::uint64_t>());
    case Json::value_t::number_float: return Term(json.get<double>());
    case Json::value_t::string: return Term(json.get<std::string>());
    case Json::value_t::binary: return Term(std::string(json.get_binary().begin(), json.get_binary().end()));
    case Json::value_t::array: return from_array(json, depth_left - 1);
    case Json::value_t::object: return from_object(json, depth_left - 1);
    case Json::value_t::null:
    case Json::value_t::discarded: break;
  }
  return Term();
}

}  // namespace

tl::expected<Json, NoJsonForm> to_json(const Term& term) {
  return std::visit([](const auto& value) { return convert(value); }, term.value());
}

Result<Term> from_json(const Json& json) { return from(json, Limits{}.max_depth); }

}  // namespace phx::core::etf
