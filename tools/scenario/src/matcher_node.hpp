#pragma once

#include <memory>
#include <regex>
#include <string>
#include <variant>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/scenario/matcher.hpp>

namespace phx::scenario {

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal, in, matches };

using PathStep = std::variant<std::string, std::size_t>;
using Path = std::vector<PathStep>;
using NodePtr = std::shared_ptr<const Matcher::Node>;

struct Truthy {
  Path path;
};
struct Compare {
  Path path;
  Comparison op;
  Json value;
};
struct Regex {
  Path path;
  std::regex regex;
};
struct Not {
  NodePtr operand;
};
struct And {
  NodePtr left, right;
};
struct Or {
  NodePtr left, right;
};

struct Matcher::Node {
  std::variant<Truthy, Compare, Regex, Not, And, Or> kind;
};

}  // namespace phx::scenario
