// Text to Matcher: a recursive-descent parser over the grammar in matcher.hpp.
#include "matcher_node.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace phx::scenario {
namespace {

constexpr int max_depth = 100;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  NodePtr whole() {
    NodePtr node = disjunction(0);
    skip_space();
    if (at_ != text_.size()) fail("expected 'and', 'or' or the end");
    return node;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw MatcherError{at_ + 1, "column " + std::to_string(at_ + 1) + ": " + what}; }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(std::string_view symbol) {
    skip_space();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }

  bool take_word(std::string_view word) {
    skip_space();
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(word) || (rest.size() > word.size() && is_word(rest[word.size()]))) return false;
    at_ += word.size();
    return true;
  }

  static NodePtr make(auto kind) { return std::make_shared<Matcher::Node>(Matcher::Node{std::move(kind)}); }

  NodePtr disjunction(int depth) {
    if (depth > max_depth) fail("nested too deeply");
    NodePtr left = conjunction(depth);
    while (take_word("or")) left = make(Or{left, conjunction(depth)});
    return left;
  }

  NodePtr conjunction(int depth) {
    NodePtr left = negation(depth);
    while (take_word("and")) left = make(And{left, negation(depth)});
    return left;
  }

  NodePtr negation(int depth) {
    if (depth > max_depth) fail("nested too deeply");
    if (take_word("not")) return make(Not{negation(depth + 1)});
    return primary(depth);
  }

  NodePtr primary(int depth) {
    if (take("(")) {
      NodePtr inner = disjunction(depth + 1);
      if (!take(")")) fail("expected ')'");
      return inner;
    }
    if (peek() == '{') return make(Compare{{}, Comparison::matches, value("a pattern")});
    return condition();
  }

  NodePtr condition() {
    Path subject = path();
    if (take("=~")) return regex(std::move(subject));
    static constexpr std::pair<std::string_view, Comparison> symbols[] = {{"==", Comparison::equal},         {"!=", Comparison::not_equal},
                                                                          {"<=", Comparison::less_equal},    {"<", Comparison::less},
                                                                          {">=", Comparison::greater_equal}, {">", Comparison::greater}};
    for (const auto& [symbol, op] : symbols)
      if (take(symbol)) return make(Compare{std::move(subject), op, value("a value after '" + std::string(symbol) + "'")});
    if (take_word("matches")) return make(Compare{std::move(subject), Comparison::matches, value("a pattern after 'matches'")});
    if (take_word("in")) return membership(std::move(subject));
    return make(Truthy{std::move(subject)});
  }

  NodePtr membership(Path subject) {
    Json list = value("a list after 'in'");
    if (!list.is_array()) fail("'in' needs a list such as [\"a\", \"b\"]");
    return make(Compare{std::move(subject), Comparison::in, std::move(list)});
  }

  NodePtr regex(Path subject) {
    const Json pattern = value("a regular expression after '=~'");
    if (!pattern.is_string()) fail("'=~' needs a regular expression in quotes");
    try {
      return make(Regex{std::move(subject), std::regex(pattern.get<std::string>())});
    } catch (const std::regex_error& e) { fail(std::string("bad regular expression: ") + e.what()); }
  }

  Path path() {
    Path steps{word()};
    for (;;) {
      if (at_ < text_.size() && text_[at_] == '.') {
        ++at_;
        steps.emplace_back(word());
      } else if (at_ < text_.size() && text_[at_] == '[') {
        steps.push_back(subscript());
      } else {
        return steps;
      }
    }
  }

  PathStep subscript() {
    ++at_;
    const Json key = value("an index or a quoted key");
    if (!take("]")) fail("expected ']'");
    if (key.is_number_unsigned()) return key.get<std::size_t>();
    if (key.is_string()) return key.get<std::string>();
    fail("expected an index or a quoted key in []");
  }

  std::string word() {
    skip_space();
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (begin == at_) fail("expected a name such as event or payload.body");
    return std::string(text_.substr(begin, at_ - begin));
  }

  /// One JSON value; a number may carry a unit.
  Json value(const std::string& expected) {
    skip_space();
    const std::size_t end = value_end();
    auto parsed = end == at_ ? failure(Errc::bad_json) : parse_json(text_.substr(at_, end - at_));
    if (!parsed) fail("expected " + expected);
    at_ = end;
    return parsed->is_number() ? with_unit(std::move(*parsed)) : std::move(*parsed);
  }

  Json with_unit(Json number) {
    static constexpr std::pair<std::string_view, double> units[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"%", 0.01}};
    for (const auto& [unit, factor] : units) {
      const std::string_view rest = text_.substr(at_);
      if (!rest.starts_with(unit) || (rest.size() > unit.size() && is_word(rest[unit.size()]))) continue;
      at_ += unit.size();
      return number.get<double>() * factor;
    }
    if (at_ < text_.size() && is_word(text_[at_])) fail("unknown unit, expected us, ms, s or %");
    return number;
  }

  /// Where the JSON value that begins here ends: brackets balanced, strings skipped; the JSON parser judges the rest.
  std::size_t value_end() const {
    std::size_t i = at_;
    int open = 0;
    for (; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '"') {
        while (++i < text_.size() && text_[i] != '"')
          if (text_[i] == '\\') ++i;
        if (i >= text_.size()) return text_.size();
        if (open == 0) return i + 1;
      } else if (c == '{' || c == '[') {
        ++open;
      } else if (c == '}' || c == ']') {
        if (open == 0) return i;
        if (--open == 0) return i + 1;
      } else if (open == 0 && !is_scalar(c, i)) {
        return i;
      }
    }
    return i;
  }

  /// Letters after a digit are a unit, not part of the value (exponents aside).
  bool is_scalar(char c, std::size_t i) const {
    const bool number = at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '-');
    if (!number) return std::isalpha(static_cast<unsigned char>(c)) != 0;
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') return true;
    if (c == 'e' || c == 'E') return true;
    return (c == '-' || c == '+') && (i == at_ || text_[i - 1] == 'e' || text_[i - 1] == 'E');
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

tl::expected<Matcher, MatcherError> Matcher::parse(std::string_view expression) {
  try {
    return Matcher(Parser(expression).whole());
  } catch (MatcherError& e) { return tl::unexpected(std::move(e)); }
}

}  // namespace phx::scenario
