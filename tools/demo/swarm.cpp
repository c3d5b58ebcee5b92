#include "swarm.hpp"

#include <phx/core/json.hpp>
#include <phx/testing/server_program.hpp>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace phx::demo {
namespace {

/// What must hold on any machine, however busy: nothing is said of latencies.
constexpr std::array<const char*, 5> gates{"users.joined == 50", "delivery.lost == 0", "delivery.duplicate == 0",
                                           "delivery.out_of_order == 0", "errors.total == 0"};

std::string ms(const Json& us) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.1f ms", us.get<double>() / 1000);
  return out.data();
}

std::string percentiles(const Json& latency) { return ms(latency["p50_us"]) + " (half), " + ms(latency["p99_us"]) + " (99 %)"; }

}  // namespace

std::vector<std::string> swarm(const std::string& load_program, const std::string& url, const std::string& report_file) {
  std::vector<std::string> arguments{"run",    "broadcast", "--url",      url, "--users",   "50", "--rate",  "20",
                                     "--ramp", "2",         "--duration", "8", "--max-lag", "60", "--quiet", "--json"};
  for (const char* gate : gates) arguments.insert(arguments.end(), {"--gate", gate});
  if (!report_file.empty()) arguments.insert(arguments.end(), {"--html", report_file});
  const testing::Finished load = testing::run_to_end(load_program, arguments);
  const auto report = parse_json(load.out);
  if (!report || !report->contains("gates"))
    throw std::runtime_error("phx-load ended with " + std::to_string(load.code) + " and no report");
  const Json &users = (*report)["users"], &d = (*report)["deliveries"];
  std::vector<std::string> out{
      users["joined"].dump() + " of " + users["planned"].dump() + " users joined, in " + percentiles((*report)["join"]),
      d["received"].dump() + " of " + d["expected"].dump() + " deliveries came: " + d["lost"].dump() + " lost, " + d["duplicate"].dump() +
          " doubled, " + d["out_of_order"].dump() + " out of order",
      "delivered in " + percentiles((*report)["delivery"])};
  for (const Json& gate : (*report)["gates"]) {
    const bool pass = gate["pass"].get<bool>();
    out.push_back((pass ? "pass " : "FAIL ") + gate["expr"].get<std::string>());
    if (!pass) throw std::runtime_error("the gate " + gate["expr"].get<std::string>() + " failed: " + gate["value"].dump());
  }
  if (load.code != 0) throw std::runtime_error("phx-load ended with " + std::to_string(load.code));
  if (!report_file.empty()) out.push_back("the whole report, for a browser: " + report_file);
  return out;
}

}  // namespace phx::demo
