// A scenario file as the plan of a load run.
#include <phx/load/plan.hpp>

#include <phx/core/json.hpp>
#include <phx/load/gate.hpp>
#include <phx/scenario/each_step.hpp>
#include <phx/scenario/scenario.hpp>

#include <algorithm>

#include "url_target.hpp"

namespace phx::load {
namespace {

using scenario::Actor;
using scenario::FileError;
using scenario::LoadStage;
using scenario::Scenario;
using scenario::Step;
using scenario::Yaml;

constexpr std::int64_t most_users = 100'000'000;

void add_stages(const Scenario& scenario, const Yaml& in, Plan& plan) {
  for (const LoadStage& s : scenario.stages) {
    const Yaml& place = in.at("load").at("stages").items()[static_cast<std::size_t>(&s - scenario.stages.data())];
    const auto users = static_cast<std::uint32_t>(place.at("users").integer(0, most_users));
    const auto add = [&](Duration length, bool over) {
      if (length == Duration{}) return;
      plan.stages.push_back(
          {.name = "stage " + std::to_string(plan.stages.size() + 1), .users = users, .length = length, .over = over, .gates = {}});
    };
    add(s.over, true);
    add(s.hold, false);
  }
}

/// Text whose host is known before it is rendered, and another than that of the run.
bool elsewhere(const scenario::Template& url, const std::string& run_url) {
  const std::string& text = url.source();
  const std::size_t host = text.find("://");
  if (host == std::string::npos) return false;
  const std::string authority = split_url(text).authority;
  return authority.find("{{") == std::string::npos && authority != split_url(run_url).authority;
}

void check_step(const Step& step, const std::string& url) {
  const std::string one_host =
      " goes to another host than " + split_url(url).authority +
      ", and all users of a load run connect to the host of --url; leave the host out, or run this file with phx test";
  if (const auto* connect = std::get_if<scenario::ConnectStep>(&step.kind)) {
    if (connect->transport == scenario::TransportWish::longpoll)
      throw FileError(step.place, "users that play a scenario connect by WebSocket; leave out 'transport', or use the preset longpoll");
    if (connect->url && elsewhere(*connect->url, url)) throw FileError(step.place, "this connect" + one_host);
  }
  if (const auto* http = std::get_if<scenario::HttpStep>(&step.kind); http != nullptr && elsewhere(http->url, url))
    throw FileError(step.place, "this request" + one_host);
}

}  // namespace

void play_scenario(Plan& plan, std::string_view text) {
  plan.scenario = std::make_shared<const Scenario>(scenario::parse_scenario(text, plan.scenario_file));
  plan.scenario_text = text;
}

Plan scenario_plan(std::string_view text, const std::string& file) {
  Plan plan;
  plan.scenario_file = file;
  play_scenario(plan, text);
  plan.name = plan.scenario->name;
  const Yaml in = Yaml::parse(text, file);
  add_stages(*plan.scenario, in, plan);
  if (plan.stages.empty()) plan.stages = preset("join")->stages;
  for (const std::string& expr : plan.scenario->gates) {
    const auto index = static_cast<std::size_t>(&expr - plan.scenario->gates.data());
    if (const auto gate = Gate::parse(expr); !gate) in.at("gates").items()[index].fail(gate.error());
    plan.gates.push_back({.expr = expr});
  }
  return plan;
}

void check_scenario(const Plan& plan, const std::string& url) {
  const auto check = [&](const Step& step) { check_step(step, url); };
  scenario::each_step(plan.scenario->setup, check);
  for (const Actor& actor : plan.scenario->actors) scenario::each_step(actor.steps, check);
}

}  // namespace phx::load
