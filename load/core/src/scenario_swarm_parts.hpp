#pragma once

#include <memory>
#include <string>
#include <vector>

#include <phx/load/http_answer.hpp>
#include <phx/load/scenario_swarm.hpp>

#include "scenario_link.hpp"
#include "swarm_parts.hpp"

namespace phx::load {

/// One virtual user. Between two runs it is this struct and a wheel node.
struct ScenarioSwarm::Player {
  std::unique_ptr<scenario::ScenarioCore> core;  // while it plays
  std::vector<std::uint32_t> links;              // by actor: the slot of its connection
  std::vector<std::uint32_t> slots;              // all that this run has open
  Instant planned{}, began{};
  Instant due_begin = never, visit_over = never;
  std::uint64_t runs = 0, taken = 0;
  std::uint32_t id = 0;
  ErrorClass trouble{};  // why the last connection was refused or lost
  std::uint8_t failures = 0;
  bool join_refused = false;  // the last join was answered with another status than ok
  bool ever_connected = false, ever_joined = false, ever_passed = false, ever_failed = false;
};

/// What a slot of the wire is for: the WebSocket of an actor, or one HTTP request.
struct ScenarioSwarm::Connection {
  struct Request {
    std::uint64_t id = 0;
    std::string text;
    HttpAnswer answer;
  };
  std::uint32_t player = none;
  std::uint32_t actor = 0;
  std::unique_ptr<ScenarioLink> link;
  std::unique_ptr<Request> request;
  Instant planned{}, started{}, stage_began{};
  bool opening = false, counted = false;  // counted: in connected_
  std::uint32_t joined = 0;               // of joined_
};

/// One input to one actor of the run, and what follows from it.
template <class Input>
void ScenarioSwarm::feed(std::uint32_t player, std::size_t actor, Instant now, Input input) {
  Player& p = players_[player];
  if (!p.core || p.core->ended()) return;
  p.core->feed(actor, now, effects_, [&](scenario::ActorCore& a, scenario::ActorEffects& o) { input(a, o); });
  perform(player, now);
}

}  // namespace phx::load
