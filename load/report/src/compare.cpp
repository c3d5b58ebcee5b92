#include <phx/load/compare.hpp>

#include <phx/load/figure_text.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include "page.hpp"

namespace phx::load {
namespace {

using report::format;

constexpr double z = 1.96;  // 95 %

Estimate percentile(const core::Histogram& h, double percent) {
  const auto n = static_cast<double>(h.count());
  const double q = percent / 100, spread = z * std::sqrt(n * q * (1 - q));
  const auto at = [&](double rank) { return static_cast<double>(h.percentile(std::clamp(100 * rank / n, 0.0, 100.0))) / 1000; };
  return {at(n * q), at(n * q - spread), at(n * q + spread)};
}

/// Over the seconds of the run in which anything of the kind happened or could have: from the first to the last.
Estimate rate(const Series& series, Counter counter) {
  std::vector<double> seconds;
  std::size_t used = 0;
  for (const auto& [t, second] : series) {
    const auto n = second.counters[static_cast<std::size_t>(counter)];
    if (n == 0 && used == 0) continue;
    seconds.push_back(static_cast<double>(n));
    if (n != 0) used = seconds.size();
  }
  seconds.resize(used);
  if (used < 2) return {used == 0 ? 0 : seconds[0], 0, std::numeric_limits<double>::max()};
  double mean = 0, squares = 0;
  for (const double n : seconds) mean += n / static_cast<double>(used);
  for (const double n : seconds) squares += (n - mean) * (n - mean);
  const double error = z * std::sqrt(squares / static_cast<double>(used - 1) / static_cast<double>(used));
  return {mean, mean - error, mean + error};
}

/// Wilson: sensible also for no error at all.
Estimate proportion(double k, double n) {
  if (n == 0) return {0, 0, 1};
  const double p = k / n, middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {p, k == 0 ? 0 : middle - half, middle + half};
}

void judge(ComparedFigure& f, const CompareOptions& o, bool more_is_better) {
  if (f.before.value != 0) f.change = (f.after.value - f.before.value) / f.before.value;
  const bool apart = f.after.low > f.before.high || f.after.high < f.before.low;
  const bool moved = f.change ? std::fabs(*f.change) > o.threshold : f.after.value != 0;
  const std::string limit = format("%.3g %%", o.threshold * 100);
  if (moved && apart) {
    f.verdict = (f.after.value > f.before.value) == more_is_better ? Verdict::better : Verdict::worse;
    f.why = "moved by more than " + limit + ", 95 % intervals apart";
  } else {
    f.verdict = Verdict::same;
    f.why = moved ? "95 % intervals overlap" : "moved by no more than " + limit;
  }
}

void latencies(const LoadedResult& a, const LoadedResult& b, const CompareOptions& o, std::vector<ComparedFigure>& out) {
  for (const Metric metric :
       {Metric::connect, Metric::join, Metric::reply, Metric::delivery, Metric::presence, Metric::recovery, Metric::heartbeat}) {
    const core::Histogram &before = a.total[metric], &after = b.total[metric];
    if (before.empty() && after.empty()) continue;
    for (const auto& [percent, name] : {std::pair{50.0, ".p50"}, {90.0, ".p90"}, {99.0, ".p99"}}) {
      ComparedFigure f{.name = std::string(metric_name(metric)) + name, .unit = FigureUnit::microseconds};
      f.before = percentile(before, percent);
      f.after = percentile(after, percent);
      // A percentile of fewer values than lie beside it is their greatest, which says nothing.
      const auto needed = std::max(static_cast<double>(o.least_count), 5 / (1 - percent / 100));
      const auto least = static_cast<double>(std::min(before.count(), after.count()));
      if (least < needed) {
        f.verdict = Verdict::unknown;
        f.why = format("%.0f values, %.0f are needed", least, needed);
      } else {
        judge(f, o, false);
      }
      out.push_back(std::move(f));
    }
  }
}

void rates(const LoadedResult& a, const LoadedResult& b, const CompareOptions& o, std::vector<ComparedFigure>& out) {
  for (const auto& [counter, name] :
       {std::pair{Counter::joins, "rate.joins"}, {Counter::replies, "rate.replies"}, {Counter::deliveries, "rate.deliveries"}}) {
    if (a.total[counter] == 0 && b.total[counter] == 0) continue;
    ComparedFigure f{.name = name, .unit = FigureUnit::per_second, .before = rate(a.series, counter), .after = rate(b.series, counter)};
    const double unknown = std::numeric_limits<double>::max();
    if (f.before.high == unknown || f.after.high == unknown) {
      f.verdict = Verdict::unknown;
      f.why = "at least 2 seconds of it are needed in both";
    } else {
      judge(f, o, true);
    }
    out.push_back(std::move(f));
  }
}

double tried(const Stats& s) {
  return static_cast<double>(s[Counter::attempts] + s[Counter::join_attempts] + s[Counter::pushes] + s[Counter::published]);
}

void faults(const LoadedResult& a, const LoadedResult& b, const CompareOptions& o, std::vector<ComparedFigure>& out) {
  ComparedFigure errors{.name = "errors.rate", .unit = FigureUnit::share};
  errors.before = proportion(static_cast<double>(a.total.errors()), tried(a.total));
  errors.after = proportion(static_cast<double>(b.total.errors()), tried(b.total));
  judge(errors, o, false);
  out.push_back(std::move(errors));
  const Json &before = a.json["deliveries"], &after = b.json["deliveries"];
  if (before["expected"] == 0 && after["expected"] == 0) return;
  for (const char* key : {"lost", "duplicate", "out_of_order"}) {
    const auto exact = [&](const Json& d) { return Estimate{d[key].get<double>(), d[key].get<double>(), d[key].get<double>()}; };
    ComparedFigure f{.name = std::string("delivery.") + key, .unit = FigureUnit::count, .before = exact(before), .after = exact(after)};
    const auto share = [](double n, const Json& d) { return n / std::max(d["expected"].get<double>(), 1.0); };
    const double was = share(f.before.value, before), is = share(f.after.value, after);
    if (f.before.value != 0) f.change = (f.after.value - f.before.value) / f.before.value;
    f.verdict = is > was ? Verdict::worse : is < was ? Verdict::better : Verdict::same;
    f.why = "exact, by its share of the expected";
    out.push_back(std::move(f));
  }
}

/// What a run was asked to do, without the gates.
Json load_of(const LoadedResult& r) {
  Json plan = r.json["plan"];
  plan.erase("gates");
  return plan;
}

std::vector<std::string> caveats_of(const LoadedResult& r) {
  std::vector<std::string> out;
  if (r.json["generator"]["overloaded"].get<bool>())
    out.push_back(r.file + ": its generator was overloaded, its figures are not the server's");
  if (r.json["interrupted"].get<bool>()) out.push_back(r.file + ": was interrupted");
  if (r.json["aborted_by"].is_string()) out.push_back(r.file + ": was ended by a gate");
  return out;
}

}  // namespace

std::string_view verdict_name(Verdict v) noexcept {
  switch (v) {
    case Verdict::same: return "same";
    case Verdict::better: return "better";
    case Verdict::worse: return "worse";
    case Verdict::unknown: return "unknown";
  }
  return "";
}

std::size_t Comparison::count(Verdict verdict) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(figures.begin(), figures.end(), [&](const ComparedFigure& f) { return f.verdict == verdict; }));
}

Comparison compare(const LoadedResult& baseline, const LoadedResult& other, const CompareOptions& options) {
  Comparison out{.baseline = baseline.file, .file = other.file, .figures = {}, .caveats = {}};
  if (load_of(baseline) != load_of(other)) out.caveats.push_back("the plans differ: the runs did not put the same load on their servers");
  for (const LoadedResult* r : {&baseline, &other})
    for (std::string& line : caveats_of(*r)) out.caveats.push_back(std::move(line));
  latencies(baseline, other, options, out.figures);
  rates(baseline, other, options, out.figures);
  faults(baseline, other, options, out.figures);
  return out;
}

}  // namespace phx::load
