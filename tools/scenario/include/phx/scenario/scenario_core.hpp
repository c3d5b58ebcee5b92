#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <phx/scenario/actor_core.hpp>

namespace phx::scenario {

struct ScenarioEffect {
  std::size_t actor = 0;  ///< index into ScenarioCore::actors()
  ActorEffect effect;
  bool operator==(const ScenarioEffect&) const = default;
};
using ScenarioEffects = std::vector<ScenarioEffect>;

struct RunOptions {
  std::string url = {};  ///< instead of the scenario's
  std::uint64_t user = 0;
  std::uint64_t seed = 1;
  std::int64_t unix_ms = 0;  ///< wall clock at the start
  std::size_t mailbox_limit = 10'000;
  bool timeline = true;  ///< of the actors, for reports
};

/// One run of a scenario: its setup, then all actors at once, their meeting points, and the time limit.
///
///   setup --> running --all actors finished--> passed
///     |          |
///     +----------+--an actor failed, or the timeout--> failed       ends at once: connections are the owner's to close
///
/// Of the actors' effects, ReachSync, ActorFinished and ActorFailed stay inside. Reads no clock, never blocks. One owner at a time.
class ScenarioCore {
 public:
  ScenarioCore(std::shared_ptr<const Scenario> scenario, RunOptions options);
  ScenarioCore(const ScenarioCore&) = delete;
  ScenarioCore& operator=(const ScenarioCore&) = delete;

  void start(Instant now, ScenarioEffects& out);

  /// Gives one input to one actor: feed(i, now, out, [&](ActorCore& a, ActorEffects& o) { a.on_open(now, o); }).
  template <class Input>
  void feed(std::size_t actor, Instant now, ScenarioEffects& out, Input input) {
    if (ended()) return;
    input(*actors_[actor], effects_);
    settle(actor, now, out);
  }

  std::optional<Instant> next_deadline() const noexcept;
  void on_deadline(Instant now, ScenarioEffects& out);

  bool ended() const noexcept { return ended_.has_value(); }
  bool passed() const noexcept { return ended() && !failure_; }
  const std::optional<Failure>& failure() const noexcept { return failure_; }
  Instant began() const noexcept { return began_; }
  Instant end() const noexcept { return ended_.value_or(began_); }

  /// The setup is the first, when there is one.
  const std::vector<std::unique_ptr<ActorCore>>& actors() const noexcept { return actors_; }
  const Scenario& scenario() const noexcept { return *scenario_; }

 private:
  void settle(std::size_t actor, Instant now, ScenarioEffects& out);
  void begin_actors(Instant now, ScenarioEffects& out);
  void begin(std::size_t actor, Instant now, ScenarioEffects& out);
  void reach(std::size_t actor, const std::string& point, Instant now, ScenarioEffects& out);
  void time_out(Instant now);

  std::shared_ptr<const Scenario> scenario_;
  RunOptions options_;
  Variables shared_;  // of a scenario with a setup, whose variables come to it; the others' are the file's own
  std::vector<std::unique_ptr<ActorCore>> actors_;
  std::map<std::string, std::vector<std::size_t>> arrived_;  // at meeting points that wait for more
  ActorEffects effects_;
  Instant began_{};
  bool started_ = false, running_ = false;
  std::optional<Instant> ended_;
  std::optional<Failure> failure_;
};

}  // namespace phx::scenario
