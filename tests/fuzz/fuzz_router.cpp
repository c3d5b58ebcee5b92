// The path of a request through the route tree.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/json.hpp>
#include <phx/server/router.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::server;

namespace {

Router make_router() {
  const auto action = [](Conn& conn) { return ActionResult(json(conn, conn.path_params())); };
  Router router;
  router.get("/", action).get("/a/b/c", action).get("/a/:x/c", action).get("/a/:x/:y", action).get("/:x.json", action);
  router.get("/v:major/x", action).get("/files/*rest", action).get("/a/:x/:y/:z", action);
  router.scope("/host", ScopeOptions{.hosts = {"api."}}, [&](Scope& s) { s.match("*", "/*all", action); });
  return router;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Plug plug = make_router().plug();
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  Conn conn;
  conn.method = "GET";
  conn.host = "api.test";
  for (auto rest = path; !rest.empty();) {
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
    if (!segment.empty()) conn.path_info.emplace_back(segment);
  }
  conn = plug(std::move(conn));
  PHX_INVARIANT(conn.halted);
  PHX_INVARIANT(conn.error || conn.status == 200);
  PHX_INVARIANT(conn.error || !conn.route.empty());
  return 0;
}
