// The result for people and for CI: text table, Markdown, JUnit.
#include <phx/load/result.hpp>

#include <phx/core/json.hpp>
#include <phx/load/figure_text.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace phx::load {
namespace {

std::string format(const char* pattern, auto... values) {
  std::array<char, 512> out{};
  std::snprintf(out.data(), out.size(), pattern, values...);
  return out.data();
}

}  // namespace

std::string time_text(double us) {
  if (us < 1000) return format("%.0f us", us);
  if (us < 1e6) return format("%.1f ms", us / 1e3);
  return format("%.2f s", us / 1e6);
}

std::string gate_value_text(const Json& gate) {
  const Json& value = gate.at("value");
  if (value.is_null()) return "nothing was measured";
  if (!value.is_number()) return value.dump();
  const std::string expr = gate.at("expr").get<std::string>();
  const std::string_view path = std::string_view(expr).substr(0, expr.find_first_of(" <>=!"));
  for (const std::string_view end : {".p50", ".p90", ".p95", ".p99", ".p999", ".max", ".min", ".mean"})
    if (path.ends_with(end)) return time_text(value.get<double>());
  if (path.ends_with(".rate")) return format("%.3f %%", value.get<double>() * 100);
  return value.is_number_float() ? format("%.3f", value.get<double>()) : value.dump();
}

std::string gate_title(const Json& gate) {
  const std::string stage = gate.value("stage", std::string());
  return gate.at("expr").get<std::string>() + (stage.empty() ? "" : " (" + stage + ")");
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
      out += "\xef\xbf\xbd";
    else
      out += c;
  }
  return out;
}

namespace {

constexpr std::array<const char*, 8> latencies{"connect", "join", "reply", "delivery", "presence", "recovery", "heartbeat", "scenario"};

/// Of those that measured anything.
bool measured(const Json& r, const char* latency) { return r.contains(latency) && r[latency]["count"] != 0; }

/// What a run of a scenario counts instead of deliveries by sequence number.
std::string scenario_line(const Json& r) {
  const Json& counters = r["counters"];
  const auto passed = counters.value("scenarios", 0ull), failed = counters.value("scenarios_failed", 0ull);
  if (passed + failed == 0) return {};
  return "scenarios   " + std::to_string(passed) + " passed, " + std::to_string(failed) + " failed\n";
}

/// The greatest figures of the watched process, and what could not be read.
std::string server_lines(const Json& r) {
  if (!r.contains("target")) return {};
  double cores = 0, bytes = 0;
  for (const Json& row : r["target"]["series"]) {
    cores = std::max(cores, row["values"].value("process.cpu", 0.0));
    bytes = std::max(bytes, row["values"].value("process.memory", 0.0));
  }
  std::string out;
  if (bytes > 0) out = format("server      at most %.2f cores, %.1f MB\n", cores, bytes / 1024 / 1024);
  for (const Json& line : r["target"]["trouble"]) out += "! " + line.get<std::string>() + "\n";
  return out;
}

std::vector<std::string> verdicts(const Json& r) {
  std::vector<std::string> out;
  if (r["interrupted"].get<bool>()) out.emplace_back("interrupted: the figures are those until then");
  if (r["aborted_by"].is_string()) out.push_back("aborted by gate " + r["aborted_by"].get<std::string>());
  for (const Json& reason : r["generator"]["reasons"])
    out.push_back("generator overloaded, do not trust these figures: " + reason.get<std::string>());
  return out;
}

std::string gate_lines(const Json& r) {
  std::string out;
  for (const Json& gate : r["gates"])
    out += format("  %s  %-40s %s\n", gate["pass"].get<bool>() ? "pass" : "FAIL", gate_title(gate).c_str(), gate_value_text(gate).c_str());
  return out.empty() ? out : "gates\n" + out;
}

}  // namespace

std::string text_table(const Json& r) {
  const Json& u = r["users"];
  const Json& d = r["deliveries"];
  const Json& g = r["generator"];
  std::string out =
      format("%s on %s, %.1f s\n", r["name"].get<std::string>().c_str(), r["url"].get<std::string>().c_str(), r["seconds"].get<double>());
  out += "users       " + u["planned"].dump() + " planned, " + u["connected"].dump() + " connected, " + u["joined"].dump() + " joined, " +
         u["failed"].dump() + " failed\n";
  out += format("%-12s%10s%10s%10s%10s%10s%10s\n", "", "count", "p50", "p90", "p99", "p99.9", "max");
  for (const char* name : latencies) {
    if (!measured(r, name)) continue;
    const Json& m = r[name];
    const auto at = [&](const char* key) { return time_text(m[key].get<double>()); };
    out += format("%-12s%10llu%10s%10s%10s%10s%10s\n", name, static_cast<unsigned long long>(m["count"].get<std::uint64_t>()),
                  at("p50_us").c_str(), at("p90_us").c_str(), at("p99_us").c_str(), at("p999_us").c_str(), at("max_us").c_str());
  }
  out += scenario_line(r);
  if (d["expected"] != 0)
    out += "deliveries  " + d["expected"].dump() + " expected, " + d["received"].dump() + " received, " + d["lost"].dump() + " lost, " +
           d["duplicate"].dump() + " duplicate, " + d["out_of_order"].dump() + " out of order, " + d["late"].dump() + " late\n";
  out += format("errors      %s (%.3f %%)", r["errors"]["total"].dump().c_str(), r["errors"]["rate"].get<double>() * 100);
  for (const auto& [name, n] : r["errors"]["by_class"].items()) out += "  " + name + " " + n.dump();
  out += format("\ngenerator   %.2f cores, lag p99 %s, %s threads in %s processes\n", g["cpu"].get<double>(),
                time_text(g["lag_p99_us"].get<double>()).c_str(), g["threads"].dump().c_str(), g["processes"].dump().c_str());
  out += server_lines(r) + gate_lines(r);
  for (const std::string& line : verdicts(r)) out += "! " + line + "\n";
  return out;
}

std::string markdown(const Json& r) {
  std::string out = "## phx-load: " + r["name"].get<std::string>() + "\n\n`" + r["url"].get<std::string>() + "`, " +
                    format("%.1f s, ", r["seconds"].get<double>()) + r["users"]["joined"].dump() + " of " + r["users"]["planned"].dump() +
                    " users joined\n\n";
  for (const std::string& line : verdicts(r)) out += "> **" + line + "**\n\n";
  if (!r["gates"].empty()) {
    out += "| gate | value | |\n|---|---|---|\n";
    for (const Json& gate : r["gates"])
      out += "| `" + gate_title(gate) + "` | " + gate_value_text(gate) + " | " + (gate["pass"].get<bool>() ? "pass" : "**FAIL**") + " |\n";
    out += "\n";
  }
  out += "| | count | p50 | p90 | p99 | p99.9 | max |\n|---|---|---|---|---|---|---|\n";
  for (const char* name : latencies) {
    if (!measured(r, name)) continue;
    const Json& m = r[name];
    out += "| " + std::string(name) + " | " + m["count"].dump();
    for (const char* key : {"p50_us", "p90_us", "p99_us", "p999_us", "max_us"}) out += " | " + time_text(m[key].get<double>());
    out += " |\n";
  }
  const Json& d = r["deliveries"];
  if (d["expected"] != 0)
    out += "\nDeliveries: " + d["expected"].dump() + " expected, " + d["lost"].dump() + " lost, " + d["duplicate"].dump() + " duplicate, " +
           d["out_of_order"].dump() + " out of order, " + d["late"].dump() + " late.\n";
  out += "\nErrors: " + r["errors"]["total"].dump();
  for (const auto& [name, n] : r["errors"]["by_class"].items()) out += ", " + name + " " + n.dump();
  return out + ".\n";
}

std::string junit_xml(const Json& r) {
  std::size_t failed = 0;
  std::string cases;
  const auto add = [&](const std::string& name, const std::string& problem) {
    cases += "  <testcase classname=\"phx-load." + escaped(r["name"].get<std::string>()) + "\" name=\"" + escaped(name) + "\"";
    cases += problem.empty() ? "/>\n" : ">\n    <failure message=\"" + escaped(problem) + "\"/>\n  </testcase>\n";
    if (!problem.empty()) ++failed;
  };
  for (const Json& gate : r["gates"]) add(gate_title(gate), gate["pass"].get<bool>() ? "" : "value: " + gate_value_text(gate));
  std::string trouble;
  for (const std::string& line : verdicts(r)) trouble += (trouble.empty() ? "" : "; ") + line;
  add("the run is complete and trustworthy", trouble);
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"phx-load\" tests=\"" + std::to_string(r["gates"].size() + 1) +
         "\" failures=\"" + std::to_string(failed) + "\" time=\"" + format("%.3f", r["seconds"].get<double>()) + "\">\n" + cases +
         "</testsuite>\n";
}

}  // namespace phx::load
