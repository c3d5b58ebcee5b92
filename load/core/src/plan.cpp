#include <phx/load/plan.hpp>

#include <phx/core/json.hpp>
#include <phx/load/stamp.hpp>
#include <phx/scenario/scenario.hpp>

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace phx::load {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t default_users = 100;

Plan base(std::string name, Profile profile) {
  Plan plan;
  plan.name = std::move(name);
  profile.name = plan.name;
  plan.profiles.push_back(std::move(profile));
  plan.stages = {{.name = "ramp", .users = default_users, .length = 1s, .over = true, .gates = {}},
                 {.name = "hold", .users = default_users, .length = 10s, .gates = {}}};
  return plan;
}

Profile acting(Action action, std::string event, double rate) {
  Profile p;
  p.action = action;
  p.event = std::move(event);
  p.rate = rate;
  return p;
}

Plan make_broadcast() {
  Profile p = acting(Action::publish, "new_msg", 10);
  p.actors = 1;
  return base("broadcast", p);
}

Plan make_presence() {
  Profile p;
  p.presence = true;
  p.topic = "chat:load";
  p.params = R"({"user_id":"load-{{user}}"})";
  p.stay = {.kind = Distribution::Kind::uniform, .a = 3s, .b = 10s};
  p.away = {.kind = Distribution::Kind::fixed, .a = 1s};
  return base("presence", p);
}

Plan make_churn() {
  Profile p = acting(Action::publish, "new_msg", 10);
  p.actors = 1;
  p.stay = {.kind = Distribution::Kind::uniform, .a = 1s, .b = 4s};
  p.away = {.kind = Distribution::Kind::uniform, .a = 100ms, .b = 1s};
  p.reconnect = true;
  return base("churn", p);
}

Plan make_storm() {
  Profile p;
  p.cut_at = 2s;
  p.exit = Exit::cut;
  p.reconnect = true;
  return base("storm", p);
}

Plan make_longpoll() {
  Profile p = acting(Action::push, "ping", 0);
  p.every = Distribution{.a = 1s};
  p.longpoll = true;
  return base("longpoll", p);
}

void check(bool fits, const std::string& what) {
  if (!fits) throw std::invalid_argument(what);
}

Hostile parse_hostile(const std::string& name) {
  static const std::vector<std::string> names{"none", "slow-reader", "silent", "half-open", "oversize", "bad-utf8", "join-flood"};
  const auto at = std::find(names.begin(), names.end(), name);
  check(at != names.end(), "--hostile: slow-reader, silent, half-open, oversize, bad-utf8 or join-flood, not '" + name + "'");
  return static_cast<Hostile>(at - names.begin());
}

void apply_times(const PlanOverrides& o, Plan& plan) {
  if (!o.users && !o.ramp && !o.duration) return;
  const std::uint32_t users = o.users.value_or(plan.peak_users());
  Duration ramp = 0s, hold = 0s;
  for (const Stage& s : plan.stages) (s.over ? ramp : hold) += s.length;
  if (o.users && !o.ramp) ramp = std::max(ramp, from_seconds(users / 1000.0));
  ramp = o.ramp.value_or(ramp);
  plan.stages = {{.name = "ramp", .users = users, .length = ramp, .over = true, .gates = {}},
                 {.name = "hold", .users = users, .length = o.duration.value_or(hold), .gates = {}}};
}

/// --rate is the rate of what the plan does: actions, else arrivals (joins of a churn, connections of a ramp).
void apply_rate(const PlanOverrides& o, Plan& plan) {
  if (!o.rate) return;
  check(*o.rate > 0 && *o.rate <= 1e9, "--rate must be above 0 and at most 1e9");
  bool acted = false;
  for (Profile& p : plan.profiles) {
    if (p.action == Action::none) continue;
    p.rate = *o.rate;
    p.every.reset();
    p.inflight = 0;
    acted = true;
  }
  if (!acted && !o.ramp) {
    const std::uint32_t users = plan.peak_users();
    for (Stage& s : plan.stages)
      if (s.over) s.length = from_seconds(users / *o.rate);
  }
}

void apply_profile(const PlanOverrides& o, Profile& p) {
  if (o.topic) p.topic = *o.topic;
  if (o.topics) p.topics = *o.topics;
  if (o.publishers) p.actors = *o.publishers;
  if (o.payload_bytes) {
    check(p.action != Action::publish || *o.payload_bytes >= least_stamped_bytes,
          "--payload-bytes must be at least " + std::to_string(least_stamped_bytes) + " for a publish, whose payload carries a stamp");
    p.payload_bytes = *o.payload_bytes;
    p.payload.clear();
  }
  if (o.event) p.event = *o.event;
  if (o.params) p.params = *o.params;
  if (o.join_payload) p.join_payload = *o.join_payload;
  if (o.longpoll) p.longpoll = *o.longpoll;
  if (o.v1) p.v1 = *o.v1;
  if (o.hostile) p.hostile = parse_hostile(*o.hostile);
  if (o.inflight && p.action == Action::push) {
    p.inflight = *o.inflight;
    p.every.reset();
    p.rate = 0;
  }
}

/// Times and numbers of users are the plan's; what a user does is the scenario's.
void refuse_what_scenarios_say(const PlanOverrides& o) {
  const std::pair<bool, const char*> given[] = {{o.topics.has_value(), "--topics"},
                                                {o.publishers.has_value(), "--publishers"},
                                                {o.payload_bytes.has_value(), "--payload-bytes"},
                                                {o.inflight.has_value(), "--inflight"},
                                                {o.rate.has_value(), "--rate"},
                                                {o.topic.has_value(), "--topic"},
                                                {o.event.has_value(), "--event"},
                                                {o.params.has_value(), "--params"},
                                                {o.join_payload.has_value(), "--join-payload"},
                                                {o.hostile.has_value(), "--hostile"},
                                                {o.longpoll.has_value(), "--transport"},
                                                {o.v1.has_value(), "--vsn"}};
  for (const auto& [there, flag] : given)
    check(!there, std::string(flag) +
                      " does not go with a scenario: its steps say what users do; only --users, --ramp and --duration change its load");
}

}  // namespace

std::uint32_t Plan::peak_users() const noexcept {
  std::uint32_t peak = 0;
  for (const Stage& s : stages) peak = std::max(peak, s.users);
  return peak;
}

std::uint64_t Plan::peak_connections() const noexcept {
  const bool longpoll = std::any_of(profiles.begin(), profiles.end(), [](const Profile& p) { return p.longpoll; });
  return std::uint64_t{peak_users()} * (scenario ? scenario->actors.size() : longpoll ? 2 : 1);
}

Duration Plan::length() const noexcept {
  return std::accumulate(stages.begin(), stages.end(), Duration{}, [](Duration sum, const Stage& s) { return sum + s.length; });
}

std::size_t Plan::profile_of(std::uint32_t user) const {
  if (profiles.size() == 1) return 0;
  double total = 0;
  for (const Profile& p : profiles) total += p.weight;
  scenario::Rng rng(seed * 0x9e3779b97f4a7c15u + user);
  double at = rng.unit() * total;
  for (std::size_t i = 0; i + 1 < profiles.size(); ++i) {
    at -= profiles[i].weight;
    if (at < 0) return i;
  }
  return profiles.size() - 1;
}

std::string Plan::topic_of(const Profile& profile, std::uint32_t topic) const {
  if (profile.topics <= 1 || profile.topic.find("{{") != std::string::npos) return profile.topic;
  return profile.topic + ":" + std::to_string(topic);
}

Duration Plan::ramp() const noexcept { return !stages.empty() && stages.front().over ? stages.front().length : Duration{}; }

std::size_t Plan::stage_at(Duration offset) const noexcept {
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
    if (offset < stages[i].length) return i;
    offset -= stages[i].length;
  }
  return stages.empty() ? 0 : stages.size() - 1;
}

std::optional<Plan::Visit> Plan::visit(std::uint32_t user, Duration after) const {
  std::optional<Visit> found;
  Duration begin{};
  std::uint32_t before = 0;
  for (const Stage& s : stages) {
    const std::uint32_t low = std::min(before, s.users), high = std::max(before, s.users);
    if (user >= low && user < high) {
      const double share = static_cast<double>(s.users > before ? user - low : high - 1 - user) / (high - low);
      const Duration at = begin + (s.over ? from_seconds(seconds(s.length) * share) : Duration{});
      if (s.users > before && at >= after)
        found = Visit{at, Duration::max()};
      else if (s.users < before && found)
        return Visit{found->from, at};
    }
    before = s.users;
    begin += s.length;
  }
  return found;
}

std::vector<std::string> preset_names() {
  return {"connect", "join", "idle", "echo", "broadcast", "presence", "churn", "storm", "longpoll"};
}

std::optional<Plan> preset(std::string_view name) {
  if (name == "connect") {
    Profile p;
    p.join = false;
    return base("connect", p);
  }
  if (name == "join" || name == "idle") return base(std::string(name), Profile{});
  if (name == "echo") {
    Profile p = acting(Action::push, "ping", 0);
    p.every = Distribution{.a = 1s};
    return base("echo", p);
  }
  if (name == "broadcast") return make_broadcast();
  if (name == "presence") return make_presence();
  if (name == "churn") return make_churn();
  if (name == "storm") return make_storm();
  if (name == "longpoll") return make_longpoll();
  return std::nullopt;
}

void apply(PlanOverrides o, Plan& plan) {
  check(!o.users || (*o.users > 0 && *o.users <= 100'000'000), "--users must be between 1 and 100 million");
  check(!o.topics || *o.topics > 0, "--topics must be at least 1");
  check(!o.inflight || (*o.inflight > 0 && *o.inflight <= 64), "--inflight must be between 1 and 64");
  check(!o.payload_bytes || *o.payload_bytes <= 8'000'000, "--payload-bytes must be at most 8000000");
  if (plan.scenario) refuse_what_scenarios_say(o);
  for (Profile& p : plan.profiles) apply_profile(o, p);
  apply_times(o, plan);
  apply_rate(o, plan);
}

std::string fill(std::string_view text, std::uint32_t user, std::uint32_t topic, const Json* row) {
  std::string out;
  while (true) {
    const std::size_t open = text.find("{{");
    const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) return out.append(text);
    std::string name(text.substr(open + 2, close - open - 2));
    std::erase(name, ' ');
    out.append(text.substr(0, open));
    if (name == "user") {
      out += std::to_string(user);
    } else if (name == "topic") {
      out += std::to_string(topic);
    } else if (name.starts_with("row.")) {
      if (row == nullptr || !row->contains(name.substr(4))) throw std::invalid_argument("{{" + name + "}}: the feeder has no such field");
      const Json& value = row->at(name.substr(4));
      std::string piece = value.is_string() ? to_json_text(value) : value.dump();
      out += value.is_string() ? piece.substr(1, piece.size() - 2) : piece;  // inside quotes, so escaped as in JSON
    } else {
      out.append(text.substr(open, close + 2 - open));
    }
    text.remove_prefix(close + 2);
  }
}

}  // namespace phx::load
