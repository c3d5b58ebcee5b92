#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include <phx/core/serializer.hpp>
#include <phx/scenario/fault_engine.hpp>
#include <phx/testing/virtual_clock.hpp>
#include <phx/testing/wire.hpp>

namespace phx::testing {

/// The way to one server: makes wires, keeps them, and may go down. One thread.
/// Its wires live as long as it does: make it before the server and the clients at their ends.
class MemoryNetwork {
 public:
  using Accept = std::function<void(Wire::End&)>;

  /// accept: a connection has arrived at the server. clock is borrowed for life.
  MemoryNetwork(VirtualClock& clock, WireOptions options, Accept accept) : clock_(&clock), options_(options), accept_(std::move(accept)) {}
  MemoryNetwork(const MemoryNetwork&) = delete;
  MemoryNetwork& operator=(const MemoryNetwork&) = delete;

  /// Rules for all connections made from now on. Both are borrowed for life.
  void use(scenario::FaultEngine& faults, const core::Serializer& serializer) {
    faults_ = &faults;
    serializer_ = &serializer;
  }

  /// A new connection, HTTP first; null while the network is down. Lives as long as the network.
  Wire* connect();

  /// Cuts everything; no new connections until up().
  void down();
  void up() noexcept { is_down_ = false; }
  /// Cuts everything; new connections are possible at once.
  void cut();

  /// All wires ever made, in order.
  std::list<std::unique_ptr<Wire>>& wires() noexcept { return wires_; }

 private:
  VirtualClock* clock_;
  WireOptions options_;
  Accept accept_;
  scenario::FaultEngine* faults_ = nullptr;
  const core::Serializer* serializer_ = nullptr;
  std::list<std::unique_ptr<Wire>> wires_;
  bool is_down_ = false;
};

}  // namespace phx::testing
