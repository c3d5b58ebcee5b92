// Arrivals, life and end of users. Messages: swarm_messages.cpp; actions: swarm_actions.cpp; opening: swarm_opening.cpp.
#include "swarm_parts.hpp"

#include <phx/core/json.hpp>
#include <phx/load/stamp.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

namespace phx::load {

using namespace std::chrono_literals;
using State = User::State;

User::User() { due_step = due_heartbeat = due_action = due_stay = never; }
User::~User() = default;
User::User(User&&) noexcept = default;
User& User::operator=(User&&) noexcept = default;
static_assert(sizeof(User) <= 320, "paid by every user");

Swarm::Swarm(SwarmJob job, Wire& wire) : PlannedCrowd(std::move(job), wire), ramp_(job_.plan.ramp()), marker_(stamp_marker(job_.run)) {
  const Plan& plan = job_.plan;
  for (const Profile& p : plan.profiles) {
    zipf_.push_back(p.zipf > 0 && p.topics > 1 ? std::optional(Zipf(p.topics, p.zipf)) : std::nullopt);
    cuts_.push_back(p.cut_at > Duration::zero() ? at(ramp_ + p.cut_at) : never);
    targets_.emplace_back();
    double total = 0;
    for (const Profile& q : plan.profiles) total += q.weight;
    const double share = plan.peak_users() * p.weight / total;
    actors_.push_back(p.actors > 0 ? p.actors : std::max(1u, static_cast<std::uint32_t>(std::lround(share))));
  }
  if (plan.arrivals > 0) {
    arrivals_rng_ = scenario::Rng(plan.seed);
    next_arrival_ = job_.start;
  } else {
    place_users();
  }
}

Swarm::~Swarm() = default;

void Swarm::place_users() {
  const std::uint32_t peak = job_.plan.peak_users();
  const std::uint32_t own = peak > job_.part ? (peak - job_.part - 1) / job_.parts + 1 : 0;
  users_.reserve(own);
  for (std::uint32_t i = 0; i < own; ++i) {
    User& u = users_.emplace_back();
    u.id = job_.part + i * job_.parts;
    u.profile = static_cast<std::uint16_t>(job_.plan.profile_of(u.id));
  }
  wheel_.resize(own);
  for (std::uint32_t slot = 0; slot < own; ++slot) place(slot, Duration::zero());
}

/// Arms the next visit that the stages give this user.
void Swarm::place(std::uint32_t slot, Duration after) {
  User& u = users_[slot];
  const auto visit = job_.plan.visit(u.id, after);
  u.state = visit ? State::away : State::over;
  u.due_step = visit ? at(visit->from) : never;
  u.left_at = visit && visit->to < length_ ? at(visit->to) : never;  // while away: when this visit ends
  arm(u, slot);
}

/// The open model: every part walks through all arrivals and takes its own.
void Swarm::open_arrivals(Instant now) {
  const Plan& plan = job_.plan;
  while (next_arrival_ <= now && next_arrival_ < end() && !stopped_) {
    if (next_user_ % job_.parts == job_.part) {
      std::uint32_t slot = 0;
      if (!free_.empty()) {
        slot = free_.back();
        free_.pop_back();
      } else {
        slot = static_cast<std::uint32_t>(users_.size());
        users_.emplace_back();
        wheel_.resize(users_.size());
      }
      users_[slot] = User{};
      users_[slot].id = next_user_;
      users_[slot].profile = static_cast<std::uint16_t>(plan.profile_of(next_user_));
      users_[slot].left_at = never;
      arrive(slot, next_arrival_, now);
    }
    ++next_user_;
    const double gap = plan.even_arrivals ? 1.0 : -std::log(1.0 - arrivals_rng_.unit());
    next_arrival_ += from_seconds(gap / plan.arrivals);
  }
  if (next_arrival_ >= end()) next_arrival_ = never;
}

void Swarm::arrive(std::uint32_t slot, Instant planned, Instant now) {
  User& u = users_[slot];
  u.planned = planned;
  u.due_step = never;
  u.state = State::queued;
  u.due_stay = u.left_at == Instant{} ? never : u.left_at;
  queue_.push_back(slot);
  arm(u, slot);
  start_queued(now);
}

void Swarm::begin(std::uint32_t slot, Instant now) {
  User& u = users_[slot];
  if (u.state != State::queued) return;  // gone meanwhile
  u.state = State::opening;
  u.tried = true;
  u.started = u.stage_began = now;
  u.decoder = core::ws::Decoder(core::ws::Role::client);
  u.due_step = now + job_.plan.timeout;
  u.counts_open = true;
  ++opening_;
  count(Counter::attempts);
  lag(u.planned, now);
  if (const auto refused = wire_.open(slot, 0, u.id)) {
    lost(u, slot, *refused, now);
    return;
  }
  arm(u, slot);
}

void Swarm::cut_all(Instant now) {
  for (std::size_t p = 0; p < cuts_.size(); ++p) {
    if (cuts_[p] > now) continue;
    cuts_[p] = never;
    for (std::uint32_t slot = 0; slot < users_.size(); ++slot) {
      User& u = users_[slot];
      if (u.profile != p || !u.connected) continue;
      close(u, slot, true);
      end_membership(u, Membership::End::lost, now);
      u.lost_at = now;
      again(u, slot, now);
    }
  }
}

Instant Swarm::next_planned() const {
  Instant next = next_arrival_;
  for (const Instant cut : cuts_) next = std::min(next, cut);
  return next;
}

void Swarm::on_planned(Instant now) {
  if (next_arrival_ <= now) open_arrivals(now);
  if (std::any_of(cuts_.begin(), cuts_.end(), [&](Instant cut) { return cut <= now; })) cut_all(now);
}

void Swarm::on_timer(std::uint32_t slot, Instant now) {
  User& u = users_[slot];
  if (u.due_step <= now) on_step_timeout(u, slot, now);
  if (u.due_stay <= now && (u.state == State::joined || u.state == State::open)) {
    u.due_stay = never;
    const bool visit_over = u.left_at != never && u.left_at != Instant{} && u.left_at <= now;
    leave(u, slot, visit_over ? Exit::disconnect : profile(u).exit, now);
  } else if (u.due_stay <= now) {
    u.due_stay = never;
  }
  if (u.due_heartbeat <= now) heartbeat(u, slot, now);
  if (u.due_action <= now) act(u, slot, now);
  if (u.poll && u.poll->core.next_deadline().value_or(never) <= now) {
    u.poll->core.on_deadline(now, u.poll->effects);
    perform_poll(u, slot, now);
  }
  flush(slot);
  arm(u, slot);
}

void Swarm::on_step_timeout(User& u, std::uint32_t slot, Instant now) {
  const Instant due = u.due_step;
  u.due_step = never;
  switch (u.state) {
    case State::away:
      if (stopped_) return;
      return arrive(slot, due, now);
    case State::opening: return lost(u, slot, ErrorClass::connect_timeout, now);
    case State::joining: return lost(u, slot, ErrorClass::join_timeout, now);
    case State::leaving:
    case State::closing:
      close(u, slot, true);
      end_membership(u, Membership::End::left, now);
      return went(u, slot, now);
    case State::queued:
    case State::open:
    case State::joined:
    case State::over: return;
  }
}

void Swarm::lost(User& u, std::uint32_t slot, ErrorClass why, Instant now) {
  const bool leaving = u.state == State::closing || u.state == State::leaving;
  const bool had_joined = u.state == State::joined || u.state == State::open;
  if (!finished_ && !(leaving && (why == ErrorClass::connection_lost || why == ErrorClass::closed_by_server))) error(why);
  close(u, slot, true);
  end_membership(u, leaving ? Membership::End::left : Membership::End::lost, now);
  if (finished_) return;
  if (leaving) return went(u, slot, now);
  if (had_joined && u.lost_at == Instant{}) u.lost_at = now;
  if (profile(u).reconnect) return again(u, slot, now);
  if (job_.plan.arrivals > 0) return retire(u, slot);
  u.state = State::over;
  u.due_step = u.due_stay = never;
  arm(u, slot);
}

/// Comes back after the back-off: 100 ms doubled up to 5 s, half of it random.
void Swarm::again(User& u, std::uint32_t slot, Instant now) {
  const double base = std::min(5.0, 0.1 * std::pow(2.0, u.failures));
  if (u.failures < 20) ++u.failures;
  u.state = State::away;
  u.due_step = now + from_seconds(base * (0.5 + 0.5 * rng_.unit()));
  u.due_stay = never;
  arm(u, slot);
}

/// The visit is over as planned.
void Swarm::went(User& u, std::uint32_t slot, Instant now) {
  if (finished_ || stopped_) {
    u.state = State::over;
    return;
  }
  u.due_stay = never;
  if (job_.plan.arrivals > 0) return retire(u, slot);
  if (u.left_at != never && u.left_at != Instant{} && u.left_at <= now) return place(slot, u.left_at - job_.start);
  u.state = State::away;
  u.due_step = now + profile(u).away.sample(rng_);
  arm(u, slot);
}

UserCounts Swarm::counts_of(const User& u) const {
  const bool succeeded = profile(u).join ? u.ever_joined : u.ever_connected;
  return {1, u.ever_connected ? 1u : 0u, u.ever_joined ? 1u : 0u, u.tried && !succeeded ? 1u : 0u};
}

UserCounts Swarm::users() const {
  UserCounts out = gone_;
  for (const User& u : users_)
    if (u.tried || job_.plan.arrivals == 0) out.add(counts_of(u));
  return out;
}

/// The open model: the slot is for another user.
void Swarm::retire(User& u, std::uint32_t slot) {
  gone_.add(counts_of(u));
  wheel_.disarm(slot);
  u = User{};
  u.state = State::over;
  free_.push_back(slot);
}

void Swarm::close(User& u, std::uint32_t slot, bool abrupt) {
  if (u.state == State::away || u.state == State::queued || u.state == State::over) return;
  flush(slot);
  wire_.close(slot, 0, abrupt);
  if (u.poll) wire_.close(slot, 1, abrupt);
  u.poll.reset();
  u.handshake.reset();
  if (u.counts_open) --opening_;
  u.counts_open = false;
  if (u.connected) --connected_;
  u.connected = false;
  outstanding_ -= static_cast<std::uint64_t>(std::popcount(u.open_pushes));
  u.open_pushes = 0;
  u.heartbeat_sent = {};
  u.due_heartbeat = u.due_action = u.due_step = never;
}

void Swarm::end_membership(User& u, Membership::End how, Instant now) {
  if (!u.member) return;
  u.member = false;
  --joined_;
  Membership m{topics_[u.topic]->name, ns(u.joined_at), how == Membership::End::left ? ns(u.stage_began) : ns(now), how, {}};
  if (u.receipts) m.receipts = std::move(u.receipts->list());
  u.receipts.reset();
  ledger_.memberships.push_back(std::move(m));
  if (how == Membership::End::lost && u.stream != ~0u) {
    StreamLog& log = ledger_.streams[u.stream];
    log.void_unconfirmed();
  }
}

void Swarm::stop(Instant now) {
  if (stopped_) return;
  stopped_ = true;
  last_heard_ = std::max(last_heard_, now);
  next_arrival_ = never;
  std::fill(cuts_.begin(), cuts_.end(), never);
  if (now < end()) queue_.clear();  // interrupted; else who should be there by now still comes
  for (std::uint32_t slot = 0; slot < users_.size(); ++slot) {
    User& u = users_[slot];
    count_skipped(u, now);
    u.due_action = u.due_stay = u.due_heartbeat = never;
    if (u.state == State::away || u.state == State::queued) u.due_step = never;
    arm(u, slot);
  }
}

bool Swarm::drained(Instant now) const {
  if (!stopped_ || outstanding_ > 0 || opening_ > 0 || !queue_.empty() || now - last_heard_ < quiet()) return false;
  if (std::any_of(users_.begin(), users_.end(), [](const User& u) { return u.state == State::joining; })) return false;
  return all_have_the_last();
}

/// How long nothing must be heard: of publishers elsewhere we do not know what they sent, so a server that was slow gets more time.
Duration Swarm::quiet() const {
  std::uint64_t slowest = 0;
  for (const Stats& s : stages()) slowest = std::max(slowest, s[Metric::delivery_actual].max());
  return std::clamp<Duration>(2 * std::chrono::nanoseconds(slowest), 500ms, 2s);
}

/// Everybody who is owed the last broadcast of a publisher of this shard has it. One that was lost keeps us until --drain is over.
bool Swarm::all_have_the_last() const {
  std::unordered_map<std::string_view, std::unordered_map<std::uint32_t, const StreamLog*>> last;  // by topic and publisher
  for (const StreamLog& log : ledger_.streams) {
    const std::size_t gone = log.voids.empty() ? 0 : log.voids.back().to;
    if (gone < log.sent.size()) last[log.topic][log.user] = &log;
  }
  for (const User& u : users_) {
    const auto logs =
        u.member && u.state == State::joined && profile(u).hostile == Hostile::none ? last.find(topics_[u.topic]->name) : last.end();
    if (logs == last.end()) continue;
    const auto owed = [&](const StreamLog& log) { return log.sent.back() > ns(u.joined_at); };
    auto missing = std::count_if(logs->second.begin(), logs->second.end(), [&](const auto& one) { return owed(*one.second); });
    if (u.receipts) {
      for (const Receipt& r : u.receipts->list()) {
        const auto log = logs->second.find(r.user);
        if (log != logs->second.end() && owed(*log->second) && r.last >= log->second->sent.size()) --missing;
      }
    }
    if (missing > 0) return false;
  }
  return true;
}

void Swarm::finish(Instant now) {
  stop(now);
  finished_ = true;
  for (std::uint32_t slot = 0; slot < users_.size(); ++slot) {
    User& u = users_[slot];
    end_membership(u, u.state == State::leaving || u.state == State::closing ? Membership::End::left : Membership::End::run_end, now);
    if (u.connected && !u.poll) send_control(u, core::ws::FrameOp::close, core::ws::close_payload(1000));
    close(u, slot, false);
    u.state = State::over;
  }
  for (const auto& topic : topics_)
    if (*topic->seen == Deliveries{}) ledger_.seen.erase(topic->name);
}

void Swarm::arm(User& u, std::uint32_t slot) {
  Instant next = std::min({u.due_step, u.due_heartbeat, u.due_action, u.due_stay});
  if (u.poll) next = std::min(next, u.poll->core.next_deadline().value_or(never));
  arm_for(slot, next);
}

void Swarm::flush(std::uint32_t slot) {
  if (out_.empty()) return;
  count(Counter::bytes_out, out_.size());
  count(Counter::sends);
  wire_.write(slot, 0, out_);
  out_.clear();
}

std::uint32_t Swarm::intern(const std::string& name) {
  const auto [at, fresh] = topic_ids_.try_emplace(name, static_cast<std::uint32_t>(topics_.size()));
  if (fresh) {
    topics_.push_back(std::make_unique<Topic>());
    topics_.back()->name = name;
    topics_.back()->seen = &ledger_.seen[name];
  }
  return at->second;
}

const Json* Swarm::row(const User& u) const {
  const auto& rows = job_.plan.rows;
  return rows.empty() ? nullptr : &rows[u.id % rows.size()];
}

const core::Serializer& Swarm::serializer(const User& u) const { return profile(u).v1 ? core::v1_serializer() : core::v2_serializer(); }

}  // namespace phx::load
