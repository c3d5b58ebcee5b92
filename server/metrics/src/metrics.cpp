#include <phx/server/metrics.hpp>

#include <future>
#include <utility>

namespace phx::server {

namespace {

constexpr auto collect_limit = std::chrono::seconds(1);

void answer_text(Conn conn, const Answer& answer, const std::string& text) {
  conn.put_resp_header("content-type", "text/plain; version=0.0.4; charset=utf-8");
  conn.send_resp(200, text);
  answer(std::move(conn));
}

/// On the worker of the connection: `answer` there, whoever has counted last.
void scrape(Endpoint& endpoint, Conn conn, Answer answer) {
  Shard& shard = *conn.shard;
  auto waiting = std::make_shared<std::pair<Conn, Answer>>(std::move(conn), std::move(answer));
  endpoint.gather([&shard, waiting](EndpointStats stats) {
    auto text = std::make_shared<const std::string>(metrics_text(stats));
    shard.post([waiting, text] { answer_text(std::move(waiting->first), waiting->second, *text); });
  });
}

}  // namespace

Metrics::Metrics(Endpoint& endpoint) : endpoint_(endpoint) { endpoint_.measure(); }

Plug Metrics::plug(std::string path) const {
  return [&endpoint = endpoint_, path = std::move(path)](Conn conn) {
    if (conn.path != path || (conn.method != "GET" && conn.method != "HEAD")) return conn;
    conn.answer_later([&endpoint](Conn request, Answer answer) { scrape(endpoint, std::move(request), std::move(answer)); });
    return conn;
  };
}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  auto promise = std::make_shared<std::promise<EndpointStats>>();
  auto stats = promise->get_future();
  endpoint_.gather([promise](EndpointStats gathered) { promise->set_value(std::move(gathered)); });
  if (stats.wait_for(collect_limit) != std::future_status::ready) return {};
  return metric_families(stats.get());
}

}  // namespace phx::server
