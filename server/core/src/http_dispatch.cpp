// Running routes: match, merge params, pipelines, action, fallback.
#include "http_dispatch.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

#include <phx/core/json.hpp>
#include <phx/server/query.hpp>
#include <phx/server/shard.hpp>

#include "http_observed.hpp"
#include "http_route_table.hpp"

namespace phx::server::detail {

namespace {

struct Dispatcher;
using DispatcherPtr = std::shared_ptr<const Dispatcher>;

bool host_fits(const std::vector<std::string>& hosts, std::string_view host) {
  return hosts.empty() ||
         std::ranges::any_of(hosts, [&](const std::string& h) { return h.ends_with('.') ? host.starts_with(h) : h == host; });
}

/// server.md 13: start; then stop, also when a plug halted; or exception, for what the action threw.
void tell(void (Observer::*event)(const RouterDispatch&), const Conn& conn, const Route& route, std::string_view reason = {}) {
  if (!conn.observer) return;
  const auto now = observed_now(*conn.shard, *conn.observer);
  (conn.observer->*event)({.conn = conn,
                           .route = route.info.path,
                           .plug = {},
                           .action = route.info.name,
                           .pipe_through = route.info.pipelines,
                           .params = conn.path_params(),
                           .duration = now - conn.dispatched,
                           .reason = reason});
}

/// One run of an action: the Conn stays here while the coroutine is suspended. Held by whoever will resume it.
struct ActionRun : std::enable_shared_from_this<ActionRun> {
  ActionRun(Conn c, const Route& r, DispatcherPtr table) : conn(std::move(c)), route(r), keep(std::move(table)) {}

  Conn conn;
  const Route& route;
  DispatcherPtr keep;
  std::optional<Conn> page;  // the Conn as it was before the action, for the error page
  std::optional<Answer> answer;
  ActionResult result;  // the coroutine refers to conn: it goes first

  void settle() noexcept {
    try {
      read_result();
      tell(&Observer::router_dispatch_stop, conn, route);
    } catch (...) { fail(); }
  }

  void fail() noexcept {
    conn = std::move(*page);
    conn.fail(std::current_exception());
    tell(&Observer::router_dispatch_exception, conn, route, describe(conn.error));
  }

 private:
  void read_result() {
    const auto value = result.take();
    if (std::holds_alternative<std::monostate>(value)) throw std::logic_error("the action of " + route.info.path + " gave back no answer");
    if (std::holds_alternative<Sent>(value)) return;
    (route.fallback ? route.fallback : ActionFallback(&action_fallback))(conn, value);
  }
};

struct Dispatcher : std::enable_shared_from_this<Dispatcher> {
  explicit Dispatcher(const RouteTable& from) : table(from) {
    for (std::uint32_t i = 0; i < table.routes.size(); ++i) tree.add(table.routes[i].pattern, i);
  }

  RouteTable table;
  RouteTree tree;

  Conn call(Conn conn) const {
    std::vector<std::string> segments;
    segments.reserve(conn.path_info.size());
    for (const auto& segment : conn.path_info) segments.push_back(percent_decode(segment));
    const auto match = tree.find(segments, [&](std::uint32_t index) {
      const auto& info = table.routes[index].info;
      return (info.verb == "*" || info.verb == conn.method) && host_fits(info.hosts, conn.host);
    });
    if (match.route == RouteTree::none) {
      conn.fail(std::make_exception_ptr(HttpError(404, "no route for " + conn.method + " " + conn.path)));
      return conn;
    }
    const auto& route = table.routes[match.route];
    conn.route = route.info.path;
    if (!route.forward) merge_params(conn, route, match, segments);
    if (conn.observer) conn.dispatched = observed_now(*conn.shard, *conn.observer);
    tell(&Observer::router_dispatch_start, conn, route);
    return pipe(route, std::move(conn), 0, match.glob_at);
  }

  static void merge_params(Conn& conn, const Route& route, const RouteTree::Match& match, const std::vector<std::string>& segments) {
    std::size_t next = 0;
    for (const auto& segment : route.pattern) {
      if (segment.kind == RouteSegment::Kind::literal) continue;
      Json value = Json::array();
      if (segment.kind == RouteSegment::Kind::param)
        value = std::string(match.captures[next++]);
      else
        for (auto i = match.glob_at; i < segments.size(); ++i) value.push_back(segments[i]);
      conn.path_params()[segment.text] = value;
      conn.params()[segment.text] = std::move(value);
    }
  }

  /// The route's, but for tests that name others (server.md 16).
  std::size_t pipeline_count(const Route& route, const Conn& conn) const {
    const auto* bypass = conn.bypass();
    return bypass && bypass->pipelines ? bypass->pipelines->size() : route.pipelines.size();
  }
  const PlugChain& pipeline_at(const Route& route, const Conn& conn, std::size_t i) const {
    const auto* bypass = conn.bypass();
    if (!bypass || !bypass->pipelines) return table.chains[route.pipelines[i]];
    const auto named = table.pipelines.find(bypass->pipelines->at(i));
    if (named == table.pipelines.end()) throw std::invalid_argument("bypass_through: no pipeline " + bypass->pipelines->at(i));
    return table.chains[named->second];
  }

  /// The pipelines from this one on, then the action. A failing plug leaves what its pipeline was given (server.md 12).
  Conn pipe(const Route& route, Conn conn, std::size_t first, std::size_t depth) const {
    for (auto i = first; i < pipeline_count(route, conn); ++i) {
      conn = run_chain(route, std::move(conn), i, 0, depth);
      if (conn.halted && !conn.error) tell(&Observer::router_dispatch_stop, conn, route);
      if (conn.halted || conn.later) return conn;
    }
    if (conn.bypass()) return conn;
    return route.forward ? forward(route, std::move(conn), depth) : act(route, std::move(conn));
  }

  Conn run_chain(const Route& route, Conn conn, std::size_t pipeline, std::size_t first, std::size_t depth) const {
    auto page = conn.for_error_page();
    std::size_t next = first;
    try {
      next = run_plugs(pipeline_at(route, conn, pipeline), first, conn);
    } catch (...) {
      page.fail(std::current_exception());
      return page;
    }
    if (conn.later && !conn.halted) go_on_later(route, conn, pipeline, next, depth);
    return conn;
  }

  /// A plug answers later: what comes after it has to wait.
  void go_on_later(const Route& route, Conn& conn, std::size_t pipeline, std::size_t next, std::size_t depth) const {
    conn.answer_later(
        [self = shared_from_this(), &route, pipeline, next, depth, begin = std::move(conn.later)](Conn waiting, const Answer& answer) {
          auto slot = std::make_shared<AnswerSlot>();
          slot->resume = [self, &route, pipeline, next, depth, answer](Conn back) {
            if (!back.halted) back = self->run_chain(route, std::move(back), pipeline, next, depth);
            if (!back.halted && !back.later) back = self->pipe(route, std::move(back), pipeline + 1, depth);
            if (!back.later || back.halted) return answer(std::move(back));
            const auto again = std::exchange(back.later, nullptr);
            again(std::move(back), answer);
          };
          begin(std::move(waiting), Answer(std::move(slot)));
        });
  }

  static Conn forward(const Route& route, Conn conn, std::size_t depth) {
    auto& rest = conn.path_info;
    const auto middle = rest.begin() + static_cast<std::ptrdiff_t>(std::min(depth, rest.size()));
    conn.script_name.insert(conn.script_name.end(), rest.begin(), middle);
    rest.erase(rest.begin(), middle);
    auto page = conn.for_error_page();
    try {
      conn = route.forward(std::move(conn));
      if (!conn.error && !conn.later) tell(&Observer::router_dispatch_stop, conn, route);
      return conn;
    } catch (...) {
      page.fail(std::current_exception());
      return page;
    }
  }

  Conn act(const Route& route, Conn conn) const {
    const auto run = std::make_shared<ActionRun>(std::move(conn), route, shared_from_this());
    run->page = run->conn.for_error_page();
    run->conn.set_owner(run);
    try {
      run->result = route.action(run->conn);
    } catch (...) {
      run->fail();
      return std::move(run->conn);
    }
    if (run->result.ready()) {
      run->settle();
      return std::move(run->conn);
    }
    Conn waiting;
    waiting.answer_later([weak = std::weak_ptr(run)](Conn, Answer answer) {
      if (const auto held = weak.lock()) held->answer = std::move(answer);
    });
    run->result.on_ready(
        [](void* context) {  // inside the coroutine's last step: it ends before the Conn goes
          auto done = static_cast<ActionRun*>(context)->shared_from_this();
          done->conn.shard->defer([done] {
            done->settle();
            if (done->answer) (*done->answer)(std::move(done->conn));
          });
        },
        run.get());
    return waiting;
  }
};

}  // namespace

Plug dispatch_plug(const RouteTable& table) {
  const auto dispatcher = std::make_shared<const Dispatcher>(table);
  return [dispatcher](Conn conn) { return dispatcher->call(std::move(conn)); };
}

}  // namespace phx::server::detail
