#include <phx/load/result.hpp>

#include <phx/core/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

namespace phx::load {
namespace {

/// Per topic, the worst first; the rest in one line.
Json topics_json(const std::map<std::string, Deliveries>& topics) {
  constexpr std::size_t most = 100;
  std::vector<std::pair<std::string, Deliveries>> list(topics.begin(), topics.end());
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
    return a.second.lost + a.second.duplicate + a.second.out_of_order > b.second.lost + b.second.duplicate + b.second.out_of_order;
  });
  Json out = Json::array();
  Deliveries rest;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i >= most) {
      rest.add(list[i].second);
      continue;
    }
    Json row = list[i].second.to_json();
    row["topic"] = list[i].first;
    out.push_back(std::move(row));
  }
  if (list.size() > most) {
    Json row = rest.to_json();
    row["topics"] = list.size() - most;
    out.push_back(std::move(row));
  }
  return out;
}

Json latency_json(const Stats& stats, Metric planned, std::optional<Metric> actual) {
  Json out = summary_json(stats[planned]);
  if (actual) out["actual"] = summary_json(stats[*actual]);
  return out;
}

Json metrics_json(const Stats& s) {
  Json out = obj("connect", latency_json(s, Metric::connect, Metric::connect_actual), "join", latency_json(s, Metric::join, {}), "ready",
                 latency_json(s, Metric::ready, {}), "reply", latency_json(s, Metric::reply, Metric::reply_actual), "delivery",
                 latency_json(s, Metric::delivery, Metric::delivery_actual), "presence", latency_json(s, Metric::presence, {}), "recovery",
                 latency_json(s, Metric::recovery, {}), "heartbeat", latency_json(s, Metric::heartbeat, {}));
  out["connect"]["phases"] =
      obj("tcp", summary_json(s[Metric::tcp]), "tls", summary_json(s[Metric::tls]), "upgrade", summary_json(s[Metric::upgrade]));
  if (!s[Metric::scenario].empty()) out["scenario"] = latency_json(s, Metric::scenario, {});
  Json classes = Json::object();
  for (std::size_t i = 0; i < error_count; ++i) {
    const auto c = static_cast<ErrorClass>(i);
    if (s[c] > 0) classes[std::string(error_name(c))] = s[c];
  }
  out["errors"] = obj("total", s.errors(), "rate", s.error_rate(), "by_class", std::move(classes));
  return out;
}

Json users_json(const UserCounts& u) { return obj("planned", u.planned, "connected", u.connected, "joined", u.joined, "failed", u.failed); }

std::string text_of(double value, const char* format) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), format, value);
  return out.data();
}

std::vector<std::string> overload_reasons(const Report& r, const Stats& total) {
  std::vector<std::string> out = r.part.generator.trouble;
  const Generator& g = r.part.generator;
  const double lag_us = static_cast<double>(total[Metric::lag].percentile(99)) / 1000;
  if (lag_us > r.max_lag_us)
    out.push_back("scheduler lag p99 is " + text_of(lag_us / 1000, "%.1f") + " ms (limit " + text_of(r.max_lag_us / 1000, "%g") +
                  " ms): what was due was done late");
  if (g.busiest_thread > 0.95)
    out.push_back("a thread used " + text_of(g.busiest_thread * 100, "%.0f") + " % of its core: add --threads or --processes");
  const auto done = static_cast<double>(total[Counter::pushes] + total[Counter::published]),
             skipped = static_cast<double>(total[Counter::skipped]);
  if (skipped > 0.05 * (done + skipped))
    out.push_back(
        "only " + text_of(100 * done / (done + skipped), "%.1f") +
        " % of the planned actions were made: replies did not come fast enough for 64 pushes under way per user, or there was no time");
  if (total[ErrorClass::no_descriptors] > 0)
    out.push_back("out of file descriptors (limit " + std::to_string(g.descriptor_limit) + "): raise ulimit -n or add --processes");
  if (total[ErrorClass::no_ports] > 0) out.push_back("out of local ports: add --source addresses");
  return out;
}

std::vector<GateResult> judge(const Report& r, const Deliveries& deliveries) {
  std::vector<GateResult> out;
  const Json whole = figures(r.part.total(), deliveries, r.part.users, r.seconds);
  for (const GateSpec& spec : r.gates) out.push_back(Gate::parse(spec.expr).value().evaluate(whole));
  for (std::size_t i = 0; i < r.stages.size(); ++i) {
    if (r.stages[i].gates.empty()) continue;
    const Stats none;
    const Json part = figures(i < r.part.stages.size() ? r.part.stages[i] : none, deliveries, r.part.users, seconds(r.stages[i].length));
    for (const std::string& expr : r.stages[i].gates) {
      out.push_back(Gate::parse(expr).value().evaluate(part));
      out.back().stage = r.stages[i].name;
    }
  }
  return out;
}

Json stages_json(const Report& r) {
  Json out = Json::array();
  for (std::size_t i = 0; i < r.part.stages.size(); ++i) {
    Json stage = metrics_json(r.part.stages[i]);
    stage["name"] = i < r.stages.size() ? r.stages[i].name : "stage " + std::to_string(i + 1);
    if (i < r.stages.size()) {
      stage["users"] = r.stages[i].users;
      stage["seconds"] = seconds(r.stages[i].length);
    }
    stage["raw"] = r.part.stages[i].to_json();
    out.push_back(std::move(stage));
  }
  return out;
}

Json generator_json(const Report& r, const Stats& total, const std::vector<std::string>& reasons) {
  const Generator& g = r.part.generator;
  Json out = g.to_json();
  out["cpu"] = r.seconds > 0 ? g.cpu_seconds / r.seconds : 0.0;
  out["lag_p50_us"] = static_cast<double>(total[Metric::lag].percentile(50)) / 1000;
  out["lag_p99_us"] = static_cast<double>(total[Metric::lag].percentile(99)) / 1000;
  out["lag_max_us"] = static_cast<double>(total[Metric::lag].max()) / 1000;
  out["max_lag_us"] = r.max_lag_us;
  out["overloaded"] = !reasons.empty();
  out["reasons"] = reasons;
  return out;
}

}  // namespace

void Generator::merge(const Generator& o) {
  cpu_seconds += o.cpu_seconds;
  busiest_thread = std::max(busiest_thread, o.busiest_thread);
  retransmits += o.retransmits;
  descriptors += o.descriptors;
  descriptor_limit = descriptor_limit == 0 ? o.descriptor_limit : std::min(descriptor_limit, o.descriptor_limit);
  backlog_max_bytes += o.backlog_max_bytes;
  resident_bytes += o.resident_bytes;
  threads += o.threads;
  processes += o.processes;
  trouble.insert(trouble.end(), o.trouble.begin(), o.trouble.end());
}

Json Generator::to_json() const {
  return obj("cpu_seconds", cpu_seconds, "busiest_thread", busiest_thread, "retransmits", retransmits, "descriptors", descriptors,
             "descriptor_limit", descriptor_limit, "backlog_max_bytes", backlog_max_bytes, "resident_bytes", resident_bytes, "threads",
             threads, "processes", processes, "trouble", trouble);
}

Generator Generator::from_json(const Json& j) {
  Generator g;
  g.cpu_seconds = j.at("cpu_seconds").get<double>();
  g.busiest_thread = j.at("busiest_thread").get<double>();
  g.retransmits = j.at("retransmits").get<std::uint64_t>();
  g.descriptors = j.at("descriptors").get<std::uint64_t>();
  g.descriptor_limit = j.at("descriptor_limit").get<std::uint64_t>();
  g.backlog_max_bytes = j.at("backlog_max_bytes").get<std::uint64_t>();
  g.resident_bytes = j.at("resident_bytes").get<std::uint64_t>();
  g.threads = j.at("threads").get<std::uint32_t>();
  g.processes = j.at("processes").get<std::uint32_t>();
  g.trouble = j.at("trouble").get<std::vector<std::string>>();
  return g;
}

void RunPart::merge(RunPart&& other) {
  if (stages.size() < other.stages.size()) stages.resize(other.stages.size());
  for (std::size_t i = 0; i < other.stages.size(); ++i) stages[i].merge(other.stages[i]);
  ledger.merge(std::move(other.ledger));
  users.add(other.users);
  merge_series(series, other.series);
  generator.merge(other.generator);
  if (refusal.empty()) refusal = std::move(other.refusal);
}

Stats RunPart::total() const {
  Stats out;
  for (const Stats& s : stages) out.merge(s);
  return out;
}

Json RunPart::to_json(std::int64_t zero) const {
  Json all = Json::array(), rows = Json::array();
  for (const Stats& s : stages) all.push_back(s.to_json());
  for (const auto& [t, second] : series) rows.push_back(second.to_json());
  return obj("stages", std::move(all), "ledger", ledger.to_json(zero), "users", users_json(users), "series", std::move(rows), "generator",
             generator.to_json(), "refusal", refusal);
}

Result<RunPart> RunPart::from_json(const Json& j) {
  RunPart out;
  try {
    for (const Json& s : j.at("stages")) {
      auto stats = Stats::from_json(s);
      if (!stats) return failure(Errc::bad_json);
      out.stages.push_back(std::move(*stats));
    }
    auto ledger = Ledger::from_json(j.at("ledger"));
    if (!ledger) return failure(Errc::bad_json);
    out.ledger = std::move(*ledger);
    const Json& u = j.at("users");
    out.users = {u.at("planned").get<std::uint64_t>(), u.at("connected").get<std::uint64_t>(), u.at("joined").get<std::uint64_t>(),
                 u.at("failed").get<std::uint64_t>()};
    for (const Json& row : j.at("series")) {
      auto second = Second::from_json(row);
      if (!second) return failure(Errc::bad_json);
      out.series[second->t].merge(*second);
    }
    out.generator = Generator::from_json(j.at("generator"));
    out.refusal = j.value("refusal", std::string());
  } catch (const Json::exception&) { return failure(Errc::bad_json); }
  return out;
}

RunResult evaluate(const Report& r) {
  RunResult out;
  const Stats total = r.part.total();
  const auto topics = r.part.ledger.reconcile();
  for (const auto& [name, d] : topics) out.deliveries.add(d);
  out.users = r.part.users;
  out.gates = judge(r, out.deliveries);
  out.gates_pass = std::all_of(out.gates.begin(), out.gates.end(), [](const GateResult& g) { return g.pass; });
  out.overloaded = r.segments_judged ? r.part.generator.trouble : overload_reasons(r, total);
  Json gates = Json::array(), rows = Json::array();
  for (const GateResult& g : out.gates) gates.push_back(g.to_json());
  for (const auto& [t, second] : r.part.series) rows.push_back(second.to_json());
  Json& j = out.json = metrics_json(total);
  j["phx_load_result"] = result_version;
  j["name"] = r.name;
  j["url"] = r.url;
  j["started"] = r.started;
  j["seconds"] = r.seconds;
  j["segment"] = std::to_string(r.segment) + "/" + std::to_string(r.segments);
  j["interrupted"] = r.interrupted;
  j["aborted_by"] = r.aborted_by ? Json(*r.aborted_by) : Json();
  j["plan"] = r.plan;
  j["environment"] = r.environment;
  if (!r.fleet.is_null()) j["fleet"] = r.fleet;
  j["users"] = users_json(out.users);
  j["deliveries"] = out.deliveries.to_json();
  j["deliveries"]["topics"] = topics_json(topics);
  j["generator"] = generator_json(r, total, out.overloaded);
  j["gates"] = std::move(gates);
  j["stages"] = stages_json(r);
  j["series"] = std::move(rows);
  Json raw = total.to_json();
  j["histograms"] = std::move(raw["histograms"]);
  j["counters"] = std::move(raw["counters"]);
  j["refusal"] = r.part.refusal;
  if (!r.target.is_null()) j["target"] = r.target;
  if (r.keep_ledger) j["ledger"] = r.part.ledger.to_json(r.ledger_zero_ns);
  return out;
}

namespace {

RunPart part_of(const std::string& file, const Json& j) {
  if (!j.contains("ledger"))
    throw std::invalid_argument(file + ": keeps no books of its deliveries; only results of --segment runs can be merged");
  Json stages = Json::array();
  for (const Json& s : j.at("stages")) stages.push_back(s.at("raw"));
  auto part = RunPart::from_json(obj("stages", std::move(stages), "ledger", j.at("ledger"), "users", j.at("users"), "series",
                                     j.at("series"), "generator", j.at("generator"), "refusal", j.value("refusal", std::string())));
  if (!part) throw std::invalid_argument(file + ": damaged: its figures do not add up");
  part->generator.trouble.clear();
  for (const Json& reason : j.at("generator").at("reasons"))
    part->generator.trouble.push_back("segment " + j.at("segment").get<std::string>() + ": " + reason.get<std::string>());
  return std::move(*part);
}

}  // namespace

Report merge_results(const std::vector<std::pair<std::string, Json>>& files) {
  constexpr double unsaid_max_lag_us = 100'000;  // what older files were judged by unless they were told otherwise
  Report out;
  out.segments_judged = true;
  out.max_lag_us = 0;
  std::vector<std::string> seen;
  for (const auto& [file, j] : files) {
    try {
      if (!j.is_object() || j.value("phx_load_result", 0) != result_version)
        throw std::invalid_argument(file + ": no result of phx-load run (version " + std::to_string(result_version) + ")");
      const std::string segment = j.at("segment").get<std::string>();
      if (std::find(seen.begin(), seen.end(), segment) != seen.end())
        throw std::invalid_argument(file + ": segment " + segment + " is there twice");
      if (!seen.empty() && plan_identity(j.at("plan")) != plan_identity(out.plan))
        throw std::invalid_argument(file + ": another plan than " + files.front().first);
      if (seen.empty()) {
        out.plan = j.at("plan");
        out.name = j.at("name").get<std::string>();
        out.url = j.at("url").get<std::string>();
        out.started = j.at("started").get<std::string>();
        out.environment = j.at("environment");
        out.segments = static_cast<std::uint32_t>(std::stoul(segment.substr(segment.find('/') + 1)));
        std::string feeder;
        const Plan plan = parse_plan(out.plan.dump(), file, feeder);
        out.gates = plan.gates;
        out.stages = plan.stages;
      }
      seen.push_back(segment);
      if (out.target.is_null() && j.contains("target")) out.target = j["target"];
      out.seconds = std::max(out.seconds, j.at("seconds").get<double>());
      out.interrupted = out.interrupted || j.at("interrupted").get<bool>();
      if (j.at("aborted_by").is_string()) out.aborted_by = j["aborted_by"].get<std::string>();
      out.max_lag_us = std::max(out.max_lag_us, j.at("generator").value("max_lag_us", unsaid_max_lag_us));
      out.part.merge(part_of(file, j));
    } catch (const Json::exception& e) { throw std::invalid_argument(file + ": damaged: " + e.what()); }
  }
  if (seen.size() < out.segments)
    out.part.generator.trouble.push_back("only " + std::to_string(seen.size()) + " of " + std::to_string(out.segments) + " segments");
  out.segments = 1;
  return out;
}

}  // namespace phx::load
