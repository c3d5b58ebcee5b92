#include <phx/load/plan.hpp>

#include <phx/core/json.hpp>
#include <phx/load/stamp.hpp>
#include <phx/scenario/yaml.hpp>

#include <algorithm>
#include <array>

namespace phx::load {
namespace {

using scenario::Yaml;

constexpr std::array<std::string_view, 7> hostile_names{"none", "slow-reader", "silent", "half-open", "oversize", "bad-utf8", "join-flood"};
constexpr std::array<std::string_view, 3> exit_names{"leave", "disconnect", "cut"};

template <class E, std::size_t N>
E enumerator(const std::string& word, const std::array<std::string_view, N>& names) {
  return static_cast<E>(std::find(names.begin(), names.end(), word) - names.begin());
}

std::uint32_t whole(const Yaml& value, std::int64_t least = 0, std::int64_t most = 100'000'000) {
  return static_cast<std::uint32_t>(value.integer(least, most));
}

double positive(const Yaml& value) {
  const double n = value.number();
  if (!(n >= 0 && n < 1e9)) value.fail("must not be negative");
  return n;
}

Distribution distribution(const Yaml& value) {
  const auto out = Distribution::parse(value.string());
  if (!out) value.fail(out.error());
  return *out;
}

/// The JSON text of an object such as params; texts in it may hold {{...}}.
std::string object_text(const Yaml& value) {
  const Json json = value.json();
  if (!json.is_object()) value.fail("expected a mapping, as in { user_id: \"u{{user}}\" }");
  return to_json_text(json);
}

template <class F>
void optionally(const Yaml& in, std::string_view key, F&& read) {
  if (const Yaml* value = in.find(key)) read(*value);
}

void read_action(const Yaml& in, Action action, Profile& p) {
  in.only_keys({"event", "payload", "bytes", "rate", "every", "inflight", "actors"});
  p.action = action;
  p.event = action == Action::push ? "ping" : "new_msg";
  optionally(in, "event", [&](const Yaml& v) { p.event = v.string(); });
  optionally(in, "payload", [&](const Yaml& v) { p.payload = to_json_text(v.json()); });
  optionally(in, "bytes", [&](const Yaml& v) { p.payload_bytes = whole(v, 2, 8'000'000); });
  optionally(in, "rate", [&](const Yaml& v) { p.rate = positive(v); });
  optionally(in, "every", [&](const Yaml& v) { p.every = distribution(v); });
  optionally(in, "inflight", [&](const Yaml& v) { p.inflight = whole(v, 0, 64); });
  optionally(in, "actors", [&](const Yaml& v) { p.actors = whole(v); });
  if (action == Action::publish && p.payload.empty() && p.payload_bytes < least_stamped_bytes)
    in.at("bytes").fail("a published payload carries a stamp: at least " + std::to_string(least_stamped_bytes) + " bytes");
  if (p.every && p.every->zero()) in.at("every").fail("must be above 0; for as fast as possible say inflight: 1");
  if ((p.rate > 0 ? 1 : 0) + (p.every ? 1 : 0) + (p.inflight > 0 ? 1 : 0) != 1) in.fail("needs exactly one of rate, every, inflight");
  if (action == Action::publish && p.inflight > 0) in.fail("a publish has no reply to wait for: say rate or every");
  if (action == Action::publish && !p.payload.empty() && p.payload.find("{{stamp}}") == std::string::npos)
    in.at("payload").fail("a published payload needs the text \"{{stamp}}\" in one of its strings, or deliveries cannot be counted");
}

Profile read_profile(const Yaml& in) {
  in.only_keys({"name", "weight", "transport", "vsn", "params", "join", "topic", "topics", "zipf", "join_payload", "push", "publish",
                "stay", "away", "exit", "cut_at", "reconnect", "presence", "hostile"});
  Profile p;
  optionally(in, "name", [&](const Yaml& v) { p.name = v.string(); });
  optionally(in, "weight", [&](const Yaml& v) { p.weight = positive(v); });
  optionally(in, "transport", [&](const Yaml& v) { p.longpoll = v.one_of({"websocket", "longpoll"}) == "longpoll"; });
  optionally(in, "vsn", [&](const Yaml& v) { p.v1 = v.one_of({"1.0.0", "2.0.0"}) == "1.0.0"; });
  optionally(in, "params", [&](const Yaml& v) { p.params = object_text(v); });
  optionally(in, "join", [&](const Yaml& v) { p.join = v.boolean(); });
  optionally(in, "topic", [&](const Yaml& v) { p.topic = v.string(); });
  optionally(in, "topics", [&](const Yaml& v) { p.topics = whole(v, 1, 10'000'000); });
  optionally(in, "zipf", [&](const Yaml& v) { p.zipf = positive(v); });
  optionally(in, "join_payload", [&](const Yaml& v) { p.join_payload = to_json_text(v.json()); });
  optionally(in, "push", [&](const Yaml& v) { read_action(v, Action::push, p); });
  optionally(in, "publish", [&](const Yaml& v) {
    if (p.action != Action::none) v.fail("a user either pushes or publishes; give two kinds of users with weights");
    read_action(v, Action::publish, p);
  });
  optionally(in, "stay", [&](const Yaml& v) { p.stay = distribution(v); });
  optionally(in, "away", [&](const Yaml& v) { p.away = distribution(v); });
  optionally(in, "exit", [&](const Yaml& v) { p.exit = enumerator<Exit>(v.one_of({"leave", "disconnect", "cut"}), exit_names); });
  optionally(in, "cut_at", [&](const Yaml& v) { p.cut_at = v.duration(); });
  optionally(in, "reconnect", [&](const Yaml& v) { p.reconnect = v.boolean(); });
  optionally(in, "presence", [&](const Yaml& v) { p.presence = v.boolean(); });
  optionally(in, "hostile", [&](const Yaml& v) {
    p.hostile =
        enumerator<Hostile>(v.one_of({"none", "slow-reader", "silent", "half-open", "oversize", "bad-utf8", "join-flood"}), hostile_names);
  });
  return p;
}

Stage read_stage(const Yaml& in, std::uint32_t before, std::size_t number) {
  in.only_keys({"name", "users", "over", "for", "rate_factor", "gates"});
  Stage s{.name = "stage " + std::to_string(number), .users = before, .gates = {}};
  optionally(in, "name", [&](const Yaml& v) { s.name = v.string(); });
  optionally(in, "users", [&](const Yaml& v) { s.users = whole(v); });
  if ((in.find("over") != nullptr) == (in.find("for") != nullptr))
    in.fail("needs exactly one of over: 30s (users come evenly) and for: 30s (at once)");
  s.over = in.find("over") != nullptr;
  s.length = in.at(s.over ? "over" : "for").duration();
  optionally(in, "rate_factor", [&](const Yaml& v) { s.rate_factor = positive(v); });
  optionally(in, "gates", [&](const Yaml& v) {
    for (const Yaml& gate : v.items()) s.gates.push_back(gate.string());
  });
  return s;
}

GateSpec read_gate(const Yaml& in) {
  if (!in.is_mapping()) return {.expr = in.string()};
  in.only_keys({"expr", "abort", "grace"});
  GateSpec gate{.expr = in.at("expr").string()};
  optionally(in, "abort", [&](const Yaml& v) { gate.abort = v.boolean(); });
  optionally(in, "grace", [&](const Yaml& v) { gate.grace = v.duration(); });
  return gate;
}

void read_times(const Yaml& in, Plan& plan) {
  optionally(in, "seed", [&](const Yaml& v) { plan.seed = static_cast<std::uint64_t>(v.integer(0)); });
  optionally(in, "heartbeat", [&](const Yaml& v) { plan.heartbeat = v.duration(); });
  optionally(in, "timeout", [&](const Yaml& v) { plan.timeout = v.duration(); });
  optionally(in, "late_after", [&](const Yaml& v) { plan.late_after = v.duration(); });
  optionally(in, "drain", [&](const Yaml& v) { plan.drain = v.duration(); });
  optionally(in, "arrivals", [&](const Yaml& v) { plan.arrivals = positive(v); });
  optionally(in, "even_arrivals", [&](const Yaml& v) { plan.even_arrivals = v.boolean(); });
}

/// A plan around a scenario file; the caller reads that.
void read_scenario(const Yaml& in, Plan& plan) {
  const Yaml& scenario = in.at("scenario");
  plan.scenario_file = scenario.string();
  if (plan.scenario_file.empty()) scenario.fail("expected the path of a scenario file");
  for (const char* key : {"users", "feeder", "arrivals"})
    if (const Yaml* other = in.find(key))
      other->fail(std::string("users that play a scenario have no '") + key + "'; remove it, or the scenario");
}

Json action_json(const Profile& p) {
  Json out = obj("event", p.event, "bytes", p.payload_bytes, "actors", p.actors);
  if (!p.payload.empty()) out["payload"] = Json::parse(p.payload);
  if (p.every)
    out["every"] = p.every->text();
  else if (p.inflight > 0)
    out["inflight"] = p.inflight;
  else
    out["rate"] = p.rate;
  return out;
}

Json profile_json(const Profile& p) {
  Json out = obj("name", p.name, "weight", p.weight, "transport", p.longpoll ? "longpoll" : "websocket", "vsn", p.v1 ? "1.0.0" : "2.0.0",
                 "params", Json::parse(p.params), "join", p.join, "topic", p.topic, "topics", p.topics, "zipf", p.zipf, "join_payload",
                 Json::parse(p.join_payload));
  if (p.action == Action::push) out["push"] = action_json(p);
  if (p.action == Action::publish) out["publish"] = action_json(p);
  if (!p.stay.zero()) out["stay"] = p.stay.text();
  if (!p.away.zero()) out["away"] = p.away.text();
  if (p.cut_at > Duration::zero()) out["cut_at"] = duration_text(p.cut_at);
  out["exit"] = exit_names[static_cast<std::size_t>(p.exit)];
  out["reconnect"] = p.reconnect;
  out["presence"] = p.presence;
  out["hostile"] = hostile_names[static_cast<std::size_t>(p.hostile)];
  return out;
}

}  // namespace

Plan parse_plan(std::string_view text, const std::string& file, std::string& feeder_file) {
  const Yaml in = Yaml::parse(text, file);
  in.only_keys({"phxkit_load", "name", "seed", "heartbeat", "timeout", "late_after", "drain", "arrivals", "even_arrivals", "feeder",
                "stages", "users", "scenario", "gates"});
  if (in.at("phxkit_load").integer() != 1) in.at("phxkit_load").fail("this program knows plan files of version 1");
  Plan plan;
  plan.name = file;
  optionally(in, "name", [&](const Yaml& v) { plan.name = v.string(); });
  read_times(in, plan);
  optionally(in, "feeder", [&](const Yaml& v) { feeder_file = v.string(); });
  for (const Yaml& s : in.at("stages").items())
    plan.stages.push_back(read_stage(s, plan.stages.empty() ? 0 : plan.stages.back().users, plan.stages.size() + 1));
  if (plan.stages.empty()) in.at("stages").fail("needs at least one stage, as in { users: 100, over: 10s }");
  if (in.find("scenario") != nullptr)
    read_scenario(in, plan);
  else
    for (const Yaml& u : in.at("users").items()) plan.profiles.push_back(read_profile(u));
  if (plan.scenario_file.empty() && (plan.profiles.empty() || plan.profiles.size() > 1000))
    in.at("users").fail("needs between 1 and 1000 kinds of users");
  optionally(in, "gates", [&](const Yaml& v) {
    for (const Yaml& gate : v.items()) plan.gates.push_back(read_gate(gate));
  });
  return plan;
}

Json plan_json(const Plan& plan) {
  Json stages = Json::array(), users = Json::array(), gates = Json::array();
  for (const Stage& s : plan.stages)
    stages.push_back(obj("name", s.name, "users", s.users, s.over ? "over" : "for", duration_text(s.length), "rate_factor", s.rate_factor,
                         "gates", s.gates));
  for (const Profile& p : plan.profiles) users.push_back(profile_json(p));
  for (const GateSpec& g : plan.gates) gates.push_back(obj("expr", g.expr, "abort", g.abort, "grace", duration_text(g.grace)));
  Json out = obj("phxkit_load", 1, "name", plan.name, "seed", plan.seed, "heartbeat", duration_text(plan.heartbeat), "timeout",
                 duration_text(plan.timeout), "late_after", duration_text(plan.late_after), "drain", duration_text(plan.drain), "stages",
                 std::move(stages), "gates", std::move(gates));
  if (!plan.scenario_file.empty())
    out["scenario"] = plan.scenario_file;
  else
    out.update(obj("arrivals", plan.arrivals, "even_arrivals", plan.even_arrivals, "users", std::move(users)));
  return out;
}

Json plan_identity(Json plan) {
  for (const char* key : {"name", "scenario"})  // a plan without a name is called like its file
    if (const auto at = plan.find(key); at != plan.end() && at->is_string()) {
      const std::string path = at->get<std::string>();
      *at = path.substr(path.rfind('/') + 1);
    }
  return plan;
}

}  // namespace phx::load
