#include <phx/testing/wire.hpp>

#include <algorithm>
#include <utility>

namespace phx::testing {

void Wire::End::write(std::string_view bytes) {
  if (open_ && !bytes.empty()) wire_->write(outgoing_, bytes);
}

void Wire::End::close() {
  if (!open_) return;
  open_ = false;
  wire_->enqueue_end(outgoing_);
}

Wire::Wire(VirtualClock& clock, const WireOptions& options)
    : clock_(&clock), options_(options), rng_(options.seed), attachment_(clock.attach(*this)) {
  for (End& end : ends_) end.wire_ = this;
  server().outgoing_ = Direction::to_client;
}

Wire::Wire(VirtualClock& clock, const WireOptions& options, scenario::FaultEngine& faults, const core::Serializer& serializer,
           scenario::FaultRelay::Options relay)
    : Wire(clock, options) {
  relay_ = std::make_unique<scenario::FaultRelay>(faults, serializer, relay);
}

void Wire::write(Direction d, std::string_view bytes) {
  written_[static_cast<std::size_t>(d)] += bytes.size();
  std::string copy(bytes);
  if (!relay_) return enqueue(d, clock_->now(), std::move(copy));
  relay_->on_bytes(d, copy, clock_->now(), actions_);
  perform(actions_);
}

void Wire::perform(scenario::RelayActions& actions) {
  bool is_cut = false;
  for (scenario::RelayAction& action : actions) {
    if (auto* bytes = std::get_if<scenario::RelayWrite>(&action)) {
      enqueue(bytes->direction, bytes->at, std::move(bytes->bytes));
    } else {
      is_cut = true;
    }
  }
  actions.clear();
  if (!is_cut) return;
  for (const Direction d : {Direction::to_server, Direction::to_client}) enqueue_end(d);  // behind the bytes of a refusal
}

void Wire::enqueue_end(Direction d) {
  Lane& l = lane(d);
  const Instant at = clock_->now() + options_.delay;
  l.push_back(Parcel{l.empty() ? at : std::max(at, l.back().at), {}, true});
}

void Wire::enqueue(Direction d, Instant at, std::string bytes) {
  Lane& l = lane(d);
  at += options_.delay;
  if (options_.jitter > Duration::zero()) {
    at += Duration(static_cast<Duration::rep>(rng_.below(static_cast<std::uint64_t>(options_.jitter.count()))));
    if (!l.empty()) at = std::max(at, l.back().at);
  }
  const auto place = std::upper_bound(l.begin(), l.end(), at, [](Instant t, const Parcel& p) { return t < p.at; });
  l.insert(place, Parcel{at, std::move(bytes)});
}

void Wire::cut() {
  for (Lane& l : lanes_) {
    l.clear();
    l.push_back(Parcel{clock_->now(), {}, true});
  }
}

std::optional<Instant> Wire::next_deadline() const {
  if (held_) return std::nullopt;
  std::optional<Instant> next = relay_ ? relay_->next_deadline() : std::nullopt;
  for (const Lane& l : lanes_) {
    if (!l.empty() && (!next || l.front().at < *next)) next = l.front().at;
  }
  return next;
}

void Wire::on_deadline(Instant now) {
  if (held_) return;
  if (relay_) {
    relay_->on_deadline(now, actions_);
    perform(actions_);
  }
  deliver_due(Direction::to_server, now);
  deliver_due(Direction::to_client, now);
}

// One piece at a time, so that both ends and everything else on the clock take turns.
void Wire::deliver_due(Direction d, Instant now) {
  Lane& l = lane(d);
  if (l.empty() || l.front().at > now) return;
  End& to = receiver_of(d);
  Parcel& first = l.front();
  if (first.is_end) {
    l.clear();
    return end(to);
  }
  const std::size_t size = chunk_size(first.bytes.size() - first.taken);
  std::string piece = first.bytes.substr(first.taken, size);
  first.taken += size;
  if (first.taken == first.bytes.size()) l.pop_front();
  if (to.open_ && to.receiver_.on_bytes) to.receiver_.on_bytes(piece);
}

std::size_t Wire::chunk_size(std::size_t available) {
  switch (options_.chunking) {
    case Chunking::whole: return available;
    case Chunking::one_byte: return 1;
    case Chunking::random: return 1 + static_cast<std::size_t>(rng_.below(available));
  }
  return available;
}

void Wire::end(End& end) {
  if (!std::exchange(end.open_, false)) return;
  if (end.receiver_.on_end) end.receiver_.on_end();
}

}  // namespace phx::testing
