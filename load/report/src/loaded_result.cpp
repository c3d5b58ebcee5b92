#include <phx/load/loaded_result.hpp>

#include <phx/load/result.hpp>

#include <stdexcept>

namespace phx::load {
namespace {

enum class Kind : unsigned char { text, number, count, flag, object, array };

bool is(const Json& value, Kind kind) {
  switch (kind) {
    case Kind::text: return value.is_string();
    case Kind::number: return value.is_number();
    case Kind::count: return value.is_number_unsigned();
    case Kind::flag: return value.is_boolean();
    case Kind::object: return value.is_object();
    case Kind::array: return value.is_array();
  }
  return false;
}

std::string_view kind_text(Kind kind) {
  switch (kind) {
    case Kind::text: return "a text";
    case Kind::number: return "a number";
    case Kind::count: return "a count";
    case Kind::flag: return "true or false";
    case Kind::object: return "an object";
    case Kind::array: return "a list";
  }
  return "";
}

[[noreturn]] void refuse(const std::string& file, const std::string& what) { throw std::invalid_argument(file + ": " + what); }

/// Walks an object and names what is missing by its path.
class Checker {
 public:
  Checker(const std::string& file, const Json& at, std::string path) : file_(file), at_(at), path_(std::move(path)) {}

  const Checker& has(Kind kind, std::initializer_list<const char*> keys) const {
    for (const char* key : keys) child(key, kind);
    return *this;
  }
  Checker in(const char* key) const { return {file_, child(key, Kind::object), path_ + key + "."}; }
  void each(const char* key, auto&& check) const {
    std::size_t i = 0;
    for (const Json& item : child(key, Kind::array)) {
      const std::string where = path_ + key + "[" + std::to_string(i++) + "]";
      if (!item.is_object()) refuse(file_, "damaged: " + where + " is not an object; write it again with phx-load run --out");
      check(Checker(file_, item, where + "."));
    }
  }
  const Json& json() const { return at_; }
  [[noreturn]] void damaged(const std::string& key, std::string_view wanted) const {
    refuse(file_, "damaged: " + path_ + key + " is not " + std::string(wanted) + "; write it again with phx-load run --out");
  }

 private:
  const Json& child(const char* key, Kind kind) const {
    const auto it = at_.find(key);
    if (it == at_.end()) refuse(file_, "damaged: " + path_ + key + " is missing; write it again with phx-load run --out");
    if (!is(*it, kind)) damaged(key, kind_text(kind));
    return *it;
  }

  const std::string& file_;
  const Json& at_;
  std::string path_;
};

void check_latencies(const Checker& c) {
  for (const char* key : {"connect", "join", "ready", "reply", "delivery", "presence", "recovery", "heartbeat"})
    c.in(key).has(Kind::count, {"count"}).has(Kind::number, {"p50_us", "p90_us", "p99_us", "p999_us", "max_us", "mean_us"});
  const Checker errors = c.in("errors").has(Kind::count, {"total"}).has(Kind::number, {"rate"}).has(Kind::object, {"by_class"});
  for (const auto& [name, n] : errors.json()["by_class"].items())
    if (!n.is_number_unsigned()) errors.damaged("by_class." + name, "a count");
}

void check_gate(const Checker& gate) {
  gate.has(Kind::text, {"expr"}).has(Kind::flag, {"pass"});
  if (!gate.json().contains("value")) gate.damaged("value", "there");
  if (gate.json().contains("stage")) gate.has(Kind::text, {"stage"});
}

void check_texts(const Checker& c, const char* key) {
  for (const Json& item : c.has(Kind::array, {key}).json()[key])
    if (!item.is_string()) c.damaged(key, "a list of texts");
}

void check_target(const Checker& target) {
  check_texts(target, "trouble");
  for (const auto& [name, unit] : target.in("units").json().items())
    if (!unit.is_string()) target.damaged("units." + name, "a text");
  target.each("series", [](const Checker& row) {
    row.has(Kind::count, {"t"});
    for (const auto& [name, value] : row.in("values").json().items())
      if (!value.is_number()) row.damaged("values." + name, "a number");
  });
}

void check(const Checker& c) {
  c.has(Kind::text, {"name", "url", "started", "segment"}).has(Kind::number, {"seconds"}).has(Kind::flag, {"interrupted"});
  c.has(Kind::object, {"plan", "environment", "histograms", "counters"}).has(Kind::array, {"series"});
  const auto aborted = c.json().find("aborted_by");
  if (aborted == c.json().end() || (!aborted->is_null() && !aborted->is_string())) c.damaged("aborted_by", "a gate or null");
  check_latencies(c);
  c.in("users").has(Kind::count, {"planned", "connected", "joined", "failed"});
  const Checker deliveries = c.in("deliveries");
  const auto counts = {"expected", "received", "lost", "duplicate", "out_of_order", "late"};
  deliveries.has(Kind::count, counts);
  deliveries.each("topics", [&](const Checker& topic) { topic.has(Kind::count, counts); });
  const Checker generator = c.in("generator");
  generator.has(Kind::number, {"cpu", "lag_p99_us", "lag_max_us", "busiest_thread"}).has(Kind::flag, {"overloaded"});
  generator.has(Kind::count,
                {"threads", "processes", "retransmits", "descriptors", "descriptor_limit", "backlog_max_bytes", "resident_bytes"});
  check_texts(generator, "reasons");
  if (generator.json().contains("max_lag_us")) generator.has(Kind::number, {"max_lag_us"});
  c.each("gates", check_gate);
  if (c.json().contains("target")) check_target(c.in("target"));
  if (c.json().contains("scenario"))
    c.in("scenario").has(Kind::count, {"count"}).has(Kind::number, {"p50_us", "p90_us", "p99_us", "p999_us", "max_us", "mean_us"});
  c.each("stages", [](const Checker& stage) { check_latencies(stage.has(Kind::text, {"name"})); });
}

}  // namespace

LoadedResult read_result(const std::string& file, std::string_view text) {
  LoadedResult out;
  out.file = file;
  auto json = parse_json(text);
  if (!json) refuse(file, "not JSON (or cut off); expected what phx-load run --out writes");
  out.json = std::move(*json);
  const auto version = out.json.is_object() ? out.json.find("phx_load_result") : out.json.end();
  if (!out.json.is_object() || version == out.json.end())
    refuse(file, "no result of phx-load (it has no phx_load_result); expected what phx-load run --out writes");
  if (*version != result_version)
    refuse(file, "a result of version " + version->dump() + ", this phx-load reads version " + std::to_string(result_version) +
                     "; use the phx-load that wrote it");
  const Checker top(file, out.json, "");
  check(top);
  auto total = Stats::from_json(
      obj("histograms", out.json["histograms"], "counters", out.json["counters"], "errors", out.json["errors"]["by_class"]));
  if (!total) refuse(file, "damaged: its histograms or counters do not add up; write it again with phx-load run --out");
  out.total = std::move(*total);
  for (const Json& row : out.json["series"]) {
    auto second = Second::from_json(row);
    if (!second) refuse(file, "damaged: its time series cannot be read; write it again with phx-load run --out");
    out.series[second->t].merge(*second);
  }
  return out;
}

}  // namespace phx::load
