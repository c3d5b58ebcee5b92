// Everybody's part, and the member's; the coordinator's is in fleet_coordinator.cpp.
#include <phx/load/fleet_core.hpp>

#include <phx/core/json.hpp>

#include <algorithm>

#include "instant_ns.hpp"

namespace phx::load {

std::optional<std::string> FleetPieces::add(std::uint64_t number, std::uint64_t piece, std::uint64_t of, std::string_view bytes) {
  if (number != next_ || piece != piece_) {
    if (number < next_ || (number == next_ && piece < piece_)) return std::nullopt;  // a repetition
    missed_ += number - next_ + (piece == 0 ? 0 : 1);
    next_ = piece == 0 ? number : number + 1;
    piece_ = 0;
    text_.clear();
    if (piece != 0) return std::nullopt;
  }
  text_.append(bytes);
  if (++piece_ < of) return std::nullopt;
  ++next_;
  piece_ = 0;
  return std::exchange(text_, {});
}

FleetCore::FleetCore(FleetOptions options, Instant now) : options_(std::move(options)), began_(now), newest_(now), next_say_(now) {
  seen_[options_.id] = {options_.host, now};
}

void FleetCore::on_message(std::string_view message, Instant received, Instant now, FleetEffects& out) {
  if (state_ == FleetState::over) return;
  const std::size_t line = std::min(message.find('\n'), message.size());
  const auto in = parse_json(message.substr(0, line));
  const std::string_view body = message.substr(std::min(line + 1, message.size()));
  try {
    if (!in || !in->is_object() || in->at("from").get_ref<const std::string&>().empty()) {
      ++strange_;
      return;
    }
    if (in->at("from") == options_.id) return;  // the bus gives us back what we say to everybody
    if (in->contains("hello")) return on_hello(*in, now, out);
    if (in->contains("roster")) return on_roster(*in, now, out);
    if (in->contains("ping")) return on_ping(*in, received, now, out);
    if (in->contains("report")) return on_report(*in, body, now, out);
    if (in->contains("interrupt") && coordinator() && member(*in) != nullptr) return out.emplace_back(FleetInterrupt{}), void();
    if (in->contains("refuse") && (state_ == FleetState::gathering || in->at("from") == coordinator_))
      return failed(FleetFailure::refused, in->at("refuse").get<std::string>(), out);
    if (in->at("from") != coordinator_) return;
    heard_coordinator_ = now;
    if (in->contains("pong")) return on_pong(*in, received, now, out);
    if (in->contains("phase")) return on_phase(*in, out);
    if (in->contains("over")) return on_over(*in, body, out);
  } catch (const Json::exception&) { ++strange_; }
}

std::optional<Instant> FleetCore::next_deadline() const {
  if (state_ == FleetState::over) return std::nullopt;
  if (state_ == FleetState::gathering) return next_say_;
  if (!coordinator()) return std::min(next_say_, heard_coordinator_ + silence());
  std::optional<Instant> next;
  for (const Member& m : members_)
    if (m.id != options_.id && !m.lost) next = std::min(next.value_or(Instant::max()), m.heard + silence());
  return next;
}

void FleetCore::on_deadline(Instant now, FleetEffects& out) {
  if (state_ == FleetState::over) return;
  if (state_ != FleetState::gathering && coordinator()) return look_for_dead(now, out);
  if (state_ != FleetState::gathering && now >= heard_coordinator_ + silence())
    return failed(FleetFailure::coordinator_lost, "the coordinator of the fleet is gone, and the result with it", out);
  if (now < next_say_) return;
  if (state_ != FleetState::gathering) return send_ping(now, out);
  next_say_ = now + options_.hello_every;
  seen_[options_.id].heard = now;
  if (std::erase_if(seen_, [&](const auto& one) { return now - one.second.heard > 5 * options_.hello_every; }) > 0) newest_ = now;
  out.push_back(FleetSend{"", obj("from", options_.id, "hello", options_.host, "members", options_.members, "plan", options_.plan).dump()});
  const bool complete = seen_.size() >= options_.members;
  if (complete && seen_.begin()->first == options_.id && now - newest_ >= options_.window) return claim(now, out);
  if (now - began_ >= options_.wait)
    failed(FleetFailure::timed_out,
           complete ? "nobody claims the fleet"
                    : "only " + std::to_string(seen_.size()) + " of " + std::to_string(options_.members) + " members came",
           out);
}

void FleetCore::on_hello(const Json& in, Instant now, FleetEffects& out) {
  const std::string& from = in.at("from").get_ref<const std::string&>();
  const std::string& host = in.at("hello").get_ref<const std::string&>();
  if (state_ != FleetState::gathering) {
    if (!coordinator()) return;
    if (member(in) != nullptr) return send_roster(out);  // it was lost on the way
    return refuse(from, "the fleet has its " + std::to_string(options_.members) + " members already", out);
  }
  if (in.at("plan") != options_.plan || in.at("members") != options_.members) {
    if (from < options_.id)
      failed(FleetFailure::other_plan,
             "member " + host + " of the fleet has another plan, url or number of members; all flags must be the same", out);
    return;
  }
  const auto [at, fresh] = seen_.try_emplace(from, Seen{host, now});
  at->second.heard = now;
  if (fresh) newest_ = now;
}

void FleetCore::on_roster(const Json& in, Instant now, FleetEffects& out) {
  const std::string& from = in.at("from").get_ref<const std::string&>();
  if (state_ != FleetState::gathering) {
    if (from != coordinator_) failed(FleetFailure::refused, "the fleet has two coordinators", out);
    return;
  }
  std::vector<Member> roster;
  bool included = false;
  for (const Json& id : in.at("roster")) {
    roster.push_back({.id = id.get<std::string>(), .host = {}, .at_start = {}, .now = {}, .pieces = {}});
    included = included || roster.back().id == options_.id;
  }
  if (!included) return failed(FleetFailure::refused, "the fleet has its " + std::to_string(roster.size()) + " members already", out);
  members_ = std::move(roster);
  run_ = in.at("run").get<std::uint32_t>();
  coordinator_ = from;
  state_ = FleetState::measuring;
  heard_coordinator_ = now;
  send_ping(now, out);
}

void FleetCore::send_ping(Instant now, FleetEffects& out) {
  next_say_ = now + options_.beat;
  const ClockOffset known = clock_.best();
  out.push_back(FleetSend{coordinator_, obj("from", options_.id, "ping", ns(now), "offset", known.ns, "error", known.error_ns, "ready",
                                            clock_.count() >= options_.samples)
                                            .dump()});
}

void FleetCore::on_pong(const Json& in, Instant received, Instant now, FleetEffects& out) {
  clock_.add({.asked = in.at("pong").get<std::int64_t>(),
              .received = in.at("received").get<std::int64_t>(),
              .sent = in.at("sent").get<std::int64_t>(),
              .answered = ns(received)});
  const bool measuring = state_ == FleetState::measuring && clock_.count() <= options_.samples;
  on_phase(in, out);
  if (measuring && state_ == FleetState::measuring) send_ping(now, out);
}

/// Whatever the phase is by now: nothing on the way to it is left out.
void FleetCore::on_phase(const Json& in, FleetEffects& out) {
  const auto phase = static_cast<FleetPhase>(std::min(in.at("phase").get<unsigned>(), static_cast<unsigned>(FleetPhase::finishing)));
  if (phase <= phase_ || clock_.count() == 0) return;
  if (phase_ == FleetPhase::waiting) {
    start_ns_ = in.at("start").get<std::int64_t>();
    state_ = FleetState::running;
    const auto own = std::find_if(members_.begin(), members_.end(), [&](const Member& m) { return m.id == options_.id; });
    out.push_back(FleetBegin{static_cast<std::uint32_t>(own - members_.begin()) + 1, run_, false, start_ns_, clock_.best()});
  }
  if (phase_ < FleetPhase::stopping && phase >= FleetPhase::stopping) out.push_back(FleetStop{});
  if (phase_ < FleetPhase::finishing && phase >= FleetPhase::finishing) out.push_back(FleetFinish{});
  phase_ = phase;
}

void FleetCore::on_over(const Json& in, std::string_view body, FleetEffects& out) {
  auto result = verdict_.add(0, in.at("piece").get<std::uint64_t>(), in.at("of").get<std::uint64_t>(), body);
  if (!result) return;
  state_ = FleetState::over;
  out.push_back(FleetOver{in.at("over").get<int>(), std::move(*result)});
}

void FleetCore::report(std::string_view text, FleetEffects& out) {
  send_pieces(coordinator_, obj("from", options_.id, "report", reports_++), text, out);
}

void FleetCore::interrupt(FleetEffects& out) {
  if (state_ == FleetState::running && !coordinator())
    out.push_back(FleetSend{coordinator_, obj("from", options_.id, "interrupt", true).dump()});
  else if (state_ == FleetState::measuring && coordinator())
    fail("the coordinator was interrupted", out);
}

void FleetCore::send_pieces(const std::string& to, const Json& head, std::string_view text, FleetEffects& out) const {
  const std::size_t of = std::max<std::size_t>(1, (text.size() + piece_bytes - 1) / piece_bytes);
  Json line = head;
  line["of"] = of;
  for (std::size_t piece = 0; piece < of; ++piece) {
    line["piece"] = piece;
    out.push_back(FleetSend{to, line.dump() + "\n" + std::string(text.substr(piece * piece_bytes, piece_bytes))});
  }
}

void FleetCore::failed(FleetFailure why, const std::string& text, FleetEffects& out) {
  state_ = FleetState::over;
  out.push_back(FleetFailed{why, text});
}

FleetCore::Member* FleetCore::member(const Json& in) {
  const auto at = std::find_if(members_.begin(), members_.end(), [&](const Member& m) { return in.at("from") == m.id; });
  return at == members_.end() ? nullptr : &*at;
}

}  // namespace phx::load
