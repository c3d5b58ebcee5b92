// Runs of a scenario: who plays when, what became of them. Connections: scenario_connections.cpp.
#include "scenario_swarm_parts.hpp"

#include <phx/core/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace phx::load {

using namespace std::chrono_literals;
using scenario::FailureKind;

namespace {

/// A run may be over without having waited for anything; the next one still comes in a turn of its own.
constexpr Duration least_run = 1ms;
/// Messages that no step has taken are kept so long: what one user costs.
constexpr std::size_t mailbox_limit = 256;
constexpr std::string_view expect_steps = "expect steps";

}  // namespace

ScenarioSwarm::ScenarioSwarm(SwarmJob job, Wire& wire) : PlannedCrowd(std::move(job), wire) {
  const std::uint32_t peak = job_.plan.peak_users();
  const std::uint32_t own = peak > job_.part ? (peak - job_.part - 1) / job_.parts + 1 : 0;
  players_.resize(own);
  wheel_.resize(own);
  for (std::uint32_t i = 0; i < own; ++i) {
    players_[i].id = job_.part + i * job_.parts;
    place(i, Duration::zero());
  }
}

ScenarioSwarm::~ScenarioSwarm() = default;

/// Arms the next visit that the stages give this user.
void ScenarioSwarm::place(std::uint32_t player, Duration after) {
  Player& p = players_[player];
  const auto visit = job_.plan.visit(p.id, after);
  p.due_begin = visit ? at(visit->from) : never;
  p.visit_over = visit && visit->to < length_ ? at(visit->to) : never;
  arm(player);
}

void ScenarioSwarm::begin(std::uint32_t player, Instant now) {
  Player& p = players_[player];
  const auto wall = job_.unix_ms + std::chrono::duration_cast<std::chrono::milliseconds>(now - job_.start).count();
  tally_.lag(p.planned, now);
  p.began = now;
  p.taken = 0;
  p.join_refused = false;
  p.trouble = ErrorClass::connect_failed;
  p.core = std::make_unique<scenario::ScenarioCore>(job_.plan.scenario,
                                                    scenario::RunOptions{.url = job_.url,
                                                                         .user = p.id,
                                                                         .seed = job_.plan.seed + p.id * 1'000'003ull + p.runs++ * 7919ull,
                                                                         .unix_ms = wall,
                                                                         .mailbox_limit = mailbox_limit,
                                                                         .timeline = false});
  ++playing_;
  p.core->start(now, effects_);
  perform(player, now);
}

/// An effect may fail at once and feed the core again: what is left waits its turn.
void ScenarioSwarm::perform(std::uint32_t player, Instant now) {
  if (performing_) return;
  performing_ = true;
  for (std::size_t i = 0; i < effects_.size(); ++i) {
    const scenario::ScenarioEffect next = std::move(effects_[i]);
    std::visit(
        [&](const auto& effect) {
          if constexpr (requires { act(player, next.actor, effect, now); }) act(player, next.actor, effect, now);
        },
        next.effect);
  }
  effects_.clear();
  performing_ = false;
  Player& p = players_[player];
  std::uint64_t taken = 0;
  for (const auto& actor : p.core->actors()) taken += actor->messages_taken();
  if (taken > p.taken) tally_.count(Counter::deliveries, taken - std::exchange(p.taken, taken));
  for (std::size_t actor = 0; actor < p.links.size(); ++actor)
    if (p.links[actor] != none) flush(p.links[actor]);
  if (p.core->ended()) ended(player, now);
  arm(player);
}

void ScenarioSwarm::ended(std::uint32_t player, Instant now) {
  Player& p = players_[player];
  for (const std::uint32_t slot : std::exchange(p.slots, {})) drop(slot, false);
  p.links.clear();
  if (p.core->passed())
    passed(p, now);
  else
    failed(p, *p.core->failure(), now);
  if (p.taken > 0) {
    Deliveries& seen = ledger_.seen[std::string(expect_steps)];
    seen.expected += p.taken;
    seen.received += p.taken;
  }
  p.core.reset();
  --playing_;
  if (stopped_) {
    p.due_begin = never;
  } else if (p.visit_over <= now) {
    place(player, p.visit_over - job_.start);
  }
  arm(player);
}

void ScenarioSwarm::passed(Player& p, Instant now) {
  tally_.measure(Metric::scenario, now - p.began);
  tally_.count(Counter::scenarios);
  p.ever_passed = true;
  p.failures = 0;
  p.due_begin = std::max(now, p.began + least_run);
}

/// Comes back after the back-off: 100 ms doubled up to 5 s, half of it random.
void ScenarioSwarm::failed(Player& p, const scenario::Failure& why, Instant now) {
  tally_.error(class_of(p, why));
  tally_.count(Counter::scenarios_failed);
  if (why.step == "expect" && why.too_late) {
    Deliveries& seen = ledger_.seen[std::string(expect_steps)];
    ++seen.expected;
    ++seen.lost;
  }
  if (first_failure_.empty()) {
    first_failure_ = (why.place.file ? why.place.text() + ": " : "") + (why.actor.empty() ? "" : why.actor + ": ") + why.message;
    if (!why.details.empty()) first_failure_ += "; " + why.details.front();
    if (first_failure_.size() > 400) first_failure_.resize(400);
  }
  p.ever_failed = true;
  const double base = std::min(5.0, 0.1 * std::pow(2.0, p.failures));
  if (p.failures < 20) ++p.failures;
  p.due_begin = now + from_seconds(base * (0.5 + 0.5 * rng_.unit()));
}

ErrorClass ScenarioSwarm::class_of(const Player& p, const scenario::Failure& why) {
  switch (why.kind) {
    case FailureKind::cannot_connect: return why.step == "http" ? ErrorClass::http : p.trouble;
    case FailureKind::connect_timeout: return ErrorClass::connect_timeout;
    case FailureKind::connection_lost: return p.trouble == ErrorClass::connect_failed ? ErrorClass::connection_lost : p.trouble;
    case FailureKind::timeout: return ErrorClass::scenario_timeout;
    case FailureKind::error: return ErrorClass::scenario_error;
    case FailureKind::assertion: break;
  }
  if (why.step == "join" && !p.join_refused) return why.too_late ? ErrorClass::join_timeout : ErrorClass::unexpected_reply;
  if (why.step == "join") return ErrorClass::join_refused;
  if (why.step == "push" || why.step == "leave") return why.too_late ? ErrorClass::reply_timeout : ErrorClass::unexpected_reply;
  if (why.step == "http") return ErrorClass::http;
  return ErrorClass::expect_failed;
}

void ScenarioSwarm::on_timer(std::uint32_t player, Instant now) {
  Player& p = players_[player];
  if (p.due_begin <= now) {
    p.planned = std::exchange(p.due_begin, never);
    queue_.push_back(player);
  } else if (p.core) {
    heartbeats(player, now);
    if (p.core && p.core->next_deadline().value_or(never) <= now) {
      p.core->on_deadline(now, effects_);
      return perform(player, now);
    }
  }
  arm(player);
}

void ScenarioSwarm::arm(std::uint32_t player) {
  const Player& p = players_[player];
  Instant next = p.due_begin;
  if (p.core) next = p.core->next_deadline().value_or(never);
  for (const std::uint32_t slot : p.slots)
    if (connections_[slot].link) next = std::min(next, connections_[slot].link->due_heartbeat);
  arm_for(player, next);
}

void ScenarioSwarm::stop(Instant now) {
  if (stopped_) return;
  stopped_ = true;
  if (now < end()) queue_.clear();  // interrupted; else who should be there by now still comes
  for (std::uint32_t player = 0; player < players_.size(); ++player) {
    players_[player].due_begin = never;
    arm(player);
  }
  start_queued(now);
}

void ScenarioSwarm::finish(Instant now) {
  stop(now);
  queue_.clear();
  for (Player& p : players_) {
    for (const std::uint32_t slot : std::exchange(p.slots, {})) drop(slot, false);
    if (p.core && p.taken > 0) {
      Deliveries& seen = ledger_.seen[std::string(expect_steps)];
      seen.expected += p.taken;
      seen.received += p.taken;
    }
    p.core.reset();
  }
  playing_ = 0;
}

UserCounts ScenarioSwarm::users() const {
  UserCounts out;
  for (const Player& p : players_)
    out.add({1, p.ever_connected ? 1u : 0u, p.ever_joined ? 1u : 0u, p.ever_failed && !p.ever_passed ? 1u : 0u});
  return out;
}

}  // namespace phx::load
