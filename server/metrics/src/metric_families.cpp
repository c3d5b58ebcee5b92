#include <sstream>

#include <prometheus/text_serializer.h>

#include <phx/server/metrics.hpp>

namespace phx::server {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Label = ClientMetric::Label;

/// Edges of the duration histograms, in nanoseconds: 1, 2.5, 5 of each power of ten from 10 us to 10 s.
constexpr std::uint64_t edges[] = {10'000,      25'000,        50'000,        100'000,       250'000,       500'000,     1'000'000,
                                   2'500'000,   5'000'000,     10'000'000,    25'000'000,    50'000'000,    100'000'000, 250'000'000,
                                   500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

class Families {
 public:
  explicit Families(std::vector<MetricFamily>& out) : out_(out) {}

  void counter(const char* name, const char* help, std::uint64_t value) {
    begin(name, help, MetricType::Counter);
    counted({}, value);
  }
  void gauge(const char* name, const char* help, std::uint64_t value) {
    begin(name, help, MetricType::Gauge);
    measured({}, value);
  }
  void begin(const char* name, const char* help, MetricType type) { out_.push_back({name, help, type, {}}); }
  void counted(std::vector<Label> labels, std::uint64_t value) { add(std::move(labels)).counter.value = static_cast<double>(value); }
  void measured(std::vector<Label> labels, std::uint64_t value) { add(std::move(labels)).gauge.value = static_cast<double>(value); }

  void histogram(const char* name, const char* help, const core::Histogram& values) {
    begin(name, help, MetricType::Histogram);
    auto& histogram = add({}).histogram;
    histogram.sample_count = values.count();
    histogram.sample_sum = static_cast<double>(values.sum()) / 1e9;
    for (const auto edge : edges) histogram.bucket.push_back({values.count_up_to(edge), static_cast<double>(edge) / 1e9});
  }

 private:
  ClientMetric& add(std::vector<Label> labels) {
    auto& metric = out_.back().metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }
  std::vector<MetricFamily>& out_;
};

void add_connections(Families& families, const EndpointStats& stats) {
  families.gauge("phx_connections", "Open TCP connections.", stats.connections.now);
  families.counter("phx_connections_total", "TCP connections that were accepted.", stats.connections.total);
  families.counter("phx_connections_refused_total", "TCP connections closed at once: over the limit, or too late.",
                   stats.connections_refused);
  families.begin("phx_sockets", "Open socket sessions.", MetricType::Gauge);
  families.measured({{"transport", "websocket"}}, stats.websocket.now);
  families.measured({{"transport", "longpoll"}}, stats.longpoll.now);
  families.begin("phx_sockets_total", "Socket sessions that were opened.", MetricType::Counter);
  families.counted({{"transport", "websocket"}}, stats.websocket.total);
  families.counted({{"transport", "longpoll"}}, stats.longpoll.total);
  families.begin("phx_upgrades_refused_total", "WebSocket requests that got no 101.", MetricType::Counter);
  for (const auto& [status, times] : stats.upgrades_refused) families.counted({{"status", std::to_string(status)}}, times);
  families.counter("phx_slow_readers_cut_total", "Connections that were cut because their peer did not read.", stats.slow_readers_cut);
  families.counter("phx_tls_failures_total", "TLS connections that failed.", stats.tls_failures);
}

void add_channels(Families& families, const EndpointStats& stats) {
  families.gauge("phx_channels", "Channels joined now.", stats.channels_now);
  families.begin("phx_joins_total", "Joins by result.", MetricType::Counter);
  families.counted({{"result", "ok"}}, stats.joins_ok);
  families.counted({{"result", "error"}}, stats.joins_refused);
  families.counted({{"result", "crash"}}, stats.joins_crashed);
  families.counter("phx_channel_crashes_total", "Channels that ended by an exception.", stats.channel_crashes);
  families.begin("phx_messages_total", "Messages of sockets.", MetricType::Counter);
  families.counted({{"direction", "in"}}, stats.messages_in);
  families.counted({{"direction", "out"}}, stats.messages_out);
  families.counter("phx_broadcasts_total", "Broadcasts of this node.", stats.broadcasts);
  families.gauge("phx_mailbox_messages", "Messages that wait for their channel.", stats.mailbox_now);
  families.gauge("phx_mailbox_longest", "The longest mailbox of one channel since start.", stats.mailbox_longest);
}

void add_writing(Families& families, const EndpointStats& stats) {
  families.begin("phx_bytes_total", "Bytes of connections.", MetricType::Counter);
  families.counted({{"direction", "in"}}, stats.bytes_in);
  families.counted({{"direction", "out"}}, stats.bytes_out);
  families.counter("phx_sends_total", "System calls that wrote.", stats.sends);
  families.counter("phx_frames_merged_total", "Frames that continued the one before and left with it.", stats.merged);
  families.gauge("phx_outbox_bytes", "Bytes that wait for the kernel.", stats.outbox_bytes);
  families.gauge("phx_outbox_bytes_max", "Bytes that wait on the fullest connection.", stats.outbox_bytes_max);
}

void add_requests(Families& families, const EndpointStats& stats) {
  families.begin("phx_http_requests_total", "Answered requests by route and status; the route is empty where none matched.",
                 MetricType::Counter);
  for (const auto& [route, times] : stats.requests)
    families.counted({{"route", route.first}, {"status", std::to_string(route.second)}}, times);
}

void add_loops(Families& families, const EndpointStats& stats) {
  families.gauge("phx_workers", "Worker threads.", stats.workers);
  families.counter("phx_turns_total", "Turns of the event loops.", stats.turns);
  families.gauge("phx_pool_queue", "Blocking work that waits for a thread.", stats.pool_queued);
}

void add_durations(Families& families, const ShardDurations& durations) {
  families.histogram("phx_socket_connect_seconds", "Time in connect callbacks.", durations.connect);
  families.histogram("phx_channel_join_seconds", "Time of joins.", durations.join);
  families.histogram("phx_channel_handle_in_seconds", "Time of handle_in.", durations.handle_in);
  families.histogram("phx_http_request_seconds", "Time from request to answer.", durations.request);
  families.histogram("phx_turn_seconds", "Time of event-loop turns.", durations.turn);
}

}  // namespace

std::vector<MetricFamily> metric_families(const EndpointStats& stats) {
  std::vector<MetricFamily> out;
  Families families(out);
  add_connections(families, stats);
  add_channels(families, stats);
  add_writing(families, stats);
  add_requests(families, stats);
  add_loops(families, stats);
  if (stats.durations) add_durations(families, *stats.durations);
  return out;
}

std::string metrics_text(const EndpointStats& stats) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, metric_families(stats));
  return std::move(out).str();
}

}  // namespace phx::server
