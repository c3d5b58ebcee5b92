#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/server/controller.hpp>
#include <phx/server/plug.hpp>

namespace phx::server {

namespace detail {
struct RouteTable;
}

struct ScopeOptions {
  std::vector<std::string> pipe_through = {};
  std::vector<std::string> hosts = {};  ///< exact, or a prefix when ending in a dot: "api."
  std::string name = {};                ///< put before the names of routes: "api_v1"
  ActionFallback fallback = {};         ///< else that of the scope around, at last action_fallback
};

/// Which of the seven routes, and how they are called. `only` and `except` name actions: index edit new show create update delete.
struct ResourcesOptions {
  std::vector<std::string> only = {}, except = {};
  std::string param = "id";
  std::string name = {};   ///< else made from the path
  bool singleton = false;  ///< "/user": no id, no index
};

/// The actions of a resource, in Phoenix's order; those a controller does not have are no routes.
struct ResourceActions {
  Action index, edit, new_, show, create, update, delete_;
};

/// Takes the actions from the methods that a controller has: index edit new_ show create update delete_, each ActionResult(Conn&).
template <class C>
ResourceActions actions_of(const std::shared_ptr<C>& c) {
  ResourceActions out;
  if constexpr (requires(Conn& conn) { c->index(conn); }) out.index = [c](Conn& conn) { return c->index(conn); };
  if constexpr (requires(Conn& conn) { c->edit(conn); }) out.edit = [c](Conn& conn) { return c->edit(conn); };
  if constexpr (requires(Conn& conn) { c->new_(conn); }) out.new_ = [c](Conn& conn) { return c->new_(conn); };
  if constexpr (requires(Conn& conn) { c->show(conn); }) out.show = [c](Conn& conn) { return c->show(conn); };
  if constexpr (requires(Conn& conn) { c->create(conn); }) out.create = [c](Conn& conn) { return c->create(conn); };
  if constexpr (requires(Conn& conn) { c->update(conn); }) out.update = [c](Conn& conn) { return c->update(conn); };
  if constexpr (requires(Conn& conn) { c->delete_(conn); }) out.delete_ = [c](Conn& conn) { return c->delete_(conn); };
  return out;
}

/// One line of the route table.
struct RouteInfo {
  std::string verb, path, name;  ///< verb "*": any
  std::vector<std::string> pipelines, hosts;
  bool operator==(const RouteInfo&) const = default;
};

/// Where routes are declared. Segments of a path: literal, `:name`, `prefix:name`, `:name.suffix`, and last `*rest` (the list of the
/// segments left, maybe none). A path or option that can not work throws std::invalid_argument naming the route.
class Scope {
 public:
  using Body = std::function<void(Scope&)>;

  Scope& get(std::string_view path, Action action, std::string_view name = {}) { return match("GET", path, std::move(action), name); }
  Scope& post(std::string_view path, Action action, std::string_view name = {}) { return match("POST", path, std::move(action), name); }
  Scope& put(std::string_view path, Action action, std::string_view name = {}) { return match("PUT", path, std::move(action), name); }
  Scope& patch(std::string_view path, Action action, std::string_view name = {}) { return match("PATCH", path, std::move(action), name); }
  Scope& delete_(std::string_view path, Action action, std::string_view name = {}) {
    return match("DELETE", path, std::move(action), name);
  }
  Scope& options(std::string_view path, Action action, std::string_view name = {}) {
    return match("OPTIONS", path, std::move(action), name);
  }
  /// verb: "*" takes any.
  Scope& match(std::string_view verb, std::string_view path, Action action, std::string_view name = {});

  /// nested: gets a scope below one member, `/users/:user_id`.
  Scope& resources(std::string_view path, const ResourceActions& actions, const ResourcesOptions& options = {}, const Body& nested = {});
  template <class C>
  Scope& resources(std::string_view path, const std::shared_ptr<C>& controller, const ResourcesOptions& options = {},
                   const Body& nested = {}) {
    return resources(path, actions_of(controller), options, nested);
  }

  Scope& scope(std::string_view path, std::initializer_list<std::string_view> pipelines, const Body& body);
  Scope& scope(std::string_view path, const Body& body) { return scope(path, {}, body); }
  Scope& scope(std::string_view path, const ScopeOptions& options, const Body& body);
  /// Adds pipelines for the routes declared from here on.
  Scope& pipe_through(std::initializer_list<std::string_view> pipelines);
  /// Everything below a path of literals goes to the plug; path_info is the rest, script_name what was taken away.
  Scope& forward(std::string_view path, Plug plug, std::string_view name = {});

 private:
  friend class Router;
  struct Context {
    std::string path, name;
    std::vector<std::string> pipelines, hosts;
    ActionFallback fallback;
  };
  Scope(std::shared_ptr<detail::RouteTable> table, Context context) : table_(std::move(table)), context_(std::move(context)) {}
  void use_pipeline(std::string_view name);

  std::shared_ptr<detail::RouteTable> table_;
  Context context_;
};

/// Maps (method, path, host) to an action behind pipelines of plugs, as Phoenix.Router (server.md 11.3): the first declared route that
/// matches, its params merged over the others, then its pipelines, then the action. No route: 404, whatever the method. Matching walks
/// a tree of segments; segments are percent-decoded, bad escapes stay as they are.
///
///   Router router;
///   router.pipeline("api", {plug::accepts({"json"})});
///   router.scope("/api", {"api"}, [](Scope& api) { api.get("/rooms/:id", &show_room); });
///   options.plugs = {plug::parsers(), router.plug()};
class Router : public Scope {
 public:
  Router();

  /// Before the scopes that name it. Throws std::invalid_argument for a second one of this name.
  Router& pipeline(std::string_view name, PlugChain plugs);

  /// The plug; later declarations do not change it.
  Plug plug() const;
  /// In the order of declaration.
  std::vector<RouteInfo> routes() const;
  /// routes() as a table for people.
  std::string routes_text() const;
};

}  // namespace phx::server
