#include <phx/load/statistics.hpp>

#include <phx/core/json.hpp>

#include <algorithm>
#include <numeric>

namespace phx::load {
namespace {

constexpr std::array<std::string_view, metric_count> metric_names{
    "connect",  "connect_actual",  "tcp",      "tls",      "upgrade",   "join", "ready",   "reply", "reply_actual",
    "delivery", "delivery_actual", "presence", "recovery", "heartbeat", "lag",  "scenario"};
constexpr std::array<std::string_view, counter_count> counter_names{
    "attempts",  "connects",        "join_attempts",     "joins",          "leaves",  "pushes",   "replies",   "published", "deliveries",
    "late",      "heartbeats",      "presence_messages", "other_messages", "skipped", "bytes_in", "bytes_out", "sends",     "receives",
    "scenarios", "scenarios_failed"};
constexpr std::array<std::string_view, error_count> error_names{"connect_refused",  "connect_timeout",
                                                                "connect_failed",   "no_ports",
                                                                "no_descriptors",   "tls",
                                                                "upgrade_refused",  "bad_handshake",
                                                                "join_refused",     "join_timeout",
                                                                "reply_error",      "reply_timeout",
                                                                "unexpected_reply", "heartbeat_timeout",
                                                                "channel_error",    "channel_closed",
                                                                "closed_by_server", "connection_lost",
                                                                "protocol",         "http",
                                                                "expect_failed",    "scenario_timeout",
                                                                "scenario_error"};

template <std::size_t N>
Json named(const std::array<std::uint64_t, N>& values, const std::array<std::string_view, N>& names) {
  Json out = Json::object();
  for (std::size_t i = 0; i < N; ++i)
    if (values[i] != 0) out[std::string(names[i])] = values[i];
  return out;
}

/// False: something else than counts.
template <std::size_t N>
bool read_named(const Json& json, std::array<std::uint64_t, N>& values, const std::array<std::string_view, N>& names) {
  if (!json.is_object()) return false;
  for (const auto& [key, value] : json.items()) {
    const auto at = std::find(names.begin(), names.end(), key);
    if (at == names.end() || !value.is_number_unsigned()) return false;
    values[static_cast<std::size_t>(at - names.begin())] = value.template get<std::uint64_t>();
  }
  return true;
}

constexpr std::array<std::string_view, Second::latencies> latency_names{"join", "reply", "delivery"};

Json cells_json(const std::map<std::uint16_t, std::uint64_t>& cells) {
  Json out = Json::array();
  for (const auto& [cell, n] : cells) {
    out.push_back(cell);
    out.push_back(n);
  }
  return out;
}

bool read_cells(const Json& json, std::map<std::uint16_t, std::uint64_t>& cells) {
  if (!json.is_array() || json.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < json.size(); i += 2) {
    if (!json[i].is_number_unsigned() || !json[i + 1].is_number_unsigned() ||
        json[i].get<std::uint64_t>() >= core::Histogram::bucket_count / 8)
      return false;
    cells[json[i].get<std::uint16_t>()] += json[i + 1].get<std::uint64_t>();
  }
  return true;
}

}  // namespace

std::string_view metric_name(Metric m) noexcept { return metric_names[static_cast<std::size_t>(m)]; }
std::string_view counter_name(Counter c) noexcept { return counter_names[static_cast<std::size_t>(c)]; }
std::string_view error_name(ErrorClass c) noexcept { return error_names[static_cast<std::size_t>(c)]; }

std::uint64_t Stats::errors() const noexcept { return std::accumulate(errors_.begin(), errors_.end(), std::uint64_t{0}); }

double Stats::error_rate() const noexcept {
  const auto tried = (*this)[Counter::attempts] + (*this)[Counter::join_attempts] + (*this)[Counter::pushes] + (*this)[Counter::published];
  return tried == 0 ? 0.0 : static_cast<double>(errors()) / static_cast<double>(tried);
}

void Stats::merge(const Stats& other) noexcept {
  for (std::size_t i = 0; i < metric_count; ++i) metrics_[i].merge(other.metrics_[i]);
  for (std::size_t i = 0; i < counter_count; ++i) counters_[i] += other.counters_[i];
  for (std::size_t i = 0; i < error_count; ++i) errors_[i] += other.errors_[i];
}

Json Stats::to_json() const {
  Json histograms = Json::object();
  for (std::size_t i = 0; i < metric_count; ++i)
    if (!metrics_[i].empty()) histograms[std::string(metric_names[i])] = metrics_[i].to_json();
  return obj("histograms", std::move(histograms), "counters", named(counters_, counter_names), "errors", named(errors_, error_names));
}

Result<Stats> Stats::from_json(const Json& json) {
  Stats out;
  if (!json.is_object() || !json.contains("histograms") || !json["histograms"].is_object()) return failure(Errc::bad_json);
  for (const auto& [key, value] : json["histograms"].items()) {
    const auto at = std::find(metric_names.begin(), metric_names.end(), key);
    auto histogram = core::Histogram::from_json(value);
    if (at == metric_names.end() || !histogram) return failure(Errc::bad_json);
    out.metrics_[static_cast<std::size_t>(at - metric_names.begin())] = std::move(*histogram);
  }
  if (!read_named(json.value("counters", Json::object()), out.counters_, counter_names) ||
      !read_named(json.value("errors", Json::object()), out.errors_, error_names))
    return failure(Errc::bad_json);
  return out;
}

Json summary_json(const core::Histogram& h) {
  const auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1000.0; };
  return obj("count", h.count(), "p50_us", us(h.percentile(50)), "p90_us", us(h.percentile(90)), "p99_us", us(h.percentile(99)), "p999_us",
             us(h.percentile(99.9)), "max_us", us(h.max()), "mean_us", h.mean() / 1000.0);
}

std::uint64_t Second::percentile_ns(Latency which, double percent) const noexcept {
  std::uint64_t total = 0, passed = 0;
  for (const auto& [cell, n] : cells[which]) total += n;
  const double wanted = percent / 100.0 * static_cast<double>(total);
  for (const auto& [cell, n] : cells[which]) {
    passed += n;
    if (static_cast<double>(passed) >= wanted) return lowest_of(cell);
  }
  return 0;
}

void Second::merge(const Second& other) {
  t = other.t;
  connected += other.connected;
  joined += other.joined;
  for (std::size_t i = 0; i < counter_count; ++i) counters[i] += other.counters[i];
  errors += other.errors;
  lag_max_us = std::max(lag_max_us, other.lag_max_us);
  backlog_bytes += other.backlog_bytes;
  cpu += other.cpu;
  for (std::size_t i = 0; i < latencies; ++i)
    for (const auto& [cell, n] : other.cells[i]) cells[i][cell] += n;
}

Json Second::to_json() const {
  Json latency = Json::object();
  for (std::size_t i = 0; i < latencies; ++i)
    if (!cells[i].empty()) latency[std::string(latency_names[i])] = cells_json(cells[i]);
  return obj("t", t, "connected", connected, "joined", joined, "counters", named(counters, counter_names), "errors", errors, "lag_max_us",
             lag_max_us, "backlog_bytes", backlog_bytes, "cpu", cpu, "latency", std::move(latency));
}

Result<Second> Second::from_json(const Json& json) {
  Second out;
  if (!json.is_object()) return failure(Errc::bad_json);
  try {
    out.t = json.at("t").get<std::uint32_t>();
    out.connected = json.at("connected").get<std::uint64_t>();
    out.joined = json.at("joined").get<std::uint64_t>();
    out.errors = json.at("errors").get<std::uint64_t>();
    out.lag_max_us = json.at("lag_max_us").get<std::uint64_t>();
    out.backlog_bytes = json.at("backlog_bytes").get<std::uint64_t>();
    out.cpu = json.at("cpu").get<double>();
    if (!read_named(json.at("counters"), out.counters, counter_names) || !json.at("latency").is_object()) return failure(Errc::bad_json);
    for (std::size_t i = 0; i < latencies; ++i) {
      const auto cells = json["latency"].find(latency_names[i]);
      if (cells != json["latency"].end() && !read_cells(*cells, out.cells[i])) return failure(Errc::bad_json);
    }
  } catch (const Json::exception&) { return failure(Errc::bad_json); }
  return out;
}

void merge_series(Series& into, const Series& from) {
  for (const auto& [t, second] : from) into[t].merge(second);
}

}  // namespace phx::load
