#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <phx/load/fleet_core.hpp>

#include "engine/job.hpp"
#include "engine/nats_bus.hpp"
#include "engine/run.hpp"

namespace phx::load {

class FleetError : public std::runtime_error {
 public:
  explicit FleetError(const FleetFailed& failed) : std::runtime_error(failed.text), why_(failed.why) {}
  FleetFailure why() const noexcept { return why_; }

 private:
  FleetFailure why_;
};

/// This process as a member of a fleet: FleetCore on a NatsBus. One thread. Whatever waits may throw FleetError, and std::runtime_error
/// when the bus is gone.
class Fleet {
 public:
  using Interrupted = std::function<bool()>;
  /// Throws what NatsBus throws.
  Fleet(const std::string& nats_url, const std::string& name, FleetOptions options);
  ~Fleet();

  /// Waits for all members, and gives the job its segment, its clock and its start. False: interrupted.
  bool gather(Job& job, const Interrupted& interrupted);
  bool coordinator() const noexcept { return core_.coordinator(); }
  std::size_t gathered() const noexcept { return core_.gathered(); }

  /// Coordinator: runs its own segment and watches all.
  RunOutcome coordinate(const Job& job, const RunHooks& hooks);
  void end(int code, const std::string& result);

  /// Member: runs its segment as the coordinator says, and waits for the verdict on the whole.
  FleetOver follow(const Job& job, const Interrupted& interrupted);

 private:
  class RemotePart;
  void pump(Duration patience);
  void perform(FleetEffects& effects);
  template <class F>
  void act(F&& what);
  Json members_json() const;
  std::vector<std::string> trouble() const;

  std::string name_;
  NatsBus bus_;
  FleetCore core_;
  std::optional<FleetBegin> begin_;
  std::vector<RemotePart*> remotes_;  // by segment - 1, null: ourselves
  bool stop_ = false, finish_ = false, interrupted_ = false;
  std::optional<FleetOver> over_;
  std::vector<std::string> own_trouble_;
};

}  // namespace phx::load
