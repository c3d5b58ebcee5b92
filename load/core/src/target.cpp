#include <phx/load/target.hpp>

#include <phx/core/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace phx::load {
namespace {

/// The first word of `text`, which is taken away with the blanks before it.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

template <class T>
std::optional<T> number_of(std::string_view word) {
  T value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

/// As Prometheus writes them: "12", "1.5e3", "+Inf", "NaN".
std::optional<double> prometheus_number(std::string_view word) {
  if (word == "NaN" || word == "Nan") return std::nan("");
  if (word == "+Inf" || word == "Inf") return HUGE_VAL;
  if (word == "-Inf") return -HUGE_VAL;
  if (word.starts_with('+')) word.remove_prefix(1);
  return number_of<double>(word);
}

/// Behind the labels of a line, or its beginning without labels; nullopt: they do not end.
std::optional<std::string_view> behind_labels(std::string_view rest) {
  if (!rest.starts_with('{')) return rest;
  bool quoted = false;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (quoted && rest[i] == '\\')
      ++i;
    else if (rest[i] == '"')
      quoted = !quoted;
    else if (!quoted && rest[i] == '}')
      return rest.substr(i + 1);
  }
  return std::nullopt;
}

bool is_name(std::string_view name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':';
  });
}

/// Reads an exposition line by line.
class Exposition {
 public:
  /// False: no such line; problem() then says why.
  bool line(std::string_view text) {
    if (text.starts_with('#')) return comment(text.substr(1));
    const std::string_view name = text.substr(0, text.find_first_of("{ \t"));
    if (!is_name(name)) return fails("expected the name of a figure");
    auto rest = behind_labels(text.substr(name.size()));
    if (!rest) return fails("the labels do not end with }");
    const auto value = prometheus_number(take_word(*rest));
    if (!value) return fails("expected a number behind " + std::string(name));
    if (const std::string_view time = take_word(*rest); !time.empty() && !number_of<std::int64_t>(time))
      return fails("expected a time in milliseconds");
    if (!take_word(*rest).empty()) return fails("something follows the number");
    add(name, *value);
    return true;
  }
  std::vector<PrometheusFigure> take() { return std::move(figures_); }
  const std::string& problem() const { return problem_; }

 private:
  bool fails(std::string what) {
    problem_ = std::move(what);
    return false;
  }
  bool comment(std::string_view rest) {
    if (take_word(rest) != "TYPE") return true;
    const std::string name(take_word(rest));
    types_[name] = take_word(rest);
    return true;
  }
  std::string type_of(const std::string& name) const {
    const auto at = types_.find(name);
    return at == types_.end() ? "" : at->second;
  }
  void add(std::string_view name, double value) {
    const std::string whole(name);
    const auto family = [&](std::string_view end) {
      return name.ends_with(end) ? type_of(whole.substr(0, whole.size() - end.size())) : "";
    };
    const std::string bucket = family("_bucket"), own = type_of(whole);
    if (bucket == "histogram" || own == "summary" || !std::isfinite(value)) return;
    const bool part = !family("_count").empty() || !family("_sum").empty();
    const auto at = std::find_if(figures_.begin(), figures_.end(), [&](const PrometheusFigure& f) { return f.name == name; });
    if (at != figures_.end())
      at->value += value;
    else
      figures_.push_back({whole, own == "counter" || part || (own.empty() && name.ends_with("_total")), value});
  }

  std::map<std::string, std::string> types_;
  std::vector<PrometheusFigure> figures_;
  std::string problem_;
};

std::string figure_text(double value, const char* pattern) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), pattern, value);
  return out.data();
}

}  // namespace

tl::expected<ProcessReading, std::string> parse_proc_stat(std::string_view stat, double ticks_per_second, std::uint64_t page_bytes) {
  const std::size_t name_end = stat.rfind(')');  // the name may hold anything, parentheses too
  if (name_end == std::string_view::npos) return tl::unexpected(std::string("it names no process"));
  std::string_view rest = stat.substr(name_end + 1);
  std::vector<std::string_view> fields;  // from the third on
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) fields.push_back(word);
  if (fields.size() < 22) return tl::unexpected("it has " + std::to_string(fields.size() + 2) + " fields, at least 24 are needed");
  const auto user = number_of<std::uint64_t>(fields[11]), system = number_of<std::uint64_t>(fields[12]),
             threads = number_of<std::uint64_t>(fields[17]), pages = number_of<std::uint64_t>(fields[21]);
  if (!user || !system || !threads || !pages) return tl::unexpected(std::string("its figures are no numbers"));
  ProcessReading out;
  out.cpu_seconds = static_cast<double>(*user + *system) / ticks_per_second;
  out.threads = *threads;
  out.resident_bytes = *pages * page_bytes;
  return out;
}

std::uint64_t parse_context_switches(std::string_view status) {
  std::uint64_t out = 0;
  for (const std::string_view key : {"\nvoluntary_ctxt_switches:", "\nnonvoluntary_ctxt_switches:"}) {
    const std::size_t at = status.find(key);
    if (at == std::string_view::npos) continue;
    std::string_view rest = status.substr(at + key.size());
    out += number_of<std::uint64_t>(take_word(rest)).value_or(0);
  }
  return out;
}

tl::expected<std::vector<PrometheusFigure>, std::string> parse_prometheus(std::string_view text) {
  Exposition out;
  for (std::size_t n = 1; !text.empty(); ++n) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (!out.line(line)) return tl::unexpected("line " + std::to_string(n) + ": " + out.problem());
  }
  return out.take();
}

TargetLog::TargetLog(std::vector<std::string> chosen) : chosen_(std::move(chosen)), choose_(chosen_.empty()) {}

void TargetLog::put(double t, const std::string& name, const char* unit, double value) {
  units_[name] = unit;
  series_[static_cast<std::uint32_t>(std::max(0.0, t))][name] = value;
}

std::optional<double> TargetLog::rate(const std::string& name, double t, double value) {
  const auto [at, first] = before_.try_emplace(name, Before{t, value});
  const Before before = std::exchange(at->second, Before{t, value});
  if (first || t <= before.t || value < before.value) return std::nullopt;
  return (value - before.value) / (t - before.t);
}

void TargetLog::process(double t, const ProcessReading& r) {
  if (const auto cores = rate("process.cpu", t, r.cpu_seconds)) put(t, "process.cpu", "cores", *cores);
  if (const auto n = rate("process.context_switches", t, static_cast<double>(r.context_switches)))
    put(t, "process.context_switches", "per second", *n);
  put(t, "process.memory", "bytes", static_cast<double>(r.resident_bytes));
  put(t, "process.threads", "count", static_cast<double>(r.threads));
  if (r.descriptors) put(t, "process.descriptors", "count", static_cast<double>(*r.descriptors));
}

void TargetLog::metrics(double t, const std::vector<PrometheusFigure>& figures) {
  if (std::exchange(choose_, false))
    for (const PrometheusFigure& f : figures)
      if (chosen_.size() < most_figures) chosen_.push_back(f.name);
  for (const std::string& name : chosen_) {
    const auto at = std::find_if(figures.begin(), figures.end(), [&](const PrometheusFigure& f) { return f.name == name; });
    if (at == figures.end()) {
      trouble("--target-metrics: there is no figure '" + name + "'");
    } else if (!at->counter) {
      put(t, name, name.ends_with("_bytes") ? "bytes" : "count", at->value);
    } else if (const auto n = rate(name, t, at->value)) {
      put(t, name, "per second", *n);
    }
  }
}

void TargetLog::trouble(const std::string& what) {
  if (std::find(trouble_.begin(), trouble_.end(), what) == trouble_.end()) trouble_.push_back(what);
}

std::vector<std::string> TargetLog::take_news() {
  std::vector<std::string> out(trouble_.begin() + static_cast<std::ptrdiff_t>(told_), trouble_.end());
  told_ = trouble_.size();
  return out;
}

Json TargetLog::to_json() const {
  Json series = Json::array();
  for (const auto& [t, values] : series_) series.push_back(obj("t", t, "values", values));
  return obj("units", units_, "series", std::move(series), "trouble", trouble_);
}

std::string TargetLog::note() const {
  for (auto at = series_.rbegin(); at != series_.rend(); ++at) {
    const auto& values = at->second;
    const auto value = [&](const char* name) {
      const auto found = values.find(name);
      return found == values.end() ? std::nullopt : std::optional(found->second);
    };
    if (!value("process.memory")) continue;
    std::string out = "server      ";
    if (const auto cores = value("process.cpu")) out += figure_text(*cores, "%.2f cores, ");
    out += figure_text(*value("process.memory") / 1024 / 1024, "%.1f MB");
    if (const auto n = value("process.descriptors")) out += figure_text(*n, ", %.0f descriptors");
    return out;
  }
  return {};
}

}  // namespace phx::load
