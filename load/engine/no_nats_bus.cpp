// What is built without libnats (PHXKIT_NATS=OFF).
#include <stdexcept>

#include "engine/nats_bus.hpp"

namespace phx::load {

struct NatsBus::Impl {};

NatsBus::NatsBus(const std::string& /*url*/, const std::string& /*fleet*/, const std::string& /*id*/) {
  throw std::invalid_argument(
      "this phx-load was built without NATS: install libnats-dev and build with -DPHXKIT_NATS=ON, or use --segment and merge");
}
NatsBus::~NatsBus() = default;
void NatsBus::say(const std::string& /*to*/, const std::string& /*message*/) {}
std::vector<NatsBus::Arrived> NatsBus::take(Duration /*patience*/) { return {}; }
void NatsBus::flush() {}

}  // namespace phx::load
