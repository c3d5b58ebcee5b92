#include <phx/scenario/scenario_core.hpp>

#include <phx/core/json.hpp>

#include <algorithm>
#include <set>

#include "actor_impl.hpp"

namespace phx::scenario {
namespace {

void points(const Steps& steps, std::set<std::string>& out) {
  for (const Step& step : steps) {
    if (const auto* sync = std::get_if<SyncStep>(&step.kind)) out.insert(sync->point);
    if (const auto* repeat = std::get_if<RepeatStep>(&step.kind)) points(repeat->steps, out);
    if (const auto* parallel = std::get_if<ParallelStep>(&step.kind))
      for (const Steps& branch : parallel->branches) points(branch, out);
  }
}

}  // namespace

ScenarioCore::ScenarioCore(std::shared_ptr<const Scenario> scenario, RunOptions options)
    : scenario_(std::move(scenario)), options_(std::move(options)), setup_{"setup", scenario_->setup}, shared_(scenario_->variables) {
  if (options_.url.empty()) options_.url = scenario_->url;
  for (const Actor& actor : scenario_->actors) {
    std::set<std::string> own;
    points(actor.steps, own);
    for (const std::string& point : own) ++meeting_[point];
  }
}

void ScenarioCore::begin(std::size_t actor, Instant now, ScenarioEffects& out) {
  if (ended()) return;
  actors_[actor]->start(now, effects_);
  settle(actor, now, out);
}

void ScenarioCore::start(Instant now, ScenarioEffects& out) {
  began_ = now;
  started_ = true;
  const auto make = [&](const Actor& actor) {
    ActorContext context{.url = options_.url,
                         .user = options_.user,
                         .seed = options_.seed + actors_.size() * 0x9e3779b9u,
                         .unix_ms = options_.unix_ms,
                         .began = now,
                         .within = scenario_->within,
                         .shared = &shared_,
                         .mailbox_limit = options_.mailbox_limit};
    actors_.push_back(std::make_unique<ActorCore>(actor, std::move(context)));
  };
  if (!setup_.steps.empty()) make(setup_);
  for (const Actor& actor : scenario_->actors) make(actor);
  if (setup_.steps.empty()) return begin_actors(now, out);
  begin(0, now, out);
}

void ScenarioCore::begin_actors(Instant now, ScenarioEffects& out) {
  running_ = true;
  const std::size_t first = setup_.steps.empty() ? 0 : 1;
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
  auto& there = arrived_[point];
  there.push_back(actor);
  if (there.size() < meeting_[point]) return;
  for (const std::size_t i : std::exchange(there, {})) {
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
