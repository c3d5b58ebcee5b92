#include <limits>
#include <utility>
#include <vector>

#include <phx/core/etf.hpp>
#include <phx/core/json.hpp>

#include <phx/server/tracker_message.hpp>

#include "tracker_wire.hpp"

namespace phx::server {

namespace {

using core::etf::Term;
using Terms = std::vector<Term>;

/// Leaves decoding at any depth; never leaves this file.
struct Refused {
  Errc why;
};

void require(bool condition, Errc why = Errc::bad_envelope) {
  if (!condition) throw Refused{why};
}

const Terms& tuple_of(const Term& term, std::size_t size) {
  const auto* tuple = term.get<core::etf::Tuple>();
  require(tuple && tuple->elements.size() == size);
  return tuple->elements;
}

const Terms& list_of(const Term& term) {
  const auto* list = term.get<core::etf::List>();
  require(list && list->tail.empty());
  return list->elements;
}

const std::string& text_of(const Term& term) {
  const auto* text = term.get<std::string>();
  require(text != nullptr);
  return *text;
}

/// Any 64 bits: vsn, ids, actors.
std::uint64_t number_of(const Term& term) {
  if (const auto* small = term.get<std::int64_t>()) {
    require(*small >= 0);
    return static_cast<std::uint64_t>(*small);
  }
  const auto* big = term.get<core::etf::BigInt>();
  require(big && !big->negative && big->magnitude.size() <= 8);
  std::uint64_t number = 0;
  for (auto byte = big->magnitude.rbegin(); byte != big->magnitude.rend(); ++byte) number = number << 8 | static_cast<unsigned char>(*byte);
  return number;
}

/// 63 bits, so that no sum of a tick and one overflows.
std::uint64_t tick_of(const Term& term) {
  const auto tick = number_of(term);
  require(tick <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  return tick;
}

ReplicaRef ref_of(const Term& name, const Term& vsn) {
  require(!text_of(name).empty());
  return {text_of(name), number_of(vsn)};
}

/// Adds at the end of a map, and only there: equal or descending keys are refused.
template <class Map>
typename Map::mapped_type& append(Map& map, typename Map::key_type key) {
  require(map.empty() || map.rbegin()->first < key);
  return map.try_emplace(map.end(), std::move(key))->second;
}

Clocks clocks_of(const Term& term) {
  Clocks clocks;
  for (const auto& entry : list_of(term)) {
    const auto& terms = tuple_of(entry, 3);
    append(clocks, ref_of(terms[0], terms[1])) = tick_of(terms[2]);
  }
  return clocks;
}

Cloud cloud_of(const Term& term) {
  const auto& ticks = list_of(term);
  require(ticks.size() % 2 == 0);
  Cloud cloud;
  for (std::size_t i = 0; i != ticks.size(); i += 2) {
    const Cloud::Run run{tick_of(ticks[i]), tick_of(ticks[i + 1])};
    require(run.first >= 1 && run.first <= run.last && (cloud.empty() || cloud.runs().back().last + 1 < run.first));
    cloud.add(run);
  }
  return cloud;
}

PresencePtr entry_of(const Term& actor, const Term& topic, const Term& key, const Term& meta) {
  auto json = parse_json(text_of(meta));
  require(json && json->is_object(), Errc::bad_json);
  return std::make_shared<const PresenceEntry>(
      PresenceEntry{number_of(actor), text_of(topic), text_of(key), std::make_shared<const Json>(*std::move(json))});
}

void read_part(const Term& term, TrackerDelta& delta) {
  const auto& terms = tuple_of(term, 6);
  auto& part = append(delta.parts, ref_of(terms[0], terms[1]));
  part.context = tick_of(terms[2]);
  if (!terms[3].is_atom("nil")) {
    const auto& range = tuple_of(terms[3], 2);
    part.range = TickRange{tick_of(range[0]), tick_of(range[1])};
    require(part.range->start <= part.range->end);
  }
  require(delta.whole ? !part.range : part.context == 0);
  part.cloud = cloud_of(terms[4]);
  const auto& values = list_of(terms[5]);
  require(values.size() % wire::terms_per_value == 0);
  for (auto value = values.begin(); value != values.end(); value += wire::terms_per_value) {
    const auto tick = tick_of(value[0]);
    require(tick >= 1 && part.covers(tick));
    append(part.values, tick) = entry_of(value[1], value[2], value[3], value[4]);
  }
}

std::shared_ptr<const TrackerDelta> delta_of(const Term& term) {
  const auto& terms = tuple_of(term, 2);
  auto delta = std::make_shared<TrackerDelta>();
  delta->whole = terms[0].is_atom("true");
  require(delta->whole || terms[0].is_atom("false"));
  for (const auto& part : list_of(terms[1])) read_part(part, *delta);
  return delta;
}

TrackerMessage message_of(const Term& term) {
  const auto* tuple = term.get<core::etf::Tuple>();
  require(tuple && tuple->elements.size() >= 4);
  const auto& terms = tuple->elements;
  require(number_of(terms[0]) == wire::version);
  auto from = ref_of(terms[2], terms[3]);
  switch (static_cast<wire::Kind>(std::min<std::uint64_t>(number_of(terms[1]), 100))) {
    case wire::Kind::heartbeat:
      require(terms.size() == 6);
      return TrackerHeartbeat{std::move(from), clocks_of(terms[4]), terms[5].is_atom("nil") ? nullptr : delta_of(terms[5])};
    case wire::Kind::transfer_request:
      require(terms.size() == 6);
      return TransferRequest{std::move(from), number_of(terms[4]), clocks_of(terms[5])};
    case wire::Kind::transfer_ack: require(terms.size() == 6); return TransferAck{std::move(from), number_of(terms[4]), delta_of(terms[5])};
    case wire::Kind::graceful_permdown: require(terms.size() == 4); return GracefulPermdown{std::move(from)};
  }
  throw Refused{Errc::bad_envelope};
}

}  // namespace

Result<TrackerMessage> decode_tracker_message(std::string_view bytes, const TrackerMessageLimits& limits) {
  if (bytes.size() > limits.max_bytes) return failure(Errc::message_too_large);
  const auto term = core::etf::decode(bytes, {.max_depth = 8, .max_terms = limits.max_terms, .max_inflated_bytes = limits.max_bytes});
  if (!term) return failure(term.error() == core::etf::EtfError::limit ? Errc::message_too_large : Errc::bad_envelope);
  try {
    return message_of(*term);
  } catch (const Refused& refused) { return failure(refused.why); }
}

}  // namespace phx::server
