// What users do: heartbeats, pushes and broadcasts on their schedules, leaving, misbehaving.
#include "swarm_parts.hpp"

#include <phx/core/json.hpp>
#include <phx/load/stamp.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

namespace phx::load {

using namespace std::chrono_literals;
using State = User::State;

namespace {

constexpr unsigned most_open_pushes = 64;
constexpr unsigned actions_per_turn = 64;
constexpr std::string_view join_ref_mark = "\"J####\"";

std::string default_payload(std::uint32_t bytes, bool stamped) {
  const std::size_t frame = least_stamped_bytes - (stamped ? 0 : Stamp::size);
  if (!stamped && bytes < frame) return "{}";
  std::string out = R"({"body":")";
  if (stamped) out += "{{stamp}}";
  for (std::size_t i = frame; i < bytes; ++i) out += static_cast<char>('a' + i % 26);
  return out + "\"}";
}

}  // namespace

void Swarm::heartbeat(User& u, std::uint32_t slot, Instant now) {
  if (u.heartbeat_sent != Instant{}) return lost(u, slot, ErrorClass::heartbeat_timeout, now);
  u.due_heartbeat = now + job_.plan.heartbeat;
  u.heartbeat_sent = now;
  count(Counter::heartbeats);
  text_.clear();
  const auto op = serializer(u).encode({.ref = "\"H\"", .topic = "phoenix", .event = "heartbeat"}, text_);
  send(u, op.value(), text_, now);
}

/// When a user that has just joined acts first. Actions begin behind the ramp.
void Swarm::schedule_actions(User& u, Instant now) {
  const Profile& p = profile(u);
  const Instant base = std::max(now, at(ramp_));
  if (p.hostile != Hostile::none || p.inflight > 0) {
    u.planned_action = base;
  } else if (p.rate > 0) {  // action k of the profile is due at ramp + k / rate; this user has k = its number, + actors, + 2 actors, ...
    const double interval = actors_[u.profile] / p.rate;
    const double phase = (u.id % actors_[u.profile]) / p.rate;
    const double passed = seconds(base - at(ramp_)) - phase;
    u.planned_action = at(ramp_ + from_seconds(phase + std::max(0.0, std::ceil(passed / interval)) * interval));
  } else {
    u.planned_action = base + from_seconds(seconds(p.every->sample(rng_)) * rng_.unit());
  }
  u.due_action = u.planned_action;
}

void Swarm::next_action(User& u) {
  const Profile& p = profile(u);
  if (p.rate > 0) {
    const double factor = job_.plan.stages[job_.plan.stage_at(u.planned_action - job_.start)].rate_factor;
    u.planned_action += from_seconds(actors_[u.profile] / (p.rate * std::max(factor, 1e-6)));
  } else {
    u.planned_action += std::max<Duration>(1us, p.every->sample(rng_));
  }
  u.due_action = u.planned_action;
}

/// Everything that is due, with the instants it was planned for; what finds no room waits for a reply and keeps its planned instant.
void Swarm::act(User& u, std::uint32_t slot, Instant now) {
  const Profile& p = profile(u);
  u.due_action = never;
  if (u.state != State::joined || stopped_) return;
  if (p.hostile != Hostile::none) return misbehave(u, slot, now);
  if (u.open_pushes != 0 && now - u.waiting_since >= job_.plan.timeout) {
    const auto open = static_cast<std::uint64_t>(std::popcount(u.open_pushes));
    error(ErrorClass::reply_timeout, open);
    outstanding_ -= open;
    u.open_pushes = 0;
    u.first_open = u.next_push;
  }
  if (p.inflight > 0) {
    while (std::popcount(u.open_pushes) < static_cast<int>(p.inflight)) perform(u, now, now);
    u.due_action = now + job_.plan.timeout;  // only to notice that no reply comes
    return;
  }
  const bool replies = p.action == Action::push;
  for (unsigned i = 0; u.planned_action <= now; ++i) {
    if (u.planned_action >= end()) return;
    if (replies && u.next_push - u.first_open >= most_open_pushes) {
      u.due_action = u.waiting_since + job_.plan.timeout;
      u.full = true;
      return;
    }
    if (i == actions_per_turn) break;  // let others have their turn
    perform(u, u.planned_action, now);
    next_action(u);
  }
  if (u.planned_action > now) u.full = false;
  u.due_action = u.planned_action;
}

/// At the end: what was planned until now and never done, because there was no room or no time.
void Swarm::count_skipped(const User& u, Instant now) {
  const Profile& p = profile(u);
  if (!u.acts || u.state != State::joined || p.inflight > 0 || u.planned_action >= std::min(now, end())) return;
  const Duration mean = p.rate > 0                                     ? from_seconds(actors_[u.profile] / p.rate)
                        : p.every->kind == Distribution::Kind::uniform ? (p.every->a + p.every->b) / 2
                                                                       : p.every->a;
  count(Counter::skipped, static_cast<std::uint64_t>((std::min(now, end()) - u.planned_action) / std::max<Duration>(mean, 1us)));
}

/// One push or broadcast.
void Swarm::perform(User& u, Instant planned, Instant now) {
  const Profile& p = profile(u);
  const Duration late = std::max(Duration::zero(), now - planned);
  const std::int64_t lag_us = late.count() / 1000;
  if (!u.full && p.inflight == 0) lag(planned, now);  // a closed loop plans nothing
  const Prepared& prep = prepared(u);
  text_ = prep.text;
  if (prep.join_ref != std::string::npos) put_digits(text_.data() + prep.join_ref, 4, u.joins);
  const std::uint32_t seq = u.next_push++;
  put_ref(text_.data() + prep.ref, {seq, ns(now), lag_us});
  if (p.action == Action::publish) {
    if (u.stream == ~0u || ledger_.streams[u.stream].topic != topics_[u.topic]->name) {
      u.stream = static_cast<std::uint32_t>(ledger_.streams.size());
      ledger_.streams.push_back({.user = u.id, .topic = topics_[u.topic]->name, .sent = {}, .confirmed = {}, .voids = {}});
    }
    StreamLog& log = ledger_.streams[u.stream];
    put_stamp(text_.data() + prep.stamp, {u.id, log.next(), ns(now), lag_us}, marker_);
    log.add(ns(now));
    u.first_open = u.next_push;
    count(Counter::published);
  } else {
    if (u.open_pushes == 0) {
      u.first_open = seq;
      u.waiting_since = now;
    }
    u.open_pushes |= std::uint64_t{1} << (seq - u.first_open);
    ++outstanding_;
    count(Counter::pushes);
  }
  send(u, core::Opcode::text, text_, now);
}

std::string Swarm::payload_of(const User& u) const {
  const Profile& p = profile(u);
  std::string payload =
      p.payload.empty() ? default_payload(p.payload_bytes, p.action == Action::publish) : fill(p.payload, u.id, u.topic, row(u));
  const std::size_t at = payload.find("{{stamp}}");
  if (at != std::string::npos) payload.replace(at, 9, marker_ + std::string(Stamp::size - marker_.size(), '0'));
  return payload;
}

Swarm::Prepared Swarm::prepare(const User& u) const {
  Prepared out;
  const std::string ref_text(PushRef::size, '#');
  serializer(u)
      .encode({.join_ref = join_ref_mark,
               .ref = "\"" + ref_text + "\"",
               .topic = topics_[u.topic]->name,
               .event = profile(u).event,
               .payload = payload_of(u)},
              out.text)
      .value();
  const std::size_t join_ref = out.text.find(join_ref_mark);
  if (join_ref != std::string::npos) out.join_ref = join_ref + 2;
  out.ref = out.text.find(ref_text);
  out.stamp = out.text.rfind(marker_);
  return out;
}

const Swarm::Prepared& Swarm::prepared(User& u) {
  auto& known = topics_[u.topic]->prepared;
  const std::string& payload = profile(u).payload;
  const bool own = payload.find("{{user}}") != std::string::npos || payload.find("{{row.") != std::string::npos;
  auto at = known.find(u.profile);
  if (at == known.end() || own) at = known.insert_or_assign(u.profile, prepare(u)).first;
  return at->second;
}

void Swarm::leave(User& u, std::uint32_t slot, Exit how, Instant now) {
  u.due_action = never;
  u.stage_began = now;
  u.due_step = now + job_.plan.timeout;
  if (how == Exit::cut || u.poll) {
    close(u, slot, true);
    end_membership(u, Membership::End::lost, now);
    return went(u, slot, now);
  }
  if (how == Exit::disconnect || !u.member) {
    u.state = State::closing;
    return send_control(u, core::ws::FrameOp::close, core::ws::close_payload(1000));
  }
  u.state = State::leaving;
  count(Counter::leaves);
  std::string ref = "\"L0000\"", join_ref = "\"J0000\"";
  put_digits(ref.data() + 2, 4, u.joins);
  put_digits(join_ref.data() + 2, 4, u.joins);
  text_.clear();
  const auto op = serializer(u).encode({.join_ref = join_ref, .ref = ref, .topic = topics_[u.topic]->name, .event = "phx_leave"}, text_);
  send(u, op.value(), text_, now);
}

/// What servers must survive. Slow readers, silent and half-open ones do nothing here: what they do not do is their misbehaviour.
void Swarm::misbehave(User& u, std::uint32_t slot, Instant now) {
  switch (profile(u).hostile) {
    case Hostile::slow_reader: return wire_.read(slot, false);
    case Hostile::oversize: {
      const auto header = core::ws::make_header(core::ws::FrameOp::text, 1u << 30, mask());
      out_ += header.view();
      out_.append(65536, 'x');
      break;
    }
    case Hostile::bad_utf8: send_control(u, core::ws::FrameOp::text, "[null,\"1\",\"\xff\xfe\",\"x\",{}]"); break;
    case Hostile::join_flood:
      for (int i = 0; i < 50; ++i) {
        text_.clear();
        const auto op = serializer(u).encode({.join_ref = "\"F\"",
                                              .ref = "\"F\"",
                                              .topic = topics_[u.topic]->name + ":" + std::to_string(rng_.below(1000)),
                                              .event = "phx_join"},
                                             text_);
        send(u, op.value(), text_, now);
      }
      break;
    case Hostile::none:
    case Hostile::silent:
    case Hostile::half_open: return;
  }
  u.due_action = now + 1s;
}

void Swarm::send(User& u, core::Opcode op, std::string_view message, Instant now) {
  if (u.poll) return u.poll->core.send(op, message, now);
  core::ws::append_frame(out_, op == core::Opcode::text ? core::ws::FrameOp::text : core::ws::FrameOp::binary, message, mask());
}

void Swarm::send_control(User& u, core::ws::FrameOp op, std::string_view payload) {
  if (!u.poll) core::ws::append_frame(out_, op, payload, mask());
}

}  // namespace phx::load
