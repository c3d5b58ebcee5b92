#include "http_route_tree.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "socket_request.hpp"

namespace phx::server::detail {

namespace {

bool is_name_char(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

RouteSegment parse_segment(std::string_view segment) {
  if (segment.front() == '*') return {.kind = RouteSegment::Kind::glob, .text = std::string(segment.substr(1))};
  const auto colon = segment.find(':');
  if (colon == std::string_view::npos) return {.text = std::string(segment)};
  const auto rest = segment.substr(colon + 1);
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_name_char) - rest.begin());
  return {.kind = RouteSegment::Kind::param,
          .text = std::string(rest.substr(0, end)),
          .prefix = std::string(segment.substr(0, colon)),
          .suffix = std::string(rest.substr(end))};
}

}  // namespace

std::vector<RouteSegment> parse_route_path(std::string_view path) {
  const auto refuse = [&](const std::string& why) { throw std::invalid_argument("route " + std::string(path) + ": " + why); };
  if (!path.empty() && path.front() != '/') refuse("a path begins with /");
  std::vector<RouteSegment> out;
  std::set<std::string> names;
  for (const auto& text : split_path(path)) {
    if (!out.empty() && out.back().kind == RouteSegment::Kind::glob) refuse("nothing comes after *" + out.back().text);
    auto segment = parse_segment(text);
    if (segment.kind != RouteSegment::Kind::literal) {
      if (segment.text.empty() || !std::ranges::all_of(segment.text, is_name_char))
        refuse("'" + text + "' has no name of letters, digits and _");
      if (!names.insert(segment.text).second) refuse("the name " + segment.text + " is there twice");
    }
    out.push_back(std::move(segment));
  }
  return out;
}

RouteTree::RouteTree() : root_(std::make_unique<Node>()) {}
RouteTree::~RouteTree() = default;

RouteTree::Node& RouteTree::descend(Node& node, const RouteSegment& segment) {
  if (segment.kind == RouteSegment::Kind::literal) {
    auto& child = node.literals[segment.text];
    if (!child) child = std::make_unique<Node>();
    return *child;
  }
  const auto same = [&](const Param& p) { return p.prefix == segment.prefix && p.suffix == segment.suffix; };
  if (const auto found = std::ranges::find_if(node.params, same); found != node.params.end()) return *found->node;
  return *node.params.emplace_back(segment.prefix, segment.suffix, std::make_unique<Node>()).node;
}

void RouteTree::add(const std::vector<RouteSegment>& pattern, std::uint32_t route) {
  Node* node = root_.get();
  node->first = std::min(node->first, route);
  for (const auto& segment : pattern) {
    if (segment.kind == RouteSegment::Kind::glob) return node->globs.push_back(route);
    node = &descend(*node, segment);
    node->first = std::min(node->first, route);
  }
  node->ends.push_back(route);
}

}  // namespace phx::server::detail
