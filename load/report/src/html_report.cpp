#include <phx/load/html_report.hpp>

#include <phx/load/figure_text.hpp>
#include <phx/scenario/mask.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include "chart.hpp"
#include "curves.hpp"
#include "heat_map.hpp"
#include "html_tables.hpp"
#include "page.hpp"
#include "timeline.hpp"

namespace phx::load {
namespace {

using namespace report;

// How many steps of time a page shows: as many as keep it below html_limit.
constexpr std::size_t steps_tried[] = {140, 90, 50, 25};
constexpr std::size_t most_columns = 90;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

std::string rate_text(double n) { return count_text(n) + "/s"; }
std::string at_text(double t) { return format("at %.0f s", t); }

class Page {
 public:
  Page(const LoadedResult& result, std::size_t most_steps)
      : r_(result.json),
        result_(result),
        time_(timeline(result.series, most_steps)),
        coarse_(timeline(result.series, std::min(most_steps, most_columns))) {}

  std::string html() const {
    const std::string name = r_["name"].get<std::string>();
    std::string out = "<h1>phx-load: " + safe(name) + "</h1>\n<p class=\"sub\">" +
                      safe(scenario::mask_url(r_["url"].get<std::string>()) + " · " + r_["started"].get<std::string>() + " · " +
                               format("%.1f s", r_["seconds"].get<double>()) +
                               (r_["segment"] == "1/1" ? "" : " · segment " + r_["segment"].get<std::string>()),
                           600) +
                      "</p>\n";
    out += verdict_lines(r_) + tiles(r_) + gates_table(r_);
    out += section("Over time", "<div class=\"grid\">" + users() + rates() + deliveries() + latencies() + "</div>");
    out += section("Latency", latency_table(r_) + "<div class=\"grid\" style=\"margin-top:14px\">" + curves() + heat_maps() + "</div>");
    out += server();
    out += deliveries_table(r_);
    out += section("Errors", errors_table(r_) + errors());
    out += stages_table(r_) +
           section("Generator health", generator_table(r_) + "<div class=\"grid\" style=\"margin-top:14px\">" + generator() + "</div>");
    out += section("Configuration and environment",
                   json_details("Plan", r_["plan"], 20'000) + json_details("Environment", r_["environment"], 6'000));
    return page("phx-load " + name, out + "<footer>Made by phx-load from " + safe(result_.file) + ". Secrets are masked.</footer>");
  }

 private:
  /// One value per step; NaN where no second was reported.
  std::vector<double> each(auto&& value) const {
    std::vector<double> out;
    out.reserve(time_.steps.size());
    for (const Step& step : time_.steps) out.push_back(step.rows == 0 ? nothing : static_cast<double>(value(step)));
    return out;
  }
  std::vector<double> per_second(Counter c) const {
    return each([&](const Step& s) { return static_cast<double>(s.sum.counters[static_cast<std::size_t>(c)]) / s.rows; });
  }
  static bool any(const Line& line) {
    return std::any_of(line.y.begin(), line.y.end(), [](double v) { return v > 0; });
  }
  std::string step_note() const { return time_.width == 1 ? "per second" : "in steps of " + std::to_string(time_.width) + " s"; }

  std::string over_time(const char* title, const std::string& note, std::vector<Line> lines, Axis::Text text, bool log = false) const {
    std::erase_if(lines, [](const Line& line) { return !any(line); });
    if (lines.empty()) return {};
    double low = std::numeric_limits<double>::max(), high = 0;
    for (const Line& line : lines)
      for (const double v : line.y)
        if (v > 0) low = std::min(low, v), high = std::max(high, v);
    return figure(title, note,
                  draw({.label = title,
                        .x = time_.x(),
                        .x_axis = Axis::seconds(time_.end()),
                        .y_axis = log ? Axis::logarithmic(low, high, text) : Axis::from_zero(high, text),
                        .lines = std::move(lines),
                        .y_text = text,
                        .x_text = at_text}));
  }

  std::string users() const {
    return over_time("Users", "connected and joined",
                     {{"connected", 1, true, each([](const Step& s) { return static_cast<double>(s.sum.connected) / s.rows; })},
                      {"joined", 2, false, each([](const Step& s) { return static_cast<double>(s.sum.joined) / s.rows; })}},
                     count_text);
  }
  std::string rates() const {
    return over_time("Rates", step_note(),
                     {{"joins", 1, false, per_second(Counter::joins)},
                      {"pushes", 2, false, per_second(Counter::pushes)},
                      {"replies", 3, true, per_second(Counter::replies)},
                      {"broadcasts sent", 4, false, per_second(Counter::published)}},
                     rate_text);
  }
  std::string deliveries() const {
    return over_time("Deliveries", step_note(),
                     {{"received", 3, false, per_second(Counter::deliveries)}, {"late", 2, false, per_second(Counter::late)}}, rate_text);
  }
  std::string latencies() const {
    std::string out;
    static constexpr std::pair<Second::Latency, const char*> all[] = {
        {Second::join, "Join latency"}, {Second::reply, "Reply latency"}, {Second::delivery, "Delivery latency"}};
    for (const auto& [which, title] : all) {
      const auto percentile = [this, latency = which](double p) {
        return each([&](const Step& s) {
          return s.sum.cells[latency].empty() ? nothing : static_cast<double>(s.sum.percentile_ns(latency, p)) / 1000;
        });
      };
      out += over_time(title, "percentiles " + step_note() + ", logarithmic",
                       {{"p50", 3, false, percentile(50)}, {"p90", 1, false, percentile(90)}, {"p99", 2, false, percentile(99)}}, time_text,
                       true);
    }
    return out;
  }
  std::string curves() const {
    const std::string drawn = percentile_curves(result_.total);
    return drawn.empty() ? drawn
                         : figure("Percentile curves", "whole run; dashed: counted from the sending, not from the planned instant", drawn);
  }
  std::string heat_maps() const {
    std::string out;
    static constexpr std::pair<Second::Latency, const char*> all[] = {
        {Second::join, "Joins"}, {Second::reply, "Replies"}, {Second::delivery, "Deliveries"}};
    for (const auto& [which, title] : all)
      if (const std::string map = heat_map(coarse_, which, std::string(title) + " by latency and time"); !map.empty())
        out += figure(std::string(title) + " by latency and time", "the stronger, the more (logarithmic)", map);
    return out;
  }
  std::string errors() const {
    const std::string chart =
        over_time("Errors", step_note(),
                  {{"errors", 2, false, each([](const Step& s) { return static_cast<double>(s.sum.errors) / s.rows; })}}, rate_text);
    return chart.empty() ? chart : "<div class=\"grid\" style=\"margin-top:14px\">" + chart + "</div>";
  }
  /// The watched server on the same time axis: one chart per unit.
  std::string server() const {
    if (!r_.contains("target")) return {};
    const Json& target = r_["target"];
    const std::string means = time_.width == 1 ? "second by second" : "means of " + std::to_string(time_.width) + " s";
    std::string charts, notes;
    for (const auto& [unit, title, text] : server_charts) charts += over_time(title, means, server_lines(target, unit), text);
    for (const Json& line : target["trouble"]) notes += "<p class=\"say\">" + safe(line.get<std::string>(), 600) + "</p>\n";
    return section("The server", notes + "<div class=\"grid\">" + charts + "</div>");
  }
  struct ServerChart {
    const char *unit, *title;
    Axis::Text text;
  };
  static constexpr ServerChart server_charts[] = {{"cores", "CPU of the server, in cores", count_text},
                                                  {"bytes", "Memory of the server", bytes_text},
                                                  {"count", "Levels of the server", count_text},
                                                  {"per second", "Rates of the server", rate_text}};
  /// The figures of that unit, by name, as means of each step; as many as there are colours and dashes.
  std::vector<Line> server_lines(const Json& target, std::string_view unit) const {
    std::vector<Line> lines;
    for (const auto& [name, its] : target["units"].items()) {
      if (its.get<std::string>() != unit || lines.size() == 8) continue;
      const auto n = static_cast<int>(lines.size());
      lines.push_back({shortened(name, 40), n % 4 + 1, n >= 4, server_values(target, name)});
    }
    return lines;
  }
  std::vector<double> server_values(const Json& target, const std::string& name) const {
    std::vector<double> sum(time_.steps.size(), 0), rows(time_.steps.size(), 0), out;
    for (const Json& row : target["series"]) {
      const auto at = row["t"].get<std::uint64_t>() / time_.width;
      const auto value = row["values"].find(name);
      if (at >= sum.size() || value == row["values"].end()) continue;
      sum[at] += value->get<double>();
      ++rows[at];
    }
    for (std::size_t i = 0; i < sum.size(); ++i) out.push_back(rows[i] == 0 ? nothing : sum[i] / rows[i]);
    return out;
  }

  std::string generator() const {
    return over_time("CPU of the generator", "cores in use", {{"cores", 1, false, each([](const Step& s) { return s.sum.cpu / s.rows; })}},
                     count_text) +
           over_time("Scheduler lag", "greatest, logarithmic", {{"lag", 2, false, each([](const Step& s) { return s.sum.lag_max_us; })}},
                     time_text, true);
  }

  const Json& r_;
  const LoadedResult& result_;
  Timeline time_, coarse_;
};

}  // namespace

std::string html_report(const LoadedResult& result) {
  std::string out;
  for (const std::size_t steps : steps_tried)
    if (out = Page(result, steps).html(); out.size() <= html_limit) break;
  return out;
}

}  // namespace phx::load
