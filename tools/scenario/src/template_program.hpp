#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/scenario/template.hpp>

namespace phx::scenario {

/// One node of a compiled expression.
struct Expression {
  enum class Op : std::uint8_t {
    constant,
    add,
    subtract,
    multiply,
    divide,
    remainder,
    negate,
    variable,
    user,
    seq,
    counter,
    now,
    now_iso,
    uuid,
    random,
    pick,
    text
  };
  using Step = std::variant<std::string, std::size_t>;

  Op op = Op::constant;
  std::size_t column = 1;
  std::variant<std::int64_t, double, std::string> constant = {};  // the name of a variable too
  std::vector<Step> path = {};
  std::vector<Expression> arguments = {};
};

using Value = std::variant<std::int64_t, double, std::string, const Json*>;

Value evaluate(const Expression& e, const TemplateScope& scope);
void append_text(const Value& value, std::string& out);
Json to_json(const Value& value);

struct Template::Program {
  struct Piece {
    std::string text;                    // in front of the expression
    std::vector<Expression> expression;  // none or one
  };
  std::string source;
  std::vector<Piece> pieces;
};

}  // namespace phx::scenario
