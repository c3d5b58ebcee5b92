#include <phx/scenario/scenario_core.hpp>

#include <phx/core/json.hpp>

#include <phx/scenario/each_step.hpp>

#include <algorithm>

#include "actor_impl.hpp"

namespace phx::scenario {
namespace {

const std::string setup_name = "setup";

bool comes_to(const Actor& actor, std::string_view point) {
  bool found = false;
  each_step(actor.steps, [&](const Step& step) {
    const auto* sync = std::get_if<SyncStep>(&step.kind);
    found = found || (sync != nullptr && sync->point == point);
  });
  return found;
}

}  // namespace

ScenarioCore::ScenarioCore(std::shared_ptr<const Scenario> scenario, RunOptions options)
    : scenario_(std::move(scenario)), options_(std::move(options)) {
  if (options_.url.empty()) options_.url = scenario_->url;
  if (!scenario_->setup.empty()) shared_ = scenario_->variables;
}

void ScenarioCore::begin(std::size_t actor, Instant now, ScenarioEffects& out) {
  if (ended()) return;
  actors_[actor]->start(now, effects_);
  settle(actor, now, out);
}

void ScenarioCore::start(Instant now, ScenarioEffects& out) {
  began_ = now;
  started_ = true;
  const bool has_setup = !scenario_->setup.empty();
  const auto make = [&](const std::string& name, const Steps& steps) {
    ActorContext context{.url = options_.url,
                         .user = options_.user,
                         .seed = options_.seed + actors_.size() * 0x9e3779b9u,
                         .unix_ms = options_.unix_ms,
                         .began = now,
                         .within = scenario_->within,
                         .shared = has_setup ? &shared_ : &scenario_->variables,
                         .mailbox_limit = options_.mailbox_limit,
                         .timeline = options_.timeline};
    actors_.push_back(std::make_unique<ActorCore>(name, steps, context));
  };
  actors_.reserve(scenario_->actors.size() + (has_setup ? 1 : 0));
  if (has_setup) make(setup_name, scenario_->setup);
  for (const Actor& actor : scenario_->actors) make(actor.name, actor.steps);
  if (!has_setup) return begin_actors(now, out);
  begin(0, now, out);
}

void ScenarioCore::begin_actors(Instant now, ScenarioEffects& out) {
  running_ = true;
  const std::size_t first = scenario_->setup.empty() ? 0 : 1;
  if (first == 1)
    for (const auto& [name, value] : actors_[0]->variables()) shared_[name] = value;
  for (std::size_t i = first; i < actors_.size(); ++i) begin(i, now, out);
}

/// Takes the actor's effects: those of the run itself are acted on, the others go out.
void ScenarioCore::settle(std::size_t actor, Instant now, ScenarioEffects& out) {
  ActorEffects taken = std::exchange(effects_, {});
  for (ActorEffect& effect : taken) {
    if (ended()) return;
    if (const auto* sync = std::get_if<ReachSync>(&effect)) {
      reach(actor, sync->point, now, out);
    } else if (std::holds_alternative<ActorFailed>(effect)) {
      failure_ = actors_[actor]->failure();
      ended_ = now;
    } else if (std::holds_alternative<ActorFinished>(effect)) {
      if (!running_)
        begin_actors(now, out);
      else if (std::ranges::all_of(actors_, [](const auto& a) { return a->finished(); }))
        ended_ = now;
    } else {
      out.push_back({actor, std::move(effect)});
    }
  }
}

void ScenarioCore::reach(std::size_t actor, const std::string& point, Instant now, ScenarioEffects& out) {
  const auto expected = std::ranges::count_if(scenario_->actors, [&](const Actor& a) { return comes_to(a, point); });
  auto& there = arrived_[point];
  there.push_back(actor);
  if (there.size() < static_cast<std::size_t>(expected)) return;
  const std::vector<std::size_t> all = std::move(there);
  arrived_.erase(point);
  for (const std::size_t i : all) {
    if (ended()) return;
    actors_[i]->on_sync(point, now, effects_);
    settle(i, now, out);
  }
}

std::optional<Instant> ScenarioCore::next_deadline() const noexcept {
  if (!started_ || ended()) return std::nullopt;
  Instant next = began_ + scenario_->timeout;
  for (const auto& actor : actors_)
    if (const auto own = actor->next_deadline(); own && *own < next) next = *own;
  return next;
}

void ScenarioCore::on_deadline(Instant now, ScenarioEffects& out) {
  for (std::size_t i = 0; i < actors_.size() && !ended(); ++i) {
    const auto own = actors_[i]->next_deadline();
    if (!own || *own > now) continue;
    actors_[i]->on_deadline(now, effects_);
    settle(i, now, out);
  }
  if (started_ && !ended() && now >= began_ + scenario_->timeout) time_out(now);
}

void ScenarioCore::time_out(Instant now) {
  Failure why{.kind = FailureKind::timeout,
              .place = scenario_->place,
              .message = "not done within " + duration_text(scenario_->timeout) + "; give the scenario another 'timeout' if it needs more"};
  for (const auto& actor : actors_)
    for (const std::string& at : actor->waiting_at()) why.details.push_back(actor->name() + " waits at " + at);
  failure_ = std::move(why);
  ended_ = now;
}

}  // namespace phx::scenario
