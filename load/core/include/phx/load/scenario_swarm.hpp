#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <phx/load/planned_crowd.hpp>
#include <phx/scenario/scenario_core.hpp>

namespace phx::load {

/// Users that play a scenario file, again and again while the plan has them there: all of one shard, without I/O. Each run has the user's
/// number, and actors with connections of their own. One thread.
///
///   away --arrival--> queued --> playing --passed--> away (at once)   --visit over--> away until the next
///                                   +------failed--> away (back-off)
///
/// A run that has begun goes to its end, also behind the end of the visit. Latencies of joins and replies count from the sending: a step
/// waits for the one before, so there is no schedule to hold them against. `expect` steps are the deliveries: taken or, out of time, lost.
class ScenarioSwarm final : public PlannedCrowd {
 public:
  /// job.plan.scenario is set. wire is borrowed for life.
  ScenarioSwarm(SwarmJob job, Wire& wire);
  ~ScenarioSwarm() override;

  void on_tcp(std::uint32_t slot, unsigned lane, Instant now) override;
  void on_secure(std::uint32_t slot, unsigned lane, Instant now) override;
  void on_bytes(std::uint32_t slot, unsigned lane, std::span<char> bytes, Instant now) override;
  void on_lost(std::uint32_t slot, unsigned lane, ErrorClass why, Instant now, std::string_view detail) override;

  void stop(Instant now) override;
  /// Stopped, and no run goes on.
  bool drained(Instant) const override { return stopped_ && playing_ == 0 && queue_.empty(); }
  /// Runs that go on are neither passed nor failed.
  void finish(Instant now) override;

  UserCounts users() const override;
  const std::string& first_refusal() const noexcept override { return first_failure_; }

 private:
  struct Player;
  struct Connection;
  static constexpr std::uint32_t none = ~0u;

  // runs
  void place(std::uint32_t player, Duration after);
  void begin(std::uint32_t player, Instant now) override;
  void ended(std::uint32_t player, Instant now);
  void passed(Player& p, Instant now);
  void failed(Player& p, const scenario::Failure& why, Instant now);
  static ErrorClass class_of(const Player& p, const scenario::Failure& why);
  void on_timer(std::uint32_t player, Instant now) override;
  void heartbeats(std::uint32_t player, Instant now);
  void arm(std::uint32_t player);
  // what actors want
  template <class Input>
  void feed(std::uint32_t player, std::size_t actor, Instant now, Input input);
  void perform(std::uint32_t player, Instant now);
  void act(std::uint32_t player, std::size_t actor, const scenario::OpenConnection& open, Instant now);
  void act(std::uint32_t player, std::size_t actor, const scenario::SendJoin& join, Instant now);
  void act(std::uint32_t player, std::size_t actor, const scenario::SendPush& push, Instant now);
  void act(std::uint32_t player, std::size_t actor, const scenario::SendLeave& leave, Instant now);
  void act(std::uint32_t player, std::size_t actor, const scenario::CloseConnection&, Instant now);
  void act(std::uint32_t player, std::size_t actor, const scenario::SendHttp& http, Instant now);
  void refuse(std::uint32_t player, std::size_t actor, scenario::Refusal why, ErrorClass error, Instant now);
  // connections
  std::uint32_t take_slot(std::uint32_t player, std::size_t actor);
  std::uint32_t link_of(std::uint32_t player, std::size_t actor) const;
  void drop(std::uint32_t slot, bool abrupt);
  void flush(std::uint32_t slot);
  void opening_over(Connection& c);
  void on_link_bytes(std::uint32_t slot, std::span<char> bytes, Instant now);
  template <class Event>
  void on_link_event(std::uint32_t player, std::size_t actor, std::uint32_t slot, Event& event, Instant now);
  void on_http_bytes(std::uint32_t slot, std::span<char> bytes, Instant now);
  void http_ended(std::uint32_t slot, Instant now);

  std::vector<Player> players_;
  std::vector<Connection> connections_;  // by slot of the wire
  std::vector<std::uint32_t> free_;
  scenario::ScenarioEffects effects_;
  std::string first_failure_;
  std::size_t playing_ = 0;
  bool performing_ = false;
};

}  // namespace phx::load
