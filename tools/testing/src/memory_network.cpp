#include <phx/testing/memory_network.hpp>

namespace phx::testing {

Wire* MemoryNetwork::connect() {
  if (is_down_) return nullptr;
  WireOptions options = options_;
  options.seed += wires_.size();  // no two wires behave alike
  if (faults_ != nullptr) {
    wires_.push_back(std::make_unique<Wire>(*clock_, options, *faults_, *serializer_, scenario::FaultRelay::Options{}));
  } else {
    wires_.push_back(std::make_unique<Wire>(*clock_, options));
  }
  Wire& wire = *wires_.back();
  accept_(wire.server());
  return &wire;
}

void MemoryNetwork::down() {
  is_down_ = true;
  cut();
}

void MemoryNetwork::cut() {
  for (const auto& wire : wires_) {
    if (wire->client().open() || wire->server().open()) wire->cut();
  }
}

}  // namespace phx::testing
