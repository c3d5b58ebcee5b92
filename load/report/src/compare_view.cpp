// Comparisons as text, JSON and HTML.
#include <phx/load/compare.hpp>

#include <phx/load/figure_text.hpp>
#include <phx/load/html_report.hpp>
#include <phx/scenario/mask.hpp>

#include "curves.hpp"
#include "page.hpp"

namespace phx::load {
namespace {

using namespace report;

constexpr std::string_view method =
    "better and worse: moved by more than the threshold and the 95 % intervals do not overlap (percentiles: order statistics of the raw "
    "histogram; rates: mean of "
    "the seconds; errors: Wilson). Lost, duplicate and out of order are exact. The intervals do not know what changes from run to run: "
    "repeat the runs to learn that.";

std::string value_text(FigureUnit unit, double v) {
  switch (unit) {
    case FigureUnit::microseconds: return time_text(v);
    case FigureUnit::per_second: return count_text(v) + "/s";
    case FigureUnit::share: return format("%.3f %%", v * 100);
    case FigureUnit::count: return count_text(v);
  }
  return {};
}

std::string interval_text(FigureUnit unit, const Estimate& e) {
  return unit == FigureUnit::count || e.high > 1e300 ? std::string() : value_text(unit, e.low) + " to " + value_text(unit, e.high);
}

std::string summary_line(const Comparison& c) {
  return std::to_string(c.count(Verdict::worse)) + " worse, " + std::to_string(c.count(Verdict::better)) + " better, " +
         std::to_string(c.count(Verdict::same)) + " same, " + std::to_string(c.count(Verdict::unknown)) + " unknown";
}

Json estimate_json(const Estimate& e) { return obj("value", e.value, "low", e.low, "high", e.high > 1e300 ? Json() : Json(e.high)); }

std::string table(const Comparison& c) {
  std::string out =
      "<div class=\"card scroll\"><table><tr><th>Figure</th><th>Baseline</th><th>95 %</th><th>This run</th><th>95 "
      "%</th><th>Change</th><th>Verdict</th>"
      "<th class=\"l\">Rests on</th></tr>\n";
  for (const ComparedFigure& f : c.figures) {
    const char* colour = f.verdict == Verdict::worse ? "fail" : f.verdict == Verdict::better ? "pass" : "note";
    out += "<tr><td>" + safe(f.name) + "</td>";
    for (const Estimate* e : {&f.before, &f.after})
      out += "<td>" + safe(value_text(f.unit, e->value)) + "</td><td class=\"note\">" + safe(interval_text(f.unit, *e)) + "</td>";
    out += "<td>" + (f.change ? change_text(*f.change) : std::string("–")) + "</td><td><span class=\"" + colour + "\">" +
           std::string(verdict_name(f.verdict)) + "</span></td><td class=\"l note\">" + safe(f.why) + "</td></tr>\n";
  }
  return out + "</table></div>\n";
}

}  // namespace

std::string compare_text(const std::vector<Comparison>& comparisons) {
  std::string out;
  for (const Comparison& c : comparisons) {
    out += (out.empty() ? "" : "\n") + c.file + " against " + c.baseline + ": " + summary_line(c) + "\n";
    for (const std::string& line : c.caveats) out += "! " + line + "\n";
    for (const ComparedFigure& f : c.figures)
      out += format("%-8s %-22s %12s -> %12s %10s  ", std::string(verdict_name(f.verdict)).c_str(), f.name.c_str(),
                    value_text(f.unit, f.before.value).c_str(), value_text(f.unit, f.after.value).c_str(),
                    f.change ? change_text(*f.change).c_str() : "") +
             f.why + "\n";
  }
  return out + std::string(method) + "\n";
}

Json compare_json(const std::vector<Comparison>& comparisons) {
  Json out = Json::array();
  for (const Comparison& c : comparisons) {
    Json figures = Json::array();
    for (const ComparedFigure& f : c.figures)
      figures.push_back(obj("figure", f.name, "before", estimate_json(f.before), "after", estimate_json(f.after), "change",
                            f.change ? Json(*f.change) : Json(), "verdict", verdict_name(f.verdict), "why", f.why));
    out.push_back(obj("baseline", c.baseline, "file", c.file, "worse", c.count(Verdict::worse), "better", c.count(Verdict::better), "same",
                      c.count(Verdict::same), "unknown", c.count(Verdict::unknown), "caveats", c.caveats, "figures", std::move(figures)));
  }
  return obj("comparisons", std::move(out));
}

std::string compare_html(const std::vector<LoadedResult>& results, const std::vector<Comparison>& comparisons) {
  std::string out = "<h1>phx-load: comparison</h1>\n<p class=\"sub\">Baseline: " + safe(results.front().file) + "</p>\n";
  for (const Comparison& c : comparisons) {
    std::string part =
        std::string("<p class=\"say") + (c.count(Verdict::worse) == 0 ? " ok" : "") + "\">" + safe(summary_line(c)) + "</p>\n";
    for (const std::string& line : c.caveats) part += "<p class=\"say\">" + safe(line) + "</p>\n";
    out += section(c.file, part + table(c));
  }
  std::string curves;
  for (const LoadedResult& r : results)
    if (const std::string drawn = percentile_curves(r.total); !drawn.empty())
      curves += figure(r.file, r.json["started"].get<std::string>() + " · " + scenario::mask_url(r.json["url"].get<std::string>()), drawn);
  out += section("Percentile curves", "<div class=\"grid\">" + curves + "</div>");
  return page("phx-load comparison", out + "<footer>" + safe(method, 1000) + "</footer>");
}

}  // namespace phx::load
