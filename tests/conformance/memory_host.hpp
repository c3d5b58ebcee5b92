#pragma once

#include <memory>

#include "conformance/host.hpp"
#include "support/fixture_app.hpp"

#include <phx/testing/memory_network.hpp>
#include <phx/testing/memory_server.hpp>

namespace phx::conformance {

/// The fixture application on wires in memory, in virtual time: a pause of a second takes none.
class MemoryHost final : public Host {
 public:
  explicit MemoryHost(testing::WireOptions wires = {});

  std::unique_ptr<Stream> dial() override;
  void pause(milliseconds time) override { clock_.advance(time); }

 private:
  testing::VirtualClock clock_;
  fixture::FixtureApp app_;
  testing::MemoryNetwork network_;  // before the server, which lets go of its wires
  testing::MemoryServer server_;
};

}  // namespace phx::conformance
