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

Term clocks_term(const Clocks& clocks) {
  Terms list;
  list.reserve(clocks.size());
  for (const auto& [ref, clock] : clocks) list.push_back(Term::tuple({ref.name, ref.vsn, clock}));
  return Term::list(std::move(list));
}

Term part_term(const ReplicaRef& ref, const DeltaPart& part) {
  Terms runs, values;
  for (const auto run : part.cloud.runs()) {
    runs.emplace_back(run.first);
    runs.emplace_back(run.last);
  }
  values.reserve(part.values.size() * wire::terms_per_value);
  for (const auto& [tick, entry] : part.values) {
    values.emplace_back(tick);
    values.emplace_back(entry->actor);
    values.emplace_back(entry->topic);
    values.emplace_back(entry->key);
    values.emplace_back(to_json_text(*entry->meta));
  }
  auto range = part.range ? Term::tuple({part.range->start, part.range->end}) : Term();
  return Term::tuple({ref.name, ref.vsn, part.context, std::move(range), Term::list(std::move(runs)), Term::list(std::move(values))});
}

Term delta_term(const TrackerDelta& delta) {
  Terms parts;
  for (const auto& [ref, part] : delta.parts) parts.push_back(part_term(ref, part));
  return Term::tuple({Term(delta.whole), Term::list(std::move(parts))});
}

Terms head(wire::Kind kind, const ReplicaRef& from) { return {wire::version, static_cast<int>(kind), from.name, from.vsn}; }

Terms terms_of(const TrackerHeartbeat& message) {
  auto terms = head(wire::Kind::heartbeat, message.from);
  terms.push_back(clocks_term(message.clocks));
  terms.push_back(message.delta ? delta_term(*message.delta) : Term());
  return terms;
}

Terms terms_of(const TransferRequest& message) {
  auto terms = head(wire::Kind::transfer_request, message.from);
  terms.emplace_back(message.id);
  terms.push_back(clocks_term(message.clocks));
  return terms;
}

Terms terms_of(const TransferAck& message) {
  auto terms = head(wire::Kind::transfer_ack, message.from);
  terms.emplace_back(message.id);
  terms.push_back(delta_term(*message.data));
  return terms;
}

Terms terms_of(const GracefulPermdown& message) { return head(wire::Kind::graceful_permdown, message.from); }

}  // namespace

const ReplicaRef& sender_of(const TrackerMessage& message) noexcept {
  return std::visit([](const auto& m) -> const ReplicaRef& { return m.from; }, message);
}

std::string encode_tracker_message(const TrackerMessage& message) {
  return core::etf::encode(Term::tuple(std::visit([](const auto& m) { return terms_of(m); }, message)));
}

}  // namespace phx::server
