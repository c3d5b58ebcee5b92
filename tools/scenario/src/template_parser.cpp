// Text to Template: pieces of text, and expressions by recursive descent.
#include "template_program.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace phx::scenario {
namespace {

using Op = Expression::Op;

struct Function {
  std::string_view name;
  Op op;
  std::size_t least, most;  // arguments
  std::string_view usage;
};
constexpr std::size_t any_number = 100;
constexpr std::array functions = {Function{"user", Op::user, 0, 0, "user"},
                                  Function{"seq", Op::seq, 0, 0, "seq"},
                                  Function{"counter", Op::counter, 0, 0, "counter"},
                                  Function{"now", Op::now, 0, 0, "now"},
                                  Function{"now_iso", Op::now_iso, 0, 0, "now_iso"},
                                  Function{"uuid", Op::uuid, 0, 0, "uuid"},
                                  Function{"random", Op::random, 2, 2, "random(1, 6)"},
                                  Function{"pick", Op::pick, 1, any_number, "pick(\"a\", \"b\")"},
                                  Function{"text", Op::text, 1, 1, "text(200)"},
                                  Function{"env", Op::constant, 1, 1, "env(\"NAME\")"}};
constexpr int max_depth = 50;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Parser {
 public:
  Parser(std::string_view text, std::size_t at, const TemplateNames& names) : text_(text), at_(at), names_(names) {}

  Expression whole() {
    Expression out = sum(0);
    if (!take("}}")) fail(peek() == '\0' ? "expected '}}' at the end of the expression" : "expected an operator or '}}'");
    return out;
  }
  std::size_t at() const { return at_; }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw TemplateError(at_ + 1, what); }
  [[noreturn]] static void fail(std::size_t at, const std::string& what) { throw TemplateError(at + 1, what); }

  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(std::string_view symbol) {
    peek();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }

  Expression binary(Op op, std::size_t at, Expression left, Expression right) {
    Expression out{.op = op, .column = at + 1};
    out.arguments.push_back(std::move(left));
    out.arguments.push_back(std::move(right));
    return out;
  }

  Expression sum(int depth) {
    if (depth > max_depth) fail("nested too deeply");
    Expression left = product(depth);
    for (char c = peek(); c == '+' || c == '-'; c = peek()) {
      const std::size_t at = at_++;
      left = binary(c == '+' ? Op::add : Op::subtract, at, std::move(left), product(depth));
    }
    return left;
  }

  Expression product(int depth) {
    Expression left = factor(depth);
    for (char c = peek(); c == '*' || c == '/' || c == '%'; c = peek()) {
      const std::size_t at = at_++;
      left = binary(c == '*' ? Op::multiply : c == '/' ? Op::divide : Op::remainder, at, std::move(left), factor(depth));
    }
    return left;
  }

  Expression factor(int depth) {
    if (depth > max_depth) fail("nested too deeply");
    const char c = peek();
    if (c == '(') {
      ++at_;
      Expression inner = sum(depth + 1);
      if (!take(")")) fail("expected ')'");
      return inner;
    }
    if (c == '-') {
      Expression out{.op = Op::negate, .column = ++at_};
      out.arguments.push_back(factor(depth + 1));
      return out;
    }
    if (c == '"' || c == '\'') return {.column = at_ + 1, .constant = quoted()};
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) return number();
    if (is_word(c)) return name(depth);
    fail("expected a name, a number, text in quotes or '('");
  }

  std::string quoted() {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    if (at_ >= text_.size()) fail(begin, "the quote that begins here does not end");
    ++at_;
    return out;
  }

  Expression number() {
    Expression out{.column = at_ + 1};
    std::size_t end = at_;
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == '.')) ++end;
    const char *first = text_.data() + at_, *last = text_.data() + end;
    std::int64_t whole = 0;
    double real = 0;
    if (const auto r = std::from_chars(first, last, whole); r.ec == std::errc{} && r.ptr == last)
      out.constant = whole;
    else if (const auto s = std::from_chars(first, last, real); s.ec == std::errc{} && s.ptr == last)
      out.constant = real;
    else
      fail("'" + std::string(first, last) + "' is no number");
    at_ = end;
    return out;
  }

  std::string word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (begin == at_) fail("expected a name");
    return std::string(text_.substr(begin, at_ - begin));
  }

  Expression name(int depth) {
    const std::size_t begin = at_;
    const std::string w = word();
    if (std::ranges::find(names_.variables, w) != names_.variables.end()) return variable(w, begin);
    const auto function = std::ranges::find(functions, w, &Function::name);
    if (function != functions.end()) return call(*function, begin, depth);
    std::vector<std::string_view> known(names_.variables.begin(), names_.variables.end());
    for (const Function& f : functions) known.push_back(f.name);
    fail(begin, "unknown name '" + w + "'" + suggestion(w, known));
  }

  Expression variable(const std::string& w, std::size_t begin) {
    Expression out{.op = Op::variable, .column = begin + 1, .constant = w};
    for (;;) {
      if (at_ < text_.size() && text_[at_] == '.') {
        ++at_;
        out.path.emplace_back(word());
      } else if (at_ < text_.size() && text_[at_] == '[') {
        ++at_;
        out.path.push_back(subscript());
        if (!take("]")) fail("expected ']'");
      } else {
        return out;
      }
    }
  }

  Expression::Step subscript() {
    if (const char c = peek(); c == '"' || c == '\'') return quoted();
    const Expression index = std::isdigit(static_cast<unsigned char>(peek())) != 0 ? number() : Expression{.constant = std::string()};
    if (const auto* i = std::get_if<std::int64_t>(&index.constant)) return static_cast<std::size_t>(*i);
    fail("expected an index or a quoted key in []");
  }

  Expression call(const Function& f, std::size_t begin, int depth) {
    Expression out{.op = f.op, .column = begin + 1};
    if (take("(") && !take(")")) {
      do out.arguments.push_back(sum(depth + 1));
      while (take(","));
      if (!take(")")) fail("expected ',' or ')'");
    }
    if (out.arguments.size() < f.least || out.arguments.size() > f.most) fail(begin, "write it as " + std::string(f.usage));
    return f.name == "env" ? environment(out) : out;
  }

  Expression environment(const Expression& call) {
    const auto* key = std::get_if<std::string>(&call.arguments[0].constant);
    if (key == nullptr || call.arguments[0].op != Op::constant) fail(call.column - 1, "env needs a name in quotes, as in env(\"TOKEN\")");
    const auto it = names_.env.find(*key);
    if (it == names_.env.end())
      fail(call.column - 1, "'" + *key + "' is not in the file's list of environment variables; add 'env: [" + *key + "]'");
    return {.column = call.column, .constant = it->second};
  }

  std::string_view text_;
  std::size_t at_;
  const TemplateNames& names_;
};

}  // namespace

TemplateError::TemplateError(std::size_t column, const std::string& message)
    : std::runtime_error("column " + std::to_string(column) + ": " + message), column_(column), message_(message) {}

Template::Template() : Template(literal("")) {}

Template Template::literal(std::string text) {
  auto program = std::make_shared<Program>();
  program->source = text;
  program->pieces.push_back({std::move(text), {}});
  return Template(std::move(program));
}

Template Template::parse(std::string_view text, const TemplateNames& names) {
  auto program = std::make_shared<Program>();
  program->source = text;
  std::string before;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with("\\{{")) {
      before += "{{";
      i += 3;
    } else if (text.substr(i).starts_with("{{")) {
      Parser parser(text, i + 2, names);
      program->pieces.push_back({std::exchange(before, {}), {}});
      program->pieces.back().expression.push_back(parser.whole());
      i = parser.at();
    } else {
      before += text[i++];
    }
  }
  if (!before.empty() || program->pieces.empty()) program->pieces.push_back({std::move(before), {}});
  return Template(std::move(program));
}

Template Template::from_yaml(const Yaml& scalar, const TemplateNames& names) {
  if (!scalar.is_scalar()) scalar.fail("expected text, not " + scalar.describe());
  try {
    return parse(scalar.text(), names);
  } catch (const TemplateError& e) {
    Place place = scalar.place();
    if (scalar.tag().empty()) place.column += e.column() - 1 + (scalar.is_quoted() ? 1 : 0);
    throw FileError(place, e.message());
  }
}

}  // namespace phx::scenario
