// The coordinator's part of a fleet.
#include <phx/load/fleet_core.hpp>

#include <phx/core/json.hpp>

#include <algorithm>

#include "instant_ns.hpp"

namespace phx::load {

void FleetCore::claim(Instant now, FleetEffects& out) {
  coordinator_ = options_.id;
  state_ = FleetState::measuring;
  run_ = options_.run;
  for (const auto& [id, seen] : seen_) {
    if (members_.size() == options_.members) break;
    members_.push_back({.id = id, .host = seen.host, .at_start = {}, .now = {}, .heard = now, .ready = id == options_.id, .pieces = {}});
  }
  members_.front().at_start = members_.front().now = {0, 0};
  send_roster(out);
  begin_when_ready(now, out);
}

void FleetCore::send_roster(FleetEffects& out) const {
  Json ids = Json::array();
  for (const Member& m : members_) ids.push_back(m.id);
  out.push_back(FleetSend{"", obj("from", options_.id, "roster", std::move(ids), "run", run_).dump()});
}

void FleetCore::on_ping(const Json& in, Instant received, Instant now, FleetEffects& out) {
  Member* m = coordinator() ? member(in) : nullptr;
  if (m == nullptr || m->lost) return;
  m->heard = now;
  m->now = {in.at("offset").get<std::int64_t>(), in.at("error").get<std::int64_t>()};
  out.push_back(FleetSend{m->id, obj("from", options_.id, "pong", in.at("ping").get<std::int64_t>(), "received", ns(received), "sent",
                                     ns(now), "phase", static_cast<unsigned>(phase_), "start", start_ns_)
                                     .dump()});
  if (m->ready || !in.at("ready").get<bool>()) return;
  m->ready = true;
  m->at_start = m->now;
  begin_when_ready(now, out);
}

void FleetCore::begin_when_ready(Instant now, FleetEffects& out) {
  if (state_ != FleetState::measuring || !std::all_of(members_.begin(), members_.end(), [](const Member& m) { return m.ready; })) return;
  state_ = FleetState::running;
  start_ns_ = ns(now + options_.start_in);
  to_phase(FleetPhase::running, out);
  out.push_back(FleetBegin{1, run_, true, start_ns_, {0, 0}});
}

void FleetCore::to_phase(FleetPhase phase, FleetEffects& out) {
  if (state_ != FleetState::running || phase <= phase_) return;
  phase_ = phase;
  out.push_back(FleetSend{"", obj("from", options_.id, "phase", static_cast<unsigned>(phase_), "start", start_ns_).dump()});
}

void FleetCore::on_report(const Json& in, std::string_view body, Instant now, FleetEffects& out) {
  Member* m = coordinator() ? member(in) : nullptr;
  if (m == nullptr || m->lost) return;
  m->heard = now;
  auto text =
      m->pieces.add(in.at("report").get<std::uint64_t>(), in.at("piece").get<std::uint64_t>(), in.at("of").get<std::uint64_t>(), body);
  if (text) out.push_back(FleetReport{static_cast<std::uint32_t>(m - members_.data()) + 1, std::move(*text)});
}

void FleetCore::look_for_dead(Instant now, FleetEffects& out) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& m = members_[i];
    if (m.id == options_.id || m.lost || now < m.heard + silence()) continue;
    m.lost = true;
    if (state_ == FleetState::running) {
      out.push_back(FleetLost{static_cast<std::uint32_t>(i) + 1});
      continue;
    }
    const std::string text = "member " + m.host + " of the fleet went away before the start";
    refuse("", text, out);
    return failed(FleetFailure::member_lost, text, out);
  }
}

void FleetCore::refuse(const std::string& to, const std::string& why, FleetEffects& out) const {
  out.push_back(FleetSend{to, obj("from", options_.id, "refuse", why).dump()});
}

void FleetCore::end(int code, std::string_view result, FleetEffects& out) {
  send_pieces("", obj("from", options_.id, "over", code), result, out);
  state_ = FleetState::over;
}

void FleetCore::fail(const std::string& why, FleetEffects& out) {
  refuse("", why, out);
  state_ = FleetState::over;
}

}  // namespace phx::load
