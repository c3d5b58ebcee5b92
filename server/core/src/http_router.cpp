// Declaring routes; running them is http_dispatch.cpp.
#include <phx/server/router.hpp>

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <stdexcept>

#include "http_dispatch.hpp"
#include "http_route_table.hpp"
#include "socket_request.hpp"

namespace phx::server {

using detail::Route;
using detail::RouteSegment;

namespace {

std::string join_path(std::string_view base, std::string_view path) {
  std::string out;
  for (const auto part : {base, path})
    for (const auto& segment : detail::split_path(part)) out += "/" + segment;
  return out.empty() ? "/" : out;
}

std::string join_name(std::string_view base, std::string_view name) {
  return base.empty() || name.empty() ? std::string(base) + std::string(name) : std::string(base) + "_" + std::string(name);
}

/// "/users" -> "user": what Phoenix calls the member of a collection in paths of nested resources.
std::string singular(std::string_view name) {
  if (name.size() > 3 && name.ends_with("ies")) return std::string(name.substr(0, name.size() - 3)) + "y";
  if (name.size() > 1 && name.ends_with("s") && !name.ends_with("ss")) name.remove_suffix(1);
  return std::string(name);
}

constexpr auto resource_actions = std::to_array<std::string_view>({"index", "edit", "new", "show", "create", "update", "delete"});

void check_action_names(std::string_view path, const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (std::ranges::find(resource_actions, name) == resource_actions.end())
      throw std::invalid_argument("resources " + std::string(path) + ": no action " + name +
                                  "; there are index, edit, new, show, create, update, delete");
}

}  // namespace

void Scope::use_pipeline(std::string_view name) {
  if (!table_->pipelines.contains(name)) throw std::invalid_argument("scope " + context_.path + ": no pipeline " + std::string(name));
  if (std::ranges::find(context_.pipelines, name) != context_.pipelines.end())
    throw std::invalid_argument("scope " + context_.path + ": pipeline " + std::string(name) + " is there already");
  context_.pipelines.emplace_back(name);
}

Scope& Scope::pipe_through(std::initializer_list<std::string_view> pipelines) {
  for (const auto name : pipelines) use_pipeline(name);
  return *this;
}

Scope& Scope::scope(std::string_view path, std::initializer_list<std::string_view> pipelines, const Body& body) {
  ScopeOptions options;
  options.pipe_through.assign(pipelines.begin(), pipelines.end());
  return scope(path, options, body);
}

Scope& Scope::scope(std::string_view path, const ScopeOptions& options, const Body& body) {
  Context inner = context_;
  inner.path = join_path(context_.path, path);
  inner.name = join_name(context_.name, options.name);
  if (!options.hosts.empty()) inner.hosts = options.hosts;
  if (options.fallback) inner.fallback = options.fallback;
  Scope child(table_, std::move(inner));
  for (const auto& name : options.pipe_through) child.use_pipeline(name);
  body(child);
  return *this;
}

Scope& Scope::match(std::string_view verb, std::string_view path, Action action, std::string_view name) {
  if (!action) throw std::invalid_argument("route " + join_path(context_.path, path) + " has no action");
  Route route;
  route.info = {std::string(verb), join_path(context_.path, path), join_name(context_.name, name), context_.pipelines, context_.hosts};
  route.pattern = detail::parse_route_path(route.info.path);
  for (const auto& pipeline : context_.pipelines) route.pipelines.push_back(table_->pipelines.at(pipeline));
  route.action = std::move(action);
  route.fallback = context_.fallback;
  table_->routes.push_back(std::move(route));
  return *this;
}

Scope& Scope::forward(std::string_view path, Plug plug, std::string_view name) {
  const auto refuse = [&](const char* why) { throw std::invalid_argument("forward " + join_path(context_.path, path) + ": " + why); };
  if (!plug) refuse("there is no plug");
  for (const auto& segment : detail::parse_route_path(join_path(context_.path, path)))
    if (segment.kind != RouteSegment::Kind::literal) refuse("the path has to be literal");
  match(
      "*", join_path(path, "/*path"), [](Conn&) { return ActionResult(); }, name);
  auto& route = table_->routes.back();
  route.info.path = join_path(context_.path, path);
  route.action = nullptr;
  route.forward = std::move(plug);
  return *this;
}

Scope& Scope::resources(std::string_view path, const ResourceActions& actions, const ResourcesOptions& options, const Body& nested) {
  check_action_names(path, options.only);
  check_action_names(path, options.except);
  const auto segments = detail::split_path(path);
  if (segments.empty()) throw std::invalid_argument("resources need a path");
  const auto name = options.name.empty() ? singular(segments.back()) : options.name;
  const std::string base{path}, member = options.singleton ? base : base + "/:" + options.param;
  const auto add = [&](std::string_view which, std::string_view verb, const std::string& at, const Action& action) {
    const auto named = [&](const std::vector<std::string>& list) { return std::ranges::find(list, which) != list.end(); };
    if (!action || named(options.except) || (!options.only.empty() && !named(options.only))) return;
    match(verb, at, action, name + "." + std::string(which));
  };
  if (!options.singleton) add("index", "GET", base, actions.index);
  add("edit", "GET", member + "/edit", actions.edit);
  add("new", "GET", base + "/new", actions.new_);
  add("show", "GET", member, actions.show);
  add("create", "POST", base, actions.create);
  add("update", "PATCH", member, actions.update);
  add("update", "PUT", member, actions.update);
  add("delete", "DELETE", member, actions.delete_);
  if (nested) scope(options.singleton ? base : base + "/:" + name + "_" + options.param, ScopeOptions{.name = name}, nested);
  return *this;
}

Router::Router() : Scope(std::make_shared<detail::RouteTable>(), {}) {}

Router& Router::pipeline(std::string_view name, PlugChain plugs) {
  if (!table_->pipelines.try_emplace(std::string(name), table_->chains.size()).second)
    throw std::invalid_argument("pipeline " + std::string(name) + " is there already");
  table_->chains.push_back(std::move(plugs));
  return *this;
}

Plug Router::plug() const { return detail::dispatch_plug(*table_); }

std::vector<RouteInfo> Router::routes() const {
  std::vector<RouteInfo> out;
  for (const auto& route : table_->routes) out.push_back(route.info);
  return out;
}

std::string Router::routes_text() const {
  std::size_t widest = 0;
  for (const auto& route : table_->routes) widest = std::max(widest, route.info.path.size());
  std::ostringstream out;
  for (const auto& [info, pattern, pipelines, action, forward, fallback] : table_->routes) {
    out << std::left << std::setw(9) << info.verb << std::setw(static_cast<int>(widest) + 2) << info.path << info.name;
    for (const auto& pipeline : info.pipelines) out << (&pipeline == &info.pipelines.front() ? "  [" : ", ") << pipeline;
    if (!info.pipelines.empty()) out << "]";
    for (const auto& host : info.hosts) out << "  " << host;
    out << "\n";
  }
  return out.str();
}

}  // namespace phx::server
