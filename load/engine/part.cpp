#include "engine/part.hpp"

#include <algorithm>

namespace phx::load {

void PartGroup::stop() {
  for (auto& p : parts_) p->stop();
}
void PartGroup::finish() {
  for (auto& p : parts_) p->finish();
}
bool PartGroup::stopped() {
  return std::all_of(parts_.begin(), parts_.end(), [](const auto& p) { return p->stopped(); });
}
bool PartGroup::drained() {
  return std::all_of(parts_.begin(), parts_.end(), [](const auto& p) { return p->drained(); });
}
bool PartGroup::done() {
  return std::all_of(parts_.begin(), parts_.end(), [](const auto& p) { return p->done(); });
}
void PartGroup::take_seconds(Series& into) {
  for (auto& p : parts_) p->take_seconds(into);
}
Stats PartGroup::so_far() {
  Stats out;
  for (auto& p : parts_) out.merge(p->so_far());
  return out;
}
RunPart PartGroup::result() {
  RunPart out;
  for (auto& p : parts_) out.merge(p->result());
  return out;
}

}  // namespace phx::load
