#include <phx/load/gate.hpp>

#include <phx/core/json.hpp>

#include <cctype>
#include <set>

namespace phx::load {
namespace {

Json latency_figures(const core::Histogram& h) {
  const auto us = [&](std::uint64_t ns) { return h.empty() ? Json() : Json(static_cast<double>(ns) / 1000.0); };
  return obj("count", h.count(), "p50", us(h.percentile(50)), "p90", us(h.percentile(90)), "p95", us(h.percentile(95)), "p99",
             us(h.percentile(99)), "p999", us(h.percentile(99.9)), "max", us(h.max()), "min", us(h.min()), "mean",
             h.empty() ? Json() : Json(h.mean() / 1000.0));
}

/// A figure that an expression names, and whether it says what it must be.
struct Named {
  std::string path;
  bool compared = false;
};

/// Behind a figure stands == != < <= > >= =~ in matches, or, in what the matcher takes, its end: and, or, a bracket.
bool compares(std::string_view behind) {
  const std::size_t at = behind.find_first_not_of(" \t\n\r\f\v");
  return at != std::string_view::npos && std::string_view("=!<>im").find(behind[at]) != std::string_view::npos;
}

/// Dotted words of an expression, in order, without quoted texts and keywords.
std::vector<Named> figures_in(std::string_view text) {
  static const std::set<std::string_view> keywords{"and", "or", "not", "in", "matches", "true", "false", "null"};
  std::vector<Named> out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i)
        if (text[i] == '\\') ++i;
      ++i;
    } else if (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_') {
      const std::size_t begin = i;
      while (i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_' || text[i] == '.')) ++i;
      const std::string_view word = text.substr(begin, i - begin);
      if (std::isdigit(static_cast<unsigned char>(word[0])) == 0 && !keywords.contains(word))
        out.push_back({std::string(word), compares(text.substr(i))});
    } else {
      ++i;
    }
  }
  return out;
}

const Json* find(const Json& document, std::string_view path) {
  const Json* at = &document;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const auto it = at->is_object() ? at->find(path.substr(0, dot)) : at->end();
    if (!at->is_object() || it == at->end()) return nullptr;
    at = &*it;
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return at;
}

std::string known(const Json& document) {
  std::string out;
  for (const auto& [key, value] : document.items()) out += (out.empty() ? "" : ", ") + key + (value.is_object() ? ".*" : "");
  return out;
}

}  // namespace

Json GateResult::to_json() const {
  Json out = obj("expr", expr, "value", value, "pass", pass);
  if (!stage.empty()) out["stage"] = stage;
  return out;
}

tl::expected<Gate, std::string> Gate::parse(std::string_view expression) {
  const std::string text(expression);
  auto matcher = scenario::Matcher::parse(expression);
  if (!matcher) return tl::unexpected("gate '" + text + "': " + matcher.error().message);
  const auto named = figures_in(expression);
  if (named.empty()) return tl::unexpected("gate '" + text + "' names no figure, as in join.p99 < 200ms");
  const Json skeleton = figures(Stats{}, {}, {}, 0);
  for (const auto& [path, compared] : named) {
    const Json* at = find(skeleton, path);
    if (at != nullptr && !at->is_object()) {
      if (compared) continue;
      return tl::unexpected("gate '" + text + "' does not say what " + path + " must be, as in " + path +
                            (at->is_null() ? " < 200ms" : " == 0"));  // without measurements, a time is null
    }
    const Json* parent = find(skeleton, path.substr(0, path.find('.')));
    const bool group = parent != nullptr && parent->is_object();
    return tl::unexpected("gate '" + text + "': there is no figure " + path +
                          "; known: " + (group ? path.substr(0, path.find('.')) + ".{" + known(*parent) + "}" : known(skeleton)));
  }
  return Gate(text, named.front().path, std::move(*matcher));
}

GateResult Gate::evaluate(const Json& document) const {
  const Json* value = find(document, path_);
  return {expr_, value != nullptr ? *value : Json(), matcher_(document), {}};
}

Json figures(const Stats& stats, const Deliveries& deliveries, const UserCounts& users, double seconds) {
  Json out = Json::object();
  for (std::size_t i = 0; i < metric_count; ++i) {
    const auto m = static_cast<Metric>(i);
    out[std::string(metric_name(m))] = latency_figures(stats[m]);
  }
  out["delivery"].update(deliveries.to_json());
  Json errors = obj("total", stats.errors(), "rate", stats.error_rate());
  for (std::size_t i = 0; i < error_count; ++i)
    errors[std::string(error_name(static_cast<ErrorClass>(i)))] = stats[static_cast<ErrorClass>(i)];
  out["errors"] = std::move(errors);
  out["users"] = obj("planned", users.planned, "connected", users.connected, "joined", users.joined, "failed", users.failed);
  Json rates = Json::object(), counts = Json::object();
  for (std::size_t i = 0; i < counter_count; ++i) {
    const auto n = stats[static_cast<Counter>(i)];
    const std::string name(counter_name(static_cast<Counter>(i)));
    counts[name] = n;
    rates[name] = seconds > 0 ? static_cast<double>(n) / seconds : 0.0;
  }
  out["count"] = std::move(counts);
  out["rate"] = std::move(rates);  // per second
  return out;
}

}  // namespace phx::load
