// One fault from JSON: see parse_fault().

#include <array>
#include <stdexcept>
#include <utility>

#include <phx/core/json.hpp>
#include <phx/scenario/fault_script.hpp>
#include <phx/scenario/yaml.hpp>

namespace phx::scenario {

namespace {

struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The members of one fault, each to be taken once; what is left over is a mistake.
class Members {
 public:
  Members(std::string kind, const Json& object) : kind_(std::move(kind)), left_(object) {
    if (left_.is_null()) left_ = Json::object();
    if (!left_.is_object()) throw Wrong(kind_ + ": expected its conditions, as in {\"" + kind_ + "\": {\"event\": \"new_msg\"}}");
  }

  std::string text(const char* key, std::string otherwise) {
    return take(key, std::move(otherwise), "text", [](const Json& v) { return v.is_string(); });
  }
  bool flag(const char* key) {
    return take(key, false, "true or false", [](const Json& v) { return v.is_boolean(); });
  }
  std::uint64_t count(const char* key, std::uint64_t otherwise) {
    return take(key, otherwise, "a whole number from 0", [](const Json& v) { return v.is_number_integer() && v >= 0; });
  }
  double probability() {
    return take("probability", 1.0, "a number from 0 to 1", [](const Json& v) { return v.is_number() && v >= 0 && v <= 1; });
  }
  std::optional<Duration> time(const char* key) {
    if (!left_.contains(key)) return std::nullopt;
    const std::string written = text(key, "");
    if (const auto parsed = parse_duration(written)) return parsed;
    throw Wrong(kind_ + "." + key + ": '" + written + "' is no time; write 200ms, 1.5s or 2m");
  }
  Json any(const char* key, Json otherwise) {
    return take(key, std::move(otherwise), "", [](const Json&) { return true; });
  }
  bool has(const char* key) const { return left_.contains(key); }

  void done() const {
    if (left_.empty()) return;
    std::string text;
    for (const std::string& key : asked_) text += (text.empty() ? "" : ", ") + key;
    throw Wrong(kind_ + ": unknown key '" + left_.begin().key() + "'; known are: " + text);
  }
  const std::string& kind() const noexcept { return kind_; }

 private:
  template <class T, class Check>
  T take(const char* key, T otherwise, const char* expected, Check check) {
    asked_.emplace_back(key);
    const auto found = left_.find(key);
    if (found == left_.end()) return otherwise;
    if (!check(*found)) throw Wrong(kind_ + "." + key + ": expected " + expected + ", not " + found->dump());
    T value = found->template get<T>();
    left_.erase(key);
    return value;
  }

  std::string kind_;
  Json left_;
  std::vector<std::string> asked_;
};

FaultMatch take_match(Members& m) {
  FaultMatch when;
  const std::string direction = m.text("direction", "");
  if (direction == "out") when.direction = Direction::to_server;
  if (direction == "in") when.direction = Direction::to_client;
  if (!direction.empty() && !when.direction)
    throw Wrong(m.kind() + ".direction: expected out (to the server) or in, not '" + direction + "'");
  when.topic = m.text("topic", "*");
  when.event = m.text("event", "*");
  when.nth = m.count("nth", 0);
  when.limit = m.count("limit", 0);
  when.probability = m.probability();
  return when;
}

std::uint16_t take_code(Members& m) {
  const auto code = m.count("code", 1006);
  if (code != 1006 && (code < 1000 || code > 4999))
    throw Wrong("close.code: expected 1000 to 4999, or 1006 for a loss without close frame");
  return static_cast<std::uint16_t>(code);
}

RefuseUpgrade take_refusal(Members& m) {
  RefuseUpgrade out;
  out.status = static_cast<int>(m.count("status", 403));
  if (out.status < 300 || out.status > 599) throw Wrong("refuse_upgrade.status: expected 300 to 599");
  out.body = m.text("body", "");
  const Json headers = m.any("headers", Json::object());
  if (!headers.is_object()) throw Wrong("refuse_upgrade.headers: expected names with values");
  for (const auto& [name, value] : headers.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if ((name + text).find_first_of("\r\n") != std::string::npos)
      throw Wrong("refuse_upgrade.headers: a line break is no part of a header");
    out.headers.emplace_back(name, text);
  }
  return out;
}

constexpr std::array<std::string_view, 11> kinds{"drop",        "delay", "duplicate", "reorder",        "corrupt", "never_reply",
                                                 "error_reply", "close", "half_open", "refuse_upgrade", "scenario"};

Fault take_fault(Members& m) {
  const std::string& kind = m.kind();
  const auto small = [&](const char* key) { return static_cast<std::uint32_t>(std::min<std::uint64_t>(m.count(key, 1), 1000)); };
  if (kind == "drop") return Drop{};
  if (kind == "delay") {
    const auto by = m.time("by"), jitter = m.time("jitter");
    return Delay{by.value_or(Duration{}), jitter.value_or(Duration{}), m.flag("overtaking")};
  }
  if (kind == "duplicate") return Duplicate{small("copies")};
  if (kind == "reorder") {
    const auto behind = small("behind");
    return Reorder{behind, m.time("at_most").value_or(std::chrono::seconds(1))};
  }
  if (kind == "corrupt") return Corrupt{small("bytes")};
  if (kind == "never_reply") return NeverReply{};
  if (kind == "error_reply") {
    std::string status = m.text("status", "error");
    return AnswerWith{std::move(status), m.any("response", Json::object()).dump()};
  }
  if (kind == "close") {
    const std::uint16_t code = take_code(m);
    return CloseWith{code, m.text("reason", "")};
  }
  if (kind == "half_open") return HalfOpen{};
  if (kind == "refuse_upgrade") return take_refusal(m);
  throw Wrong("unknown fault '" + kind + "'" + suggestion(kind, kinds));
}

FaultSteps named(const Json& name) {
  if (!name.is_string()) throw Wrong("scenario: expected a name, as in {\"scenario\": \"deploy\"}");
  if (auto steps = fault_scenario(name.get_ref<const std::string&>())) return *steps;
  throw Wrong("unknown fault scenario '" + name.get<std::string>() + "'" +
              suggestion(name.get_ref<const std::string&>(), fault_scenario_names()));
}

FaultSteps parse(const Json& fault) {
  if (!fault.is_object() || fault.size() != 1)
    throw Wrong("a fault is one name with its conditions, as in {\"drop\": {\"event\": \"new_msg\", \"nth\": 10}}");
  if (fault.begin().key() == "scenario") return named(fault.begin().value());
  Members m(fault.begin().key(), fault.begin().value());
  const bool about_messages = m.has("topic") || m.has("event") || m.has("nth") || m.has("direction") || m.has("probability");
  const auto at = m.time("at"), lasting = m.time("for");
  FaultMatch when = take_match(m);
  Fault what = take_fault(m);
  m.done();
  if (at && !about_messages) {
    if (const auto* close = std::get_if<CloseWith>(&what)) return {{*at, CloseAll{close->code, close->reason}}};
    if (std::holds_alternative<HalfOpen>(what)) return {{*at, SilenceAll{}}};
  }
  return {{at.value_or(Duration{}), RuleStep{{std::move(when), std::move(what)}, lasting}}};
}

constexpr std::array<std::string_view, 10> names_by_index{"drop",        "delay",       "duplicate", "reorder",   "corrupt",
                                                          "never_reply", "error_reply", "close",     "half_open", "refuse_upgrade"};
static_assert(std::variant_size_v<Fault> == names_by_index.size());

}  // namespace

tl::expected<FaultSteps, std::string> parse_fault(const Json& fault) {
  try {
    return parse(fault);
  } catch (const Wrong& e) { return tl::unexpected(std::string(e.what())); }
}

std::string describe(const FaultRule& rule) {
  std::string out(names_by_index.at(rule.fault.index()));
  if (rule.when.direction) out += *rule.when.direction == Direction::to_server ? " direction=out" : " direction=in";
  if (rule.when.topic != "*") out += " topic=" + rule.when.topic;
  if (rule.when.event != "*") out += " event=" + rule.when.event;
  if (rule.when.nth != 0) out += " nth=" + std::to_string(rule.when.nth);
  if (const auto* close = std::get_if<CloseWith>(&rule.fault)) out += " code=" + std::to_string(close->code);
  if (const auto* refusal = std::get_if<RefuseUpgrade>(&rule.fault)) out += " status=" + std::to_string(refusal->status);
  return out;
}

}  // namespace phx::scenario
