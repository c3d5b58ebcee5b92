#include "template_program.hpp"

#include <phx/core/json_text.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace phx::scenario {
namespace {

using Op = Expression::Op;

constexpr std::int64_t max_text = 1 << 20;

[[noreturn]] void fail(const Expression& e, const std::string& what) { throw TemplateError(e.column, what); }

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

const Json& find(const Expression& e, const TemplateScope& scope) {
  const std::string& name = std::get<std::string>(e.constant);
  const Json* at = nullptr;
  for (const Variables* in : {scope.variables, scope.outer}) {
    if (in == nullptr || at != nullptr) continue;
    if (const auto it = in->find(name); it != in->end()) at = &it->second;
  }
  if (at == nullptr) fail(e, "the variable '" + name + "' has no value yet");
  std::string path = name;
  for (const Expression::Step& step : e.path) {
    const auto* key = std::get_if<std::string>(&step);
    path += key != nullptr ? "." + *key : "[" + std::to_string(std::get<std::size_t>(step)) + "]";
    const bool there = key != nullptr ? at->is_object() && at->contains(*key) : at->is_array() && std::get<std::size_t>(step) < at->size();
    if (!there) fail(e, "there is no '" + path + "'");
    at = key != nullptr ? &(*at)[*key] : &(*at)[std::get<std::size_t>(step)];
  }
  return *at;
}

/// Numbers in JSON are as good as others.
Value plain(Value value) {
  const auto* json = std::get_if<const Json*>(&value);
  if (json == nullptr) return value;
  if ((*json)->is_number_integer() && (!(*json)->is_number_unsigned() || (*json)->get<std::uint64_t>() <= INT64_MAX))
    return (*json)->get<std::int64_t>();
  if ((*json)->is_number()) return (*json)->get<double>();
  if ((*json)->is_string()) return (*json)->get<std::string>();
  return value;
}

std::int64_t whole(const Expression& argument, const TemplateScope& scope) {
  const Value value = plain(evaluate(argument, scope));
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  fail(argument, "expected a whole number");
}

Value reals(const Expression& e, double a, double b) {
  double out = 0;
  switch (e.op) {
    case Op::add: out = a + b; break;
    case Op::subtract: out = a - b; break;
    case Op::multiply: out = a * b; break;
    case Op::divide: out = a / b; break;
    default: out = std::fmod(a, b); break;
  }
  if (!std::isfinite(out)) fail(e, b == 0 ? "division by zero" : "the result is too large");
  return out;
}

Value wholes(const Expression& e, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool overflow = false;
  if ((e.op == Op::divide || e.op == Op::remainder) && (b == 0 || (a == INT64_MIN && b == -1)))
    fail(e, b == 0 ? "division by zero" : "the result is too large");
  switch (e.op) {
    case Op::add: overflow = __builtin_add_overflow(a, b, &out); break;
    case Op::subtract: overflow = __builtin_sub_overflow(a, b, &out); break;
    case Op::multiply: overflow = __builtin_mul_overflow(a, b, &out); break;
    case Op::divide: out = a / b; break;
    default: out = a % b; break;
  }
  if (overflow) fail(e, "the result is too large");
  return out;
}

Value arithmetic(const Expression& e, const TemplateScope& scope) {
  const Value a = plain(evaluate(e.arguments[0], scope));
  const Value b = e.op == Op::negate ? Value(std::int64_t{-1}) : plain(evaluate(e.arguments[1], scope));
  const auto number = [&](const Value& v) -> double {
    if (const auto* i = std::get_if<std::int64_t>(&v)) return static_cast<double>(*i);
    if (const auto* d = std::get_if<double>(&v)) return *d;
    fail(e, "only numbers can be calculated with; put text into its own {{ }}");
  };
  if (e.op == Op::negate)
    return std::holds_alternative<std::int64_t>(a) ? wholes({.op = Op::multiply, .column = e.column}, std::get<std::int64_t>(a), -1)
                                                   : Value(-number(a));
  if (const auto *x = std::get_if<std::int64_t>(&a), *y = std::get_if<std::int64_t>(&b); x != nullptr && y != nullptr)
    return wholes(e, *x, *y);
  return reals(e, number(a), number(b));
}

Rng& random_of(const Expression& e, const TemplateScope& scope) {
  if (scope.random == nullptr) fail(e, "random values cannot be used here");
  return *scope.random;
}

std::string iso(std::int64_t unix_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(unix_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char out[40];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return out;
}

std::string uuid(Rng& random) {
  const std::uint64_t a = random.next(), b = random.next();
  char out[37];
  std::snprintf(out, sizeof out, "%08x-%04x-4%03x-%04x-%012llx", static_cast<unsigned>(a >> 32), static_cast<unsigned>(a >> 16 & 0xffff),
                static_cast<unsigned>(a & 0xfff), static_cast<unsigned>(0x8000 | (b >> 48 & 0x3fff)),
                static_cast<unsigned long long>(b & 0xffffffffffff));
  return out;
}

Value random_number(const Expression& e, const TemplateScope& scope) {
  const std::int64_t least = whole(e.arguments[0], scope), most = whole(e.arguments[1], scope);
  std::int64_t span = 0;
  if (most < least || __builtin_sub_overflow(most, least, &span)) fail(e, "random needs the smaller number first, as in random(1, 6)");
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + random_of(e, scope).below(static_cast<std::uint64_t>(span) + 1));
}

Value random_text(const Expression& e, const TemplateScope& scope) {
  const std::int64_t size = whole(e.arguments[0], scope);
  if (size < 0 || size > max_text) fail(e, "text can have 0 to " + std::to_string(max_text) + " letters");
  std::string out(static_cast<std::size_t>(size), ' ');
  for (char& c : out) c = static_cast<char>('a' + random_of(e, scope).below(26));
  return out;
}

}  // namespace

Value evaluate(const Expression& e, const TemplateScope& scope) {
  switch (e.op) {
    case Op::constant: return std::visit([](const auto& c) -> Value { return c; }, e.constant);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::remainder:
    case Op::negate: return arithmetic(e, scope);
    case Op::variable: return &find(e, scope);
    case Op::user: return static_cast<std::int64_t>(scope.user);
    case Op::seq: return static_cast<std::int64_t>(scope.seq);
    case Op::counter:
      if (scope.counter == nullptr) fail(e, "counter cannot be used here");
      return static_cast<std::int64_t>(++*scope.counter);
    case Op::now: return scope.unix_ms;
    case Op::now_iso: return iso(scope.unix_ms);
    case Op::uuid: return uuid(random_of(e, scope));
    case Op::random: return random_number(e, scope);
    case Op::pick: return evaluate(e.arguments[random_of(e, scope).below(e.arguments.size())], scope);
    case Op::text: return random_text(e, scope);
  }
  return std::int64_t{0};
}

void append_text(const Value& value, std::string& out) {
  std::visit(Overloaded{[&](std::int64_t v) {
                          char digits[24];
                          const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
                          out.append(digits, end);
                        },
                        [&](double v) { out += to_json_text(v); }, [&](const std::string& v) { out += v; },
                        [&](const Json* v) { out += v->is_string() ? v->get_ref<const std::string&>() : to_json_text(*v); }},
             value);
}

Json to_json(const Value& value) {
  return std::visit(Overloaded{[](const Json* v) { return *v; }, [](const auto& v) { return Json(v); }}, value);
}

bool Template::is_literal() const noexcept { return program_->pieces.size() == 1 && program_->pieces[0].expression.empty(); }
bool Template::is_single_expression() const noexcept {
  return program_->pieces.size() == 1 && !program_->pieces[0].expression.empty() && program_->pieces[0].text.empty();
}
const std::string& Template::source() const noexcept { return program_->source; }

void Template::render(const TemplateScope& scope, std::string& out) const {
  for (const Program::Piece& piece : program_->pieces) {
    out += piece.text;
    if (!piece.expression.empty()) append_text(evaluate(piece.expression[0], scope), out);
  }
}

std::string Template::text(const TemplateScope& scope) const {
  std::string out;
  render(scope, out);
  return out;
}

Json Template::value(const TemplateScope& scope) const {
  if (is_single_expression()) return to_json(evaluate(program_->pieces[0].expression[0], scope));
  return text(scope);
}

JsonTemplate::JsonTemplate() { add_text("{}"); }
JsonTemplate::JsonTemplate(const Json& constant) { add_text(to_json_text(constant)); }

JsonTemplate JsonTemplate::from_yaml(const Yaml& value, const TemplateNames& names) {
  JsonTemplate out;
  out.pieces_.clear();
  out.add(value, names);
  return out;
}

void JsonTemplate::add_text(std::string_view json) {
  if (pieces_.empty() || pieces_.back().as != As::json_text) pieces_.push_back({As::json_text, {}, {}});
  pieces_.back().json += json;
}

void JsonTemplate::add_string(const Yaml& place, const TemplateNames& names) {
  Template text = Template::from_yaml(place, names);
  if (text.is_single_expression()) return pieces_.push_back({As::value, {}, std::move(text)});
  if (!text.is_literal()) return pieces_.push_back({As::string, {}, std::move(text)});
  std::string json;
  core::append_json_string(json, text.program_->pieces[0].text);
  add_text(json);
}

void JsonTemplate::add(const Yaml& value, const TemplateNames& names) {
  if (value.tag().empty() && value.is_mapping()) {
    add_text("{");
    for (bool first = true; const Yaml::Entry& entry : value.entries()) {
      std::string key = first ? "" : ",";
      core::append_json_string(key, entry.key);
      add_text(key + ":");
      add(entry.value, names);
      first = false;
    }
    return add_text("}");
  }
  if (value.tag().empty() && value.is_sequence()) {
    add_text("[");
    for (bool first = true; const Yaml& item : value.items()) {
      if (!std::exchange(first, false)) add_text(",");
      add(item, names);
    }
    return add_text("]");
  }
  if (value.tag().empty() && value.scalar_json().is_string()) return add_string(value, names);
  add_text(to_json_text(value.json()));
}

void JsonTemplate::render(const TemplateScope& scope, std::string& out) const {
  for (const Piece& piece : pieces_) {
    switch (piece.as) {
      case As::json_text: out += piece.json; break;
      case As::string: core::append_json_string(out, piece.expression.text(scope)); break;
      case As::value: {
        const Value value = evaluate(piece.expression.program_->pieces[0].expression[0], scope);
        if (const auto* text = std::get_if<std::string>(&value))
          core::append_json_string(out, *text);
        else if (const auto* json = std::get_if<const Json*>(&value))
          out += to_json_text(**json);
        else
          append_text(value, out);
      }
    }
  }
}

std::string JsonTemplate::text(const TemplateScope& scope) const {
  std::string out;
  render(scope, out);
  return out;
}

Json JsonTemplate::value(const TemplateScope& scope) const { return Json::parse(text(scope)); }

}  // namespace phx::scenario
