#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <phx/core/ws/frame.hpp>
#include <phx/load/result.hpp>
#include <phx/load/swarm.hpp>
#include <phx/scenario/fault_engine.hpp>

namespace phx::load::test {

using namespace std::chrono_literals;

/// A small Phoenix in memory, on virtual time, shared by any number of swarms: upgrades, joins, leaves, heartbeats; `ping` is answered with
/// its payload, `new_msg` broadcast, GET /api with {"token":"t"}. What it sends goes through a FaultEngine. Each way takes 1 ms.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<scenario::FaultRule> faults = {}, std::uint64_t seed = 1);
  ~ScriptedServer();

  /// A further shard of the run.
  Swarm& add(Plan plan, std::uint32_t part = 0, std::uint32_t parts = 1);
  /// The same for a plan with a scenario.
  void add_scenario(Plan plan, std::uint32_t part = 0, std::uint32_t parts = 1);
  /// Moves time on; everything due happens in its order.
  void run_until(Duration offset);
  /// To the end of the plan, until all are drained (or the plan's patience is over), then the books are closed and merged.
  RunPart finish();
  Stats total();

  bool refuse_joins = false, refuse_upgrades = false, refuse_connections = false;
  Duration stall_from = Duration::max(), stall_to{};    ///< handles nothing meanwhile
  Duration asleep_from = Duration::max(), asleep_to{};  ///< nobody gets a turn meanwhile, the swarms neither
  std::uint64_t sent_broadcasts = 0;                    ///< copies to members, before faults
  scenario::FaultEngine engine;
  /// Ends all connections, without a goodbye.
  void cut_all();

 private:
  class Port;
  struct Client;
  SwarmJob job_of(Plan plan, std::uint32_t part, std::uint32_t parts);
  void post(Instant when, std::function<void()> what) { queue_.emplace(when, std::move(what)); }
  void on_server_bytes(Client& c, std::string bytes);
  void on_request(Client& c, const std::string& bytes);
  void on_client_message(Client& c, const core::EnvelopeView& in);
  void send(Client& c, const core::MessageView& message);
  void perform(Client& c, scenario::LinkActions& actions);
  void to_client(Client& c, std::string bytes, Instant when);
  Instant handled_at() const;

  Instant start_{1000s}, now_{1000s};
  std::multimap<Instant, std::function<void()>> queue_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<Crowd>> swarms_;
  Plan plan_;  // of all of them
  std::vector<std::shared_ptr<Client>> clients_;
};

}  // namespace phx::load::test
