#include <utility>

#include <phx/server/plugs.hpp>
#include <phx/server/shard.hpp>

#include "http_observed.hpp"

namespace phx::server::plug {

Plug telemetry() {
  return [](Conn conn) {
    if (!conn.observer) return conn;
    conn.observer->endpoint_start({conn});
    const auto started = detail::observed_now(*conn.shard, *conn.observer);
    conn.register_before_send([started, method = conn.method, path = conn.path](Conn& answer) {
      const Duration took = detail::observed_now(*answer.shard, *answer.observer) - started;
      auto& stats = answer.shard->stats();
      stats.count_request(answer.route, answer.status);
      if (stats.durations) stats.durations->request.record(took);
      answer.observer->endpoint_stop({answer, method, path, took});
    });
    return conn;
  };
}

}  // namespace phx::server::plug
