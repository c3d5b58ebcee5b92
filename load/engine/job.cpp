#include "engine/job.hpp"

#include <phx/core/json.hpp>

namespace phx::load {

Json Job::to_json() const {
  Json rows = Json::array();
  for (const Json& row : plan.rows) rows.push_back(row);
  return obj("plan", plan_json(plan), "rows", std::move(rows), "segment", plan.segment, "segments", plan.segments, "url", url, "connect_to",
             connect_to, "sources", sources, "ca_file", ca_file, "insecure", insecure, "run", run, "process", process, "processes",
             processes, "threads", threads, "start_ns", start_ns, "clock_ahead_ns", clock_ahead_ns, "watch_gates", watch_gates, "scenario",
             plan.scenario_text);
}

Job Job::from_json(const Json& j) {
  Job out;
  std::string feeder;
  out.plan = parse_plan(j.at("plan").dump(), "job", feeder);
  if (!out.plan.scenario_file.empty()) play_scenario(out.plan, j.at("scenario").get<std::string>());
  for (const Json& row : j.at("rows")) out.plan.rows.push_back(row);
  out.plan.segment = j.at("segment").get<std::uint32_t>();
  out.plan.segments = j.at("segments").get<std::uint32_t>();
  out.url = j.at("url").get<std::string>();
  out.connect_to = j.at("connect_to").get<std::vector<std::string>>();
  out.sources = j.at("sources").get<std::vector<std::string>>();
  out.ca_file = j.at("ca_file").get<std::string>();
  out.insecure = j.at("insecure").get<bool>();
  out.run = j.at("run").get<std::uint32_t>();
  out.process = j.at("process").get<std::uint32_t>();
  out.processes = j.at("processes").get<std::uint32_t>();
  out.threads = j.at("threads").get<std::uint32_t>();
  out.start_ns = j.at("start_ns").get<std::int64_t>();
  out.clock_ahead_ns = j.at("clock_ahead_ns").get<std::int64_t>();
  out.watch_gates = j.at("watch_gates").get<bool>();
  return out;
}

}  // namespace phx::load
