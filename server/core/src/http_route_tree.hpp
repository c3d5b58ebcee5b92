#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phx::server::detail {

/// One segment of a route's path.
struct RouteSegment {
  enum class Kind : std::uint8_t { literal, param, glob };
  Kind kind = Kind::literal;
  std::string text = {};  ///< of a literal, or the name
  std::string prefix = {}, suffix = {};
};

/// Throws std::invalid_argument naming the path: a glob that is not last, a name that is none, a name twice.
std::vector<RouteSegment> parse_route_path(std::string_view path);

/// Patterns by segment. Of several that match, the one added first that `accepts` takes wins.
class RouteTree {
 public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  struct Match {
    std::uint32_t route = none;
    std::vector<std::string_view> captures;  ///< texts of the params in order; of a glob only where it begins
    std::size_t glob_at = 0;                 ///< index of the first segment of the glob
  };

  RouteTree();
  ~RouteTree();

  /// Routes are added with rising numbers.
  void add(const std::vector<RouteSegment>& pattern, std::uint32_t route);

  /// segments: decoded; must outlive the result.
  template <class Accepts>
  Match find(const std::vector<std::string>& segments, Accepts&& accepts) const {
    Match best;
    std::vector<std::string_view> captures;
    walk(*root_, segments, 0, captures, accepts, best);
    return best;
  }

 private:
  struct Node;
  struct Param {
    std::string prefix, suffix;
    std::unique_ptr<Node> node;
  };
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::vector<Param> params;
    std::vector<std::uint32_t> ends, globs;
    std::uint32_t first = none;  ///< lowest number at or below: nothing better is here
  };

  template <class Accepts>
  static void take(const std::vector<std::uint32_t>& routes, const std::vector<std::string_view>& captures, std::size_t glob_at,
                   Accepts& accepts, Match& best) {
    for (const auto route : routes) {
      if (route >= best.route) return;
      if (accepts(route)) best = {route, captures, glob_at};
    }
  }

  template <class Accepts>
  static void walk(const Node& node, const std::vector<std::string>& segments, std::size_t depth, std::vector<std::string_view>& captures,
                   Accepts& accepts, Match& best) {
    if (node.first >= best.route) return;
    take(node.globs, captures, depth, accepts, best);
    if (depth == segments.size()) return take(node.ends, captures, depth, accepts, best);
    const std::string_view segment = segments[depth];
    if (const auto literal = node.literals.find(segment); literal != node.literals.end())
      walk(*literal->second, segments, depth + 1, captures, accepts, best);
    for (const auto& [prefix, suffix, child] : node.params) {
      if (segment.size() < prefix.size() + suffix.size() || !segment.starts_with(prefix) || !segment.ends_with(suffix)) continue;
      captures.push_back(segment.substr(prefix.size(), segment.size() - prefix.size() - suffix.size()));
      walk(*child, segments, depth + 1, captures, accepts, best);
      captures.pop_back();
    }
  }

  static Node& descend(Node& node, const RouteSegment& segment);
  std::unique_ptr<Node> root_;
};

}  // namespace phx::server::detail
