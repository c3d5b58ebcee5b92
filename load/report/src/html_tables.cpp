// The parts of the report that are words and numbers.
#include "html_tables.hpp"

#include <phx/core/json.hpp>
#include <phx/load/figure_text.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

#include "page.hpp"

namespace phx::load::report {
namespace {

constexpr std::array<const char*, 9> metrics{"connect",  "join",     "ready",     "reply",   "delivery",
                                             "presence", "recovery", "heartbeat", "scenario"};
constexpr std::size_t most_rows = 60;

std::string text_of(const Json& json, const char* key) { return json.at(key).get<std::string>(); }
double number_of(const Json& json, const char* key) { return json.at(key).get<double>(); }
std::string cell(const std::string& html) { return "<td>" + html + "</td>"; }
std::string word(std::string_view text) { return "<td class=\"l wide\">" + safe(text) + "</td>"; }
std::string head(std::initializer_list<const char*> names) {
  std::string out = "<div class=\"card scroll\"><table><tr>";
  for (const char* name : names) out += std::string("<th>") + name + "</th>";
  return out + "</tr>\n";
}
std::string foot() { return "</table></div>\n"; }
/// When a list was cut.
std::string more(std::size_t all) {
  return all <= most_rows ? "" : "<p class=\"note\">" + std::to_string(all - most_rows) + " more are in result.json.</p>";
}
std::string bar(double share, bool bad) {
  return format("<i class=\"bar%s\" style=\"width:%.0fpx\"></i>", bad ? " bad" : "", 2 + 90 * std::clamp(share, 0.0, 1.0));
}

std::string say(const std::string& text, bool good = false) {
  return std::string("<p class=\"say") + (good ? " ok" : "") + "\">" + safe(text, 600) + "</p>\n";
}

}  // namespace

std::optional<Margin> margin_of(const Json& gate) {
  const std::string expr = gate.at("expr").get<std::string>();
  std::array<char, 64> path{};
  std::array<char, 3> op{};
  std::array<char, 4> unit{};
  double limit = 0;
  int end = 0;
  const int got = std::sscanf(expr.c_str(), " %63[a-z0-9_.] %2[<>=] %lf%n", path.data(), op.data(), &limit, &end);
  if (got != 3 || !gate.at("value").is_number() || (op[0] != '<' && op[0] != '>')) return {};
  int behind = 0;
  if (std::sscanf(expr.c_str() + end, " %3[a-z%%]%n", unit.data(), &behind) == 1) end += behind;
  if (expr.find_first_not_of(' ', static_cast<std::size_t>(end)) != std::string::npos) return {};
  const std::string_view u = unit.data();
  if (!u.empty() && u != "us" && u != "ms" && u != "s" && u != "%") return {};
  limit *= u == "ms" ? 1e3 : u == "s" ? 1e6 : u == "%" ? 0.01 : 1;
  if (limit == 0) return {};
  const double value = gate["value"].get<double>();
  return Margin{limit, (op[0] == '<' ? limit - value : value - limit) / limit};
}

std::string verdict_lines(const Json& r) {
  std::string out;
  if (r["interrupted"].get<bool>()) out += say("Interrupted: the figures are those until then.");
  if (r["aborted_by"].is_string()) out += say("Ended early by the gate " + text_of(r, "aborted_by"));
  const Json& reasons = r["generator"]["reasons"];
  for (std::size_t i = 0; i < reasons.size() && i < 20; ++i)
    out += say("The generator was the bottleneck, do not trust these figures: " + reasons[i].get<std::string>());
  if (const std::string refusal = r.value("refusal", std::string()); !refusal.empty()) out += say("First refusal: " + refusal);
  const auto failed = std::count_if(r["gates"].begin(), r["gates"].end(), [](const Json& g) { return !g["pass"].get<bool>(); });
  if (failed > 0) out += say(std::to_string(failed) + " of " + std::to_string(r["gates"].size()) + " gates failed.");
  if (out.empty())
    out = say(r["gates"].empty() ? "The run is complete and the generator kept up. No gates were set."
                                 : "All gates passed, the run is complete and the generator kept up.",
              true);
  return out;
}

std::string tiles(const Json& r) {
  const Json &u = r["users"], &d = r["deliveries"], &e = r["errors"];
  const auto count = [](const Json& json, const char* key) { return count_text(number_of(json, key)); };
  std::string out = "<div class=\"tiles\">";
  out += tile(count(u, "joined"), "users joined", "of " + count(u, "planned") + " planned, " + count(u, "failed") + " failed",
              u["failed"] != 0);
  const auto latency = [&](const char* key, const char* label) {
    if (r[key]["count"] == 0) return std::string();
    return tile(time_text(number_of(r[key], "p99_us")), label,
                "median " + time_text(number_of(r[key], "p50_us")) + ", " + count(r[key], "count") + " measured");
  };
  out += latency("join", "join p99") + latency("reply", "reply p99") + latency("delivery", "delivery p99");
  const auto played = r["counters"].value("scenarios", 0.0), broken = r["counters"].value("scenarios_failed", 0.0);
  if (played + broken > 0) out += tile(count_text(played), "scenarios passed", count_text(broken) + " failed", broken > 0);
  if (d["expected"] != 0) {
    const bool wrong = d["lost"] != 0 || d["duplicate"] != 0 || d["out_of_order"] != 0;
    out += tile(count(d, "lost"), "deliveries lost", "of " + count(d, "expected") + " expected", wrong);
  }
  out += tile(format("%.3g %%", number_of(e, "rate") * 100), "errors", count(e, "total") + " in all", e["total"] != 0);
  return out + "</div>\n";
}

std::string gates_table(const Json& r) {
  const Json& gates = r["gates"];
  if (gates.empty()) return {};
  std::string out = head({"Gate", "Value", "Margin to the limit", "Verdict"});
  for (std::size_t i = 0; i < gates.size() && i < most_rows; ++i) {
    const bool pass = gates[i]["pass"].get<bool>();
    const auto margin = margin_of(gates[i]);
    out += "<tr><td><code>" + safe(gate_title(gates[i])) + "</code></td>" + cell(safe(gate_value_text(gates[i]), 80));
    out += cell(margin ? bar(margin->share < 0 ? -margin->share : margin->share, margin->share < 0) + change_text(margin->share) : "–");
    out += cell(pass ? "<span class=\"pass\">pass</span>" : "<span class=\"fail\">FAIL</span>") + "</tr>\n";
  }
  return section("Gates", out + foot() + more(gates.size()));
}

std::string latency_table(const Json& r) {
  std::string out = head({"Latency", "Count", "p50", "p90", "p99", "p99.9", "Max", "Mean"});
  const auto row = [&](const std::string& name, const Json& m) {
    if (m["count"] == 0) return;
    out += "<tr>" + word(name) + cell(count_text(number_of(m, "count")));
    for (const char* key : {"p50_us", "p90_us", "p99_us", "p999_us", "max_us", "mean_us"}) out += cell(time_text(number_of(m, key)));
    out += "</tr>\n";
  };
  for (const char* name : metrics)
    if (r.contains(name)) row(name, r[name]);
  return out + foot() + "<p class=\"note\">Counted from the instant an action was planned for, so a stalled server shows in full.</p>";
}

std::string deliveries_table(const Json& r) {
  const Json& d = r["deliveries"];
  if (d["expected"] == 0) return {};
  std::string out = head({"Topic", "Expected", "Received", "Lost", "Duplicate", "Out of order", "Late"});
  const auto row = [&](const std::string& name, const Json& json) {
    out += "<tr>" + word(name);
    for (const char* key : {"expected", "received", "lost", "duplicate", "out_of_order", "late"}) {
      const std::string text = count_text(number_of(json, key));
      const bool bad = json[key] != 0 && std::string_view(key) != "expected" && std::string_view(key) != "received";
      out += cell(bad ? "<span class=\"fail\">" + text + "</span>" : text);
    }
    out += "</tr>\n";
  };
  row("all", d);
  const Json& topics = d["topics"];
  for (std::size_t i = 0; topics.size() > 1 && i < topics.size() && i < most_rows; ++i)
    row(topics[i].contains("topic") && topics[i]["topic"].is_string() ? text_of(topics[i], "topic") : "further topics", topics[i]);
  return section("Deliveries", out + foot() + more(topics.size()));
}

std::string errors_table(const Json& r) {
  const Json& classes = r["errors"]["by_class"];
  if (classes.empty()) return "<p class=\"note\">No errors.</p>";
  std::vector<std::pair<std::string, double>> list;
  for (const auto& [name, n] : classes.items()) list.emplace_back(name, n.get<double>());
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out = head({"Class", "Errors", "Share"});
  const double total = std::max(number_of(r["errors"], "total"), 1.0);
  for (const auto& [name, n] : list)
    out += "<tr>" + word(name) + cell(count_text(n)) + cell(bar(n / total, true) + format("%.1f %%", 100 * n / total)) + "</tr>\n";
  return out + foot();
}

std::string stages_table(const Json& r) {
  const Json& stages = r["stages"];
  if (stages.empty()) return {};
  std::string out = head({"Stage", "Users", "Length", "Joins", "Join p99", "Replies", "Reply p99", "Deliveries", "Delivery p99", "Errors"});
  for (std::size_t i = 0; i < stages.size() && i < most_rows; ++i) {
    const Json& s = stages[i];
    const auto number = [&](const char* key) {
      return s.contains(key) && s[key].is_number() ? count_text(number_of(s, key)) : std::string("–");
    };
    const std::string name = text_of(s, "name");
    out += "<tr>" + word(name.empty() ? "stage " + std::to_string(i + 1) : name) + cell(number("users")) + cell(number("seconds") + " s");
    for (const char* key : {"join", "reply", "delivery"})
      out += cell(count_text(number_of(s[key], "count"))) + cell(s[key]["count"] == 0 ? "–" : time_text(number_of(s[key], "p99_us")));
    out += cell(count_text(number_of(s["errors"], "total"))) + "</tr>\n";
  }
  return section("Stages", out + foot() + more(stages.size()));
}

std::string generator_table(const Json& r) {
  const Json& g = r["generator"];
  std::string out = head({"The generator itself", ""});
  const auto row = [&](const char* name, const std::string& value) { out += "<tr>" + word(name) + cell(safe(value)) + "</tr>\n"; };
  row("CPU, of one core", format("%.1f %%", number_of(g, "cpu") * 100));
  row("Busiest thread", format("%.1f %% of its core", number_of(g, "busiest_thread") * 100));
  row("Scheduler lag p99, max", time_text(number_of(g, "lag_p99_us")) + ", " + time_text(number_of(g, "lag_max_us")) +
                                    (g.contains("max_lag_us") ? " (limit of p99 " + time_text(number_of(g, "max_lag_us")) + ")" : ""));
  row("Threads, processes", count_text(number_of(g, "threads")) + ", " + count_text(number_of(g, "processes")));
  row("Descriptors, limit per process", count_text(number_of(g, "descriptors")) + ", " + count_text(number_of(g, "descriptor_limit")));
  row("TCP retransmits", count_text(number_of(g, "retransmits")));
  row("Greatest send backlog", bytes_text(number_of(g, "backlog_max_bytes")));
  row("Memory, resident", bytes_text(number_of(g, "resident_bytes")));
  return out + foot();
}

}  // namespace phx::load::report
