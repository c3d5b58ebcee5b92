#include <algorithm>
#include <utility>

#include <phx/server/tracker_state.hpp>

namespace phx::server {

namespace {

/// Whether no tick lies between two ranges of one clock.
bool contiguous(const TickRange& a, const TickRange& b) { return a.start <= b.end && b.start <= a.end; }

void merge_part(DeltaPart& into, const DeltaPart& from) {
  if (from.range) {
    into.range = into.range ? TickRange{std::min(into.range->start, from.range->start), std::max(into.range->end, from.range->end)}  //
                            : *from.range;
  }
  // A value stays if the other side has it too, or has not heard of it.
  for (auto value = into.values.begin(); value != into.values.end();) {
    const bool removed = !from.values.contains(value->first) && from.covers(value->first);
    value = removed ? into.values.erase(value) : std::next(value);
  }
  for (const auto& [tick, entry] : from.values)
    if (!into.covers(tick)) into.values.emplace(tick, entry);
  into.cloud.unite(from.cloud);
}

}  // namespace

std::uint64_t TrackerDelta::size() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [ref, part] : parts) sum += part.values.size() + part.cloud.size();
  return sum;
}

bool TrackerDelta::has_news() const noexcept {
  return std::ranges::any_of(parts, [](const auto& part) { return !part.second.cloud.empty(); });
}

bool merge_deltas(TrackerDelta& into, const TrackerDelta& from) {
  for (const auto& [ref, part] : from.parts) {
    const auto ours = into.parts.find(ref);
    if (ours != into.parts.end() && ours->second.range && part.range && !contiguous(*ours->second.range, *part.range)) return false;
  }
  for (const auto& [ref, part] : from.parts) merge_part(into.parts[ref], part);
  return true;
}

TrackerDelta extract(const TrackerDelta& from, const ReplicaRef& receiver, const Clocks& known) {
  TrackerDelta out{.whole = from.whole, .parts = {}};
  for (const auto& [ref, part] : from.parts)
    if (ref != receiver && known.contains(ref)) out.parts.emplace(ref, part);
  return out;
}

}  // namespace phx::server
